package dev.comet;

/**
 * What happens to clients, for applications that want to know. Handlers run on the manager's event
 * executor, one event at a time and in order for each client; those of different clients run at the
 * same time. A handler may call the manager, may block, and may throw: it harms only itself.
 */
public interface CometClientEventHandler {

    /** The store has a new client. Once for each client, before its other events. */
    default void clientInitialized(CometClient client) {}

    /**
     * The client has begun to poll or to stream. With every poll: keep it short. If more events
     * wait than the manager may hold, this kind is left out and counted ({@link
     * CometStatistics#eventsSkipped()}).
     */
    default void clientSubscribed(CometClient client) {}

    /** The client stayed away too long and was ended. Once, and the last event of the client. */
    default void idleClientKilled(CometClient client) {}

    /**
     * The client was ended by itself, by the application, or because it did not fetch its messages.
     * Once, and the last event of the client.
     */
    default void clientDisconnected(CometClient client, EndReason reason) {}

    /**
     * The client was told that it has lost messages. Once for each answer that says so: several
     * gaps of one answer, and those that come while this event waits, are merged into one.
     *
     * @param gap from the first id to the last; the reason is that of the latest
     */
    default void messagesDropped(CometClient client, CometGap gap) {}

    /** Why a client was disconnected. */
    enum EndReason {
        /** It asked to be, or the application did. */
        DISCONNECTED,
        /** Its log was full, and the policy is {@link OverflowPolicy#DISCONNECT}. */
        OVERFLOW;

        /** The word on the wire. */
        public String code() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
