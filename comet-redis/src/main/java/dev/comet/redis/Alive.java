package dev.comet.redis;

/**
 * Until when a client of this node is alive: as the store was told, and as it is to be told. That a
 * client is alive for longer is told at once; that it is so for less long, which is what every
 * answer to a poll says, can wait: until then it lives a little longer.
 *
 * <p>Safe for use by any number of threads. What is told twice at the same time may reach the store
 * in either order: it is told once more then.
 */
final class Alive {

    private static final long UNKNOWN = Long.MIN_VALUE;

    private long told = UNKNOWN;
    private long wanted = UNKNOWN;
    private boolean isLate;
    private int underWay;
    private boolean atOnce; // two were under way

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

    /** This is wanted, and told now: what was to be told later is out of date. */
    synchronized void isWantedNow(long until) {
        wanted = until;
        isLate = false;
        told = UNKNOWN; // until the store has answered
    }

    /** The store is being told something. */
    synchronized void begins() {
        atOnce |= underWay > 0;
        underWay++;
    }

    /**
     * The store has answered, or has not.
     *
     * @return whether it is to be told later what is wanted
     */
    synchronized boolean ends(long until, boolean isAnswered) {
        underWay--;
        told = isAnswered ? until : UNKNOWN;
        isLate = wanted != until || atOnce || !isAnswered;
        atOnce &= underWay > 0;
        return isLate;
    }

    /** The store may have lost it. Returns whether it is to be told again. */
    synchronized boolean isLost() {
        isLate = wanted != UNKNOWN;
        return isLate;
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
