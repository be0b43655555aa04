package dev.comet.spi;

import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/** {@link System#nanoTime()} and the operating system's wall clock. */
final class SystemClock implements CometClock {

    static final SystemClock INSTANCE = new SystemClock();

    private SystemClock() {}

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
}
