package dev.comet.redis;

/**
 * Until when a client of this node is alive: as the store was told, and as it is to be told. That a
 * client is alive for longer is told at once; that it is so for less long, which is what every
 * answer to a poll says, can wait: until then it lives a little longer.
 *
 * <p>Safe for use by any number of threads.
 */
final class Alive {

    private static final long UNKNOWN = Long.MIN_VALUE;

    private long told = UNKNOWN;
    private long wanted;
    private boolean isLate;

    /**
     * Whether the store can be told this later.
     *
     * @param until in nanoseconds, as the clock counts them
     */
    synchronized boolean isSooner(long until) {
        if (told == UNKNOWN || until > told) {
            return false;
        }
        wanted = until;
        isLate = true;
        return true;
    }

    /** The store was told this. What was wanted since is still to be told. */
    synchronized void isTold(long until) {
        told = until;
        isLate &= wanted != until;
    }

    /** The store is told this now, at once: what was to be told later is out of date. */
    synchronized void isToldNow(long until) {
        wanted = until;
        isLate = false;
        told = UNKNOWN; // until it has answered
    }

    /** The store may have lost it. Returns whether it is to be told again. */
    synchronized boolean isLost() {
        if (told == UNKNOWN) {
            return false;
        }
        isLate = true;
        return true;
    }

    /**
     * What is to be told later.
     *
     * @param otherwise what to return if there is nothing to be told later
     */
    synchronized long late(long otherwise) {
        return isLate ? wanted : otherwise;
    }
}
