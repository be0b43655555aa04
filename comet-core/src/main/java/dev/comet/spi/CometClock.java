package dev.comet.spi;

import java.time.Instant;

/**
 * Time as Comet sees it. Everything that waits or measures asks this, so that a test can own time.
 *
 * <p>Implementations are safe for use by any number of threads.
 */
public interface CometClock {

    /**
     * A reading in nanoseconds that only ever rises; compare by subtraction, as {@link
     * System#nanoTime()}.
     */
    long nanos();

    /** The wall clock; used for dating things, never for measuring how long they take. */
    Instant now();

    /**
     * Blocks the calling thread until {@code untilNanos} by this clock, until somebody {@linkplain
     * java.util.concurrent.locks.LockSupport#unpark unparks} it, or for no reason at all: callers
     * look again and park again.
     *
     * @param untilNanos a reading of {@link #nanos()}
     */
    void parkUntil(long untilNanos);

    /** The clock of this machine. */
    static CometClock system() {
        return SystemClock.INSTANCE;
    }
}
