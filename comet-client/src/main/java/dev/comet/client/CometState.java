package dev.comet.client;

/** Where a client is. */
public enum CometState {
    /** No answer yet. */
    CONNECTING,
    /** The last request was answered. */
    CONNECTED,
    /**
     * Something failed and is tried again, or the server asked to come back later; goes on by
     * itself.
     */
    RECONNECTING,
    /**
     * That failed twice in a row: nothing gets through, for all that can be known here. Still goes
     * on by itself; {@link Comet#unsubscribe} stops it.
     */
    DISCONNECTED,
    /** {@link Comet#unsubscribe}; {@link Comet#subscribe} goes on from the same message. */
    PAUSED,
    /**
     * The server does not know this client any more and there is no way to a new session, or it
     * refuses the client for good. Does not go on by itself.
     */
    LOST,
    /** Another program receives with the same token. Does not go on by itself. */
    SUPERSEDED,
    /** Ended, here or by the server. Final. */
    CLOSED;

    /** Whether nothing more comes, unless {@link Comet#subscribe} is called. */
    public boolean hasEnded() {
        return this == LOST || this == SUPERSEDED || this == CLOSED;
    }
}
