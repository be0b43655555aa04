package dev.comet.redis;

import java.util.List;

/**
 * What a read of the store has shown of a client that this node has: from where on everything that
 * the client gets is in logs that are {@linkplain Mirror mirrored}. Made before the store is asked,
 * so that news which come in between are not missed.
 *
 * <p>Safe for use by any number of threads: news mark the client's view before {@link Mirror#top}
 * passes them. Readers look at the top first, then for the view: another read may have put another
 * one in its place since.
 */
final class View {

    /** Its shape once the store has answered; written once. */
    private record Known(long from, long above, List<MirroredLog> logs) {}

    private final String me;
    private final long epoch;
    private volatile Known known = new Known(Long.MAX_VALUE, 0, List.of());
    private volatile long ownGrewTo;
    private volatile boolean changed;
    private volatile long confirmed;

    /**
     * @param me the client, as messages that are not for it have it
     * @param epoch that of the store which is asked
     */
    View(String me, long epoch) {
        this.me = me;
        this.epoch = epoch;
    }

    long epoch() {
        return epoch;
    }

    String me() {
        return me;
    }

    /** The client's own log has got a message with this id. */
    synchronized void ownLogGrew(long id) {
        ownGrewTo = Math.max(ownGrewTo, id);
    }

    /** The client reads other logs than before. */
    void hasChanged() {
        changed = true;
    }

    /**
     * The store has answered.
     *
     * @param from nothing above it was for the client
     * @param above up to here: what its logs have in between it has not joined yet
     * @param logs those that it reads besides its own
     */
    synchronized void isKnown(long from, long above, List<MirroredLog> logs) {
        known = new Known(from, above, logs);
    }

    /** Whether what is above this cursor is all in mirrored logs. */
    boolean isEnoughFor(long cursor) {
        Known now = known;
        return cursor >= now.from() && !changed && ownGrewTo <= now.from();
    }

    /** What is above this id, and no other, is for the client. */
    long above() {
        return known.above();
    }

    List<MirroredLog> logs() {
        return known.logs();
    }

    synchronized void isConfirmed(long cursor) {
        confirmed = Math.max(confirmed, cursor);
    }

    /** The highest cursor that the client has confirmed here. */
    long confirmed() {
        return confirmed;
    }
}
