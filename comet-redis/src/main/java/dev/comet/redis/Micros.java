package dev.comet.redis;

import dev.comet.LogLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Times as the store counts them. */
final class Micros {

    /** The age of a log in which nothing is too old. */
    static final long NO_AGE = 0;

    private Micros() {}

    static long of(Instant time) {
        return TimeUnit.SECONDS.toMicros(time.getEpochSecond())
                + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    static Duration duration(long micros) {
        return Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(micros));
    }

    /** Milliseconds and less make no difference to what is too old. */
    static long age(LogLimits limits) {
        return limits.maxAge().equals(LogLimits.ANY_AGE)
                ? NO_AGE
                : Math.max(1, TimeUnit.NANOSECONDS.toMicros(limits.maxAge().toNanos()));
    }
}
