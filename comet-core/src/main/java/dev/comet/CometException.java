package dev.comet;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something the caller asked for could not be done. The {@link #reason()} says what kind of thing,
 * the message says which value broke which rule and what to do about it. Never contains a private
 * token.
 */
public final class CometException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * The kinds of failure. Each one is a code on the wire (docs/protocol.md) and an HTTP status of
     * its own.
     */
    public enum Reason {
        /** Another client has this public or private token. */
        CLIENT_ALREADY_EXISTS,
        /** No client has this token: never had, was disconnected, or stayed away too long. */
        CLIENT_DOES_NOT_EXIST,
        /** An argument breaks a rule. */
        PARAMETERS_INVALID,
        /**
         * The recipient has as many unfetched messages as it may have, or all clients together
         * have; nothing was sent to anybody.
         */
        QUEUE_FULL,
        /** The manager has as many clients or groups as it may have. */
        LIMIT_REACHED,
        /** The application refused. */
        REFUSED,
        /** The store did not answer, or failed. What was asked may or may not have happened. */
        PROVIDER_UNAVAILABLE,
        /** No reply came within the time that the request allowed. It may have been acted upon. */
        TIMED_OUT,
        /**
         * Nobody waits for this reply: the request was made by somebody else, was answered long
         * ago, or its time is over.
         */
        NO_SUCH_REQUEST,
        /** A request with this correlation id is waiting already, or was not long ago. */
        DUPLICATE_REQUEST,
        /** The request has been answered; this reply reaches nobody. */
        ALREADY_REPLIED,
        /** This manager is draining: it takes no new clients. */
        DRAINING,
        /** This manager was closed. */
        CLOSED;

        /** The code on the wire, such as {@code client-does-not-exist}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private final Reason reason;
    private final boolean forDevelopers;
    private final transient List<CometClient> fullClients;

    /**
     * @param reason the kind
     * @param message name, value, rule and fix; no private token
     */
    public CometException(Reason reason, String message) {
        super(message);
        this.reason = reason;
        this.forDevelopers = false;
        this.fullClients = List.of();
    }

    /**
     * @param reason the kind
     * @param message name, value, rule and fix; no private token
     * @param cause what led to it
     */
    public CometException(Reason reason, String message, Throwable cause) {
        this(reason, message, cause, false);
    }

    private CometException(
            Reason reason, String message, @Nullable Throwable cause, boolean forDevelopers) {
        super(message, cause);
        this.reason = reason;
        this.forDevelopers = forDevelopers;
        this.fullClients = List.of();
    }

    private CometException(String message, List<CometClient> fullClients) {
        super(message);
        this.reason = Reason.QUEUE_FULL;
        this.forDevelopers = true;
        this.fullClients = List.copyOf(fullClients);
    }

    /**
     * One whose message is for whoever writes or runs the application: what a library throws when
     * the application has broken a rule of its. Peers are told its reason, in neutral words; the
     * message goes to the log.
     *
     * @param reason the kind
     * @param message name, value, rule and fix; no private token
     */
    public static CometException forDevelopers(Reason reason, String message) {
        return new CometException(reason, message, null, true);
    }

    /** As {@link #forDevelopers(Reason, String)}, with what led to it. */
    static CometException forDevelopers(Reason reason, String message, Throwable cause) {
        return new CometException(reason, message, cause, true);
    }

    /**
     * For providers: a send was refused because these recipients' own logs are full. Nothing was
     * appended anywhere.
     */
    public static CometException queueFull(List<CometClient> fullClients) {
        StringBuilder names = new StringBuilder();
        for (CometClient client : fullClients) {
            names.append(names.isEmpty() ? "" : ", ").append(client.publicToken());
        }
        return new CometException(
                "the log of "
                        + names
                        + " is full: its client does not fetch; nothing was sent. Send later, raise the limits"
                        + " of CometLimits.clientLog, or maxTotalBytes if that is nearly reached, or choose another"
                        + " overflow policy",
                fullClients);
    }

    /**
     * For providers: a send was refused because own logs take all of {@link
     * CometLimits#maxTotalBytes}. Nothing was appended anywhere.
     *
     * @param bytes what the message takes
     * @param maxTotalBytes the limit
     * @param oldest with {@link OverflowPolicy#DISCONNECT} whose own log has the oldest message,
     *     otherwise empty
     */
    public static CometException totalReached(
            long bytes, long maxTotalBytes, List<CometClient> oldest) {
        return new CometException(
                "own logs have no room for "
                        + bytes
                        + " bytes more; CometLimits.maxTotalBytes is "
                        + maxTotalBytes
                        + " for all clients together; nothing was sent. Send later, raise it, or choose another"
                        + " overflow policy",
                oldest);
    }

    static CometException unknownClient() {
        return new CometException(
                Reason.CLIENT_DOES_NOT_EXIST, "no client has this private token; connect again");
    }

    static CometException closed() {
        return new CometException(
                Reason.CLOSED, "this CometStateManager is closed; build a new one");
    }

    /** The kind of failure. */
    public Reason reason() {
        return reason;
    }

    /**
     * Whether the message is for whoever writes or runs the application, and not for a peer. False
     * for what an application throws to refuse something.
     */
    public boolean isForDevelopers() {
        return forDevelopers;
    }

    /**
     * With {@link Reason#QUEUE_FULL}: the clients that do not fetch, which {@link
     * OverflowPolicy#DISCONNECT} ends. Otherwise empty.
     */
    public List<CometClient> fullClients() {
        return fullClients == null ? List.of() : fullClients;
    }

    /** With its reason: without a logger's layout the class alone says little. */
    @Override
    @SuppressWarnings("OverrideThrowableToString") // the message alone goes to peers
    public String toString() {
        return getClass().getName() + ": " + reason + ": " + getMessage();
    }
}
