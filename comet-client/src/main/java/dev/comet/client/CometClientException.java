package dev.comet.client;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A failure, in the server's words where it had any.
 *
 * <p>{@link #code()} is the server's (docs/protocol.md), or one of the client's own: {@code
 * network} (no answer, or a cut one), {@code silence} (none in time), {@code answer-invalid} (not
 * what Comet answers), {@code unexpected-status} (from something on the way), {@code slept} (asked
 * again after a sleep of the machine, still no answer), {@code timed-out} (no reply in time),
 * {@code reconnect-failed} (the application's function), {@code parameters-invalid}, {@code
 * cancelled}, {@code closed}, {@code overtaken} (by an older request of this client's own, which
 * arrived late; it asks again).
 */
public final class CometClientException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    static final String NETWORK = "network";
    static final String SILENCE = "silence";
    static final String SLEPT = "slept";
    static final String ANSWER_INVALID = "answer-invalid";
    static final String UNEXPECTED_STATUS = "unexpected-status";
    static final String SUPERSEDED = "superseded";
    static final String CLIENT_DOES_NOT_EXIST = "client-does-not-exist";
    static final String TOKEN_MISSING = "token-missing";
    static final String CANCELLED = "cancelled";
    static final String RESTARTED = "restarted";
    static final String OVERTAKEN = "overtaken";
    static final String CLOSED = "closed";
    static final String TIMED_OUT = "timed-out";
    static final String TOO_MANY_REQUESTS = "too-many-requests";
    static final String PARAMETERS_INVALID = "parameters-invalid";

    private final String code;
    private final String reason;
    private final int status;
    private final double retryAfterSeconds;
    private final int index;
    private long instance; // whose request took over

    CometClientException(String code, String reason) {
        this(code, reason, 0, 0, -1, null);
    }

    CometClientException(String code, String reason, @Nullable Throwable cause) {
        this(code, reason, 0, 0, -1, cause);
    }

    CometClientException(
            String code,
            String reason,
            int status,
            double retryAfterSeconds,
            int index,
            @Nullable Throwable cause) {
        super(code + ": " + reason, cause);
        this.code = code;
        this.reason = reason;
        this.status = status;
        this.retryAfterSeconds = retryAfterSeconds;
        this.index = index;
    }

    /** A newer request of the same client took over. */
    static CometClientException superseded(JsonNode contents, int status) {
        CometClientException error =
                new CometClientException(
                        SUPERSEDED,
                        "a newer request of the same client took over",
                        status,
                        0,
                        -1,
                        null);
        error.instance = contents.path("instance").asLong(0);
        return error;
    }

    /** As itself, unless it says that a request of this instance took over. */
    CometClientException seenBy(long self) {
        return code.equals(SUPERSEDED) && instance == self
                ? new CometClientException(
                        OVERTAKEN, "an older request of this client arrived late")
                : this;
    }

    /** Whether it is about who asks, not about what is asked. */
    boolean isOfSession() {
        return code.equals(CLIENT_DOES_NOT_EXIST) || code.equals(TOKEN_MISSING);
    }

    /** What kind of failure. */
    public String code() {
        return code;
    }

    /** In words. */
    public String reason() {
        return reason;
    }

    /** The HTTP status; 0 if there was no answer. */
    public int status() {
        return status;
    }

    /** How long the server asks to wait, in seconds; 0 if it does not. */
    public double retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /**
     * Which message of an array failed, from 0; those before it were handled, those after it not.
     * −1 if that is not known.
     */
    public int index() {
        return index;
    }

    /**
     * Whether Comet itself, not something on the way, refused what it would refuse again. A slow
     * network (408), a conflict (409) or a limit (429) may pass.
     */
    public boolean isPermanent() {
        return status >= 400
                && status < 500
                && status != 408
                && status != 409
                && status != 429
                && !code.equals(UNEXPECTED_STATUS);
    }
}
