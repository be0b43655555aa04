package dev.comet.http;

import dev.comet.CometException;
import dev.comet.EncodedMessage;
import dev.comet.http.CometResponse.Header;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An error as it goes to the peer: a status and a {@code comet.error} (docs/protocol.md, Errors).
 * Thrown by whoever finds it, answered in one place. Without a stack trace: it tells of the peer,
 * not of this program, and hostile peers must not make it dear.
 */
final class HttpErrorException extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final JsonMapper JSON = new JsonMapper();

    private final int status;
    private final String code;
    private final String text;
    private int retryAfterSeconds;
    private transient @Nullable Header more;
    private int index = -1;
    private @Nullable String limit;
    private @Nullable String forDevelopers;

    HttpErrorException(int status, String code, String text) {
        super(text, null, false, false);
        this.status = status;
        this.code = code;
        this.text = text;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    String text() {
        return text;
    }

    /** Which limit was reached, or null if it is for something else. */
    @Nullable String limit() {
        return limit;
    }

    /** What the log is to say of it, or null. */
    @Nullable String forDevelopers() {
        return forDevelopers;
    }

    static HttpErrorException parametersInvalid(String text) {
        return new HttpErrorException(400, "parameters-invalid", text);
    }

    static HttpErrorException tokenMissing() {
        return withoutToken("no private token; send Comet-Token: <token>");
    }

    /**
     * To a page that never had the token itself.
     *
     * @param path for which browsers have been given the cookie
     */
    static HttpErrorException cookieMissing(String path) {
        return withoutToken(
                "no private token; the browser has not sent the cookie, which is for the path "
                        + path);
    }

    private static HttpErrorException withoutToken(String text) {
        HttpErrorException refusal = new HttpErrorException(401, "token-missing", text);
        // RFC 9110, 15.5.2, and RFC 6750, 3: without an error, for none was tried. No browser asks
        // its user for a bearer token.
        refusal.more = new Header("WWW-Authenticate", "Bearer realm=\"comet\"");
        return refusal;
    }

    static HttpErrorException refused(String text) {
        return new HttpErrorException(403, "refused", text);
    }

    /** A hook wrote to somebody who does not exist; whom, is not the peer's to know. */
    static HttpErrorException nobodyThere() {
        return refused("no client has this public token");
    }

    /** To a request that was passed on: it is not about whoever has asked. */
    static HttpErrorException targetIsGone(CometException e) {
        return new HttpErrorException(404, e.reason().code(), textFor(e));
    }

    /**
     * One answer for a token that is unknown, malformed, ended or expired: it tells guessers
     * nothing.
     */
    static HttpErrorException unknownClient() {
        HttpErrorException refusal =
                new HttpErrorException(
                        404,
                        "client-does-not-exist",
                        "no client has this private token; connect again");
        refusal.more = // RFC 6750, 3.1; RFC 9110, 11.6.1 allows it in any answer
                new Header("WWW-Authenticate", "Bearer realm=\"comet\", error=\"invalid_token\"");
        return refusal;
    }

    /**
     * The token is good, and another client's than the page takes itself for. Tells whoever has a
     * token nothing that it would not be told without saying for whom it takes itself.
     */
    static HttpErrorException clientReplaced() {
        return new HttpErrorException(
                404,
                "client-replaced",
                "the token is another client's: another page of this browser has connected");
    }

    /** The cookie is good, and of a client of somebody else than the container says is calling. */
    static HttpErrorException anotherUser() {
        return new HttpErrorException(
                404, "client-replaced", "the cookie is of another user's client; connect again");
    }

    static HttpErrorException noSuchEndpoint() {
        return new HttpErrorException(
                404, "no-such-endpoint", "there is nothing at this path, or it is switched off");
    }

    static HttpErrorException methodNotAllowed(String allow) {
        HttpErrorException refusal =
                new HttpErrorException(
                        405, "method-not-allowed", "this path answers " + allow + " only");
        refusal.more = new Header("Allow", allow);
        return refusal;
    }

    static HttpErrorException tooSlow(BodyLimits limits) {
        return new HttpErrorException(
                408,
                "too-slow",
                "body came too slowly: in "
                        + limits.timeout().toMillis() / 1000.0
                        + " s it has to be there, and to come with "
                        + limits.bytesPerSecond()
                        + " bytes a second; send it again");
    }

    static HttpErrorException tooLarge(String text) {
        return new HttpErrorException(413, "too-large", text);
    }

    static HttpErrorException unsupportedMediaType(String text) {
        return new HttpErrorException(415, "unsupported-media-type", text);
    }

    /**
     * @param limit which one was reached, for statistics: the option that sets it, if there is one
     */
    static HttpErrorException tooMany(String limit, String text, int retryAfterSeconds) {
        HttpErrorException refusal = new HttpErrorException(429, "too-many-requests", text);
        refusal.limit = limit;
        refusal.retryAfterSeconds = retryAfterSeconds;
        return refusal;
    }

    static HttpErrorException answersUnread(int retryAfterSeconds) {
        return later(
                429,
                "answers-unread",
                "answers that were sent before have not been read; read them, or ask again later",
                retryAfterSeconds);
    }

    static HttpErrorException replyTimedOut() {
        return new HttpErrorException(504, "timed-out", "the server has not replied in time");
    }

    static HttpErrorException handlerFailed() {
        return new HttpErrorException(500, "handler-failed", "the server failed; its log says why");
    }

    static HttpErrorException of(CometException e) {
        String text = textFor(e);
        HttpErrorException refusal = of(e.reason(), text);
        if (e.isForDevelopers() && e.reason() != CometException.Reason.QUEUE_FULL) { // counted
            refusal.forDevelopers = e.getMessage();
        }
        return refusal;
    }

    private static HttpErrorException of(CometException.Reason reason, String text) {
        return switch (reason) {
            case PARAMETERS_INVALID -> parametersInvalid(text);
            case REFUSED -> refused(text);
            case CLIENT_DOES_NOT_EXIST -> unknownClient();
            case NO_SUCH_REQUEST -> new HttpErrorException(404, reason.code(), text);
            case TIMED_OUT -> new HttpErrorException(504, reason.code(), text);
            case CLIENT_ALREADY_EXISTS, DUPLICATE_REQUEST, ALREADY_REPLIED ->
                    new HttpErrorException(409, reason.code(), text);
            case QUEUE_FULL -> later(429, reason.code(), text, 1);
            // As long as it takes to start a process, or for idle clients to make room.
            case LIMIT_REACHED, PROVIDER_UNAVAILABLE, DRAINING, CLOSED ->
                    later(503, reason.code(), text, 5);
        };
    }

    /**
     * What a peer is told. Where the exception speaks to whoever runs the server, of its limits and
     * of other clients, it is something else.
     */
    static String textFor(CometException e) {
        String message = e.getMessage() == null ? "" : e.getMessage();
        return switch (e.reason()) {
            case QUEUE_FULL -> "a receiver has not fetched what was sent before; try again later";
            case LIMIT_REACHED -> "this server has no room for more; try again later";
            case CLOSED -> "this server is going away; connect again";
            case CLIENT_ALREADY_EXISTS ->
                    e.isForDevelopers() ? "a token that was asked for is in use" : message;
            case CLIENT_DOES_NOT_EXIST -> // not whom: that is not the peer's to know
                    e.isForDevelopers() ? "the client that was asked is not there" : message;
            default ->
                    e.isForDevelopers()
                            ? "this breaks a rule of the server; its log says which"
                            : message;
        };
    }

    private static HttpErrorException later(int status, String code, String text, int seconds) {
        HttpErrorException refusal = new HttpErrorException(status, code, text);
        refusal.retryAfterSeconds = seconds;
        return refusal;
    }

    /** Which message of an array it was. */
    HttpErrorException at(int index) {
        this.index = index;
        return this;
    }

    /** What it says, as the protocol's message. */
    EncodedMessage message() {
        ObjectNode contents = JSON.createObjectNode().put("code", code).put("reason", text);
        if (index >= 0) {
            contents.put("index", index);
        }
        return new EncodedMessage("comet.error", JSON.writeValueAsBytes(contents));
    }

    CometResponse response() {
        CometResponse response = CometResponse.json(status, PollEncoder.array(message()));
        if (retryAfterSeconds > 0) {
            response = response.with("Retry-After", Integer.toString(retryAfterSeconds));
        }
        return more == null ? response : response.with(List.of(more));
    }
}
