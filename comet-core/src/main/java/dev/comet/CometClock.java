package dev.comet;

import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

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
     * LockSupport#unpark unparks} it, or for no reason at all: callers look again and park again.
     *
     * @param untilNanos a reading of {@link #nanos()}
     */
    void parkUntil(long untilNanos);

    /** {@link System#nanoTime()} and the operating system's wall clock. */
    static CometClock system() {
        return new CometClock() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public void parkUntil(long untilNanos) {
                long remaining = untilNanos - System.nanoTime();
                if (remaining > 0) {
                    LockSupport.parkNanos(this, remaining);
                }
            }
        };
    }
}
