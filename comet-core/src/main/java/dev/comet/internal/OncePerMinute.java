package dev.comet.internal;

/**
 * Something that is said at most once a minute, however often it happens, together with how often
 * that was. Safe for use by any number of threads.
 */
public final class OncePerMinute {

    private static final long MINUTE_NANOS = 60_000_000_000L;

    // Guarded by this.
    private boolean said;
    private long saidAtNanos;
    private long leftOut;

    /** It has not happened yet. */
    public OncePerMinute() {}

    /**
     * It has happened.
     *
     * @param nowNanos by any clock, always the same one
     * @return how often it was left out since it was last said; −1 to leave it out now
     */
    public synchronized long happened(long nowNanos) {
        if (said && nowNanos - saidAtNanos < MINUTE_NANOS) {
            leftOut++;
            return -1;
        }
        long before = leftOut;
        said = true;
        saidAtNanos = nowNanos;
        leftOut = 0;
        return before;
    }
}
