package dev.comet.engine;

/** Time as wait threads need it: what {@code dev.comet.CometClock} has of it. */
public interface WaitClock {

    /** A reading in nanoseconds that only ever rises; compare by subtraction. */
    long nanos();

    /**
     * Blocks the calling thread until {@code untilNanos} by this clock, until it is unparked, or
     * for no reason at all.
     */
    void parkUntil(long untilNanos);
}
