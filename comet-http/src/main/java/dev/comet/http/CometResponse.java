package dev.comet.http;

import java.util.ArrayList;
import java.util.List;

/**
 * What an adapter sends back. The adapter adds the length and whatever its container always adds,
 * and nothing else.
 *
 * @param status the HTTP status
 * @param headers in the order in which to send them; each name once
 * @param body all of the body. <b>Shared</b>: many exchanges may get the same array; write it,
 *     never change it
 */
// A record for its shape; nobody compares answers, so that the array's identity does no harm.
@SuppressWarnings("ArrayRecordComponent")
public record CometResponse(int status, List<Header> headers, byte[] body) {

    /** One header field. Neither part contains CR, LF or NUL. */
    public record Header(String name, String value) {}

    static final byte[] NO_BODY = {};

    private static final Header NO_STORE = new Header("Cache-Control", "no-store");
    private static final Header NO_SNIFF = new Header("X-Content-Type-Options", "nosniff");

    private static final List<Header> JSON =
            List.of(new Header("Content-Type", "application/json"), NO_STORE, NO_SNIFF);
    private static final List<Header> EMPTY = List.of(NO_STORE, NO_SNIFF);

    static CometResponse json(int status, byte[] body) {
        return new CometResponse(status, JSON, body);
    }

    static CometResponse empty(int status) {
        return new CometResponse(status, EMPTY, NO_BODY);
    }

    CometResponse with(String name, String value) {
        return with(List.of(new Header(name, value)));
    }

    CometResponse with(List<Header> more) {
        if (more.isEmpty()) {
            return this;
        }
        List<Header> all = new ArrayList<>(headers.size() + more.size());
        all.addAll(headers);
        all.addAll(more);
        return new CometResponse(status, all, body);
    }

    @Override
    public String toString() {
        // Neither headers (a cookie may be among them) nor the body: both hold private tokens.
        return "CometResponse[" + status + ", " + body.length + " bytes]";
    }
}
