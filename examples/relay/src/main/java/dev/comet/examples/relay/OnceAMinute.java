package dev.comet.examples.relay;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** For lines of the log that anybody could cause: due at most once a minute. Thread-safe. */
final class OnceAMinute {

    private static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final AtomicLong dueNanos = new AtomicLong(System.nanoTime());

    boolean isDue() {
        long now = System.nanoTime();
        long due = dueNanos.get();
        return now - due >= 0 && dueNanos.compareAndSet(due, now + MINUTE_NANOS);
    }
}
