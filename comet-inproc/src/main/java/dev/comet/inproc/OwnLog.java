package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import org.jspecify.annotations.Nullable;

/**
 * A client's own log. It knows what was delivered, which is dropped first when the log is full, and
 * the {@link ListSend} under way that has a message for it. It is full when it has reached its
 * limits, or its share of the {@link Memory}.
 *
 * <p><b>Threading.</b> As {@link MessageLog}. A reader that has read the top calls {@link #settle}
 * before it reads: what a list send has published up to there is in the log afterwards.
 */
final class OwnLog extends MessageLog {

    /** Up to where the last reader, or the stream before it, has been given messages. */
    private volatile long deliveredId;

    /**
     * The list send under way, if its message is not in this log yet. Written under the monitor.
     */
    private volatile @Nullable ListSend pending;

    private final CometClient client;
    private final Memory all;

    OwnLog(CometClient client, LogLimits limits, Memory memory) {
        super(limits, memory.own());
        this.client = client;
        this.all = memory;
    }

    CometClient client() {
        return client;
    }

    void delivered(long id) {
        boolean again = id < deliveredId;
        deliveredId = id;
        if (again) {
            recheckPending(); // what the client asks for again makes no room any more
        }
    }

    /** Whether a message of this size fits once what was delivered is dropped. Drops nothing. */
    synchronized boolean hasRoomFor(EncodedMessage message) {
        return hasRoomFor(message.sizeInBytes(), deliveredId)
                && (isEmpty() || canFree(beyondShare(Memory.cost(message, 1)), deliveredId));
    }

    private long beyondShare(long cost) {
        return all.beyondShare(taken() + cost);
    }

    /**
     * Under the sequencer: drops what is too old, appends, and drops the oldest as the limits
     * demand.
     *
     * @return how many messages were dropped that had not been delivered
     */
    synchronized int take(LogEntry entry) {
        settle(); // the list send's id is lower
        int dropped = makeRoomFor(entry) + append(entry, deliveredId);
        recheckPending();
        return dropped;
    }

    /** Drops what is too old, and what was delivered until the log is within its share. */
    private int makeRoomFor(LogEntry entry) {
        int dropped = expire(entry.appendedNanos());
        while (isOldestUpTo(deliveredId)
                && beyondShare(entry.costOfOne()) > 0
                && super.giveWay()) {}
        return dropped;
    }

    /** Frees everything up to this id: the client has confirmed it. */
    void confirm(long id) {
        settle();
        free(id);
    }

    /** As {@link MessageLog#giveWay}; what was not delivered is counted. */
    @Override
    synchronized boolean giveWay() {
        boolean gaveWay = super.giveWay();
        if (gaveWay && start().id() > deliveredId) {
            memory().lost();
        }
        return gaveWay;
    }

    /**
     * Drops what was delivered: it is a gap if the client asks for it again. Returns false if there
     * is nothing of it.
     */
    boolean dropDelivered() {
        return !isEmpty() && giveWayUpTo(deliveredId);
    }

    /** What a list send has for it is free, too. */
    @Override
    synchronized void discard() {
        ListSend send = pending;
        LogEntry entry = send == null ? null : send.entry();
        pending = null;
        if (entry != null) {
            memory().freed(entry);
        }
        super.discard();
    }

    // ---- list sends

    /** A list send begins: from now on it is refused by whatever leaves no room for its message. */
    synchronized void begin(ListSend send) {
        settle();
        pending = send;
        recheckPending();
    }

    /** The list send was refused. */
    synchronized void abandon(ListSend send) {
        if (pending == send) {
            pending = null;
        }
    }

    /** The list send that has begun here and has no id yet. */
    @Nullable ListSend undecided() {
        ListSend send = pending;
        return send == null || send.entry() != null ? null : send;
    }

    private void recheckPending() {
        ListSend send = undecided();
        if (send != null) {
            send.requireRoom(this);
        }
    }

    /**
     * Appends the message of a list send that has its id, if it is not in the log yet. Called by
     * the sender, by readers, and before any other append; the first of them does it.
     */
    void settle() {
        ListSend send = pending;
        if (send != null) {
            LogEntry entry = send.entry();
            if (entry != null) {
                settle(send, entry);
            }
        }
    }

    private synchronized void settle(ListSend send, LogEntry entry) {
        if (pending == send) {
            int dropped = makeRoomFor(entry) + appendReserved(entry, deliveredId);
            pending = null; // after it: a reader that sees no list send finds the message
            send.dropped(dropped); // last: it may fail for want of memory
        }
    }
}
