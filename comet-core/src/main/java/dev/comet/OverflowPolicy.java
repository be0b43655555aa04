package dev.comet;

/**
 * What happens to a message for a client whose own log is full. Shared logs (groups, everyone)
 * always let the oldest go, announced.
 */
public enum OverflowPolicy {
    /**
     * The sender gets {@link CometException.Reason#QUEUE_FULL}; nothing is lost, nobody gets the
     * message.
     */
    REJECT,
    /** The oldest waiting messages are let go, and a gap is announced to the client. */
    DROP_OLDEST,
    /**
     * The client is ended: it does not fetch. The message goes to the other recipients; without
     * any, the sender gets QUEUE_FULL.
     */
    DISCONNECT
}
