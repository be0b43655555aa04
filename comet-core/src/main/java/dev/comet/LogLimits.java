package dev.comet;

import java.time.Duration;

/**
 * How much a log may hold. Whatever limit is reached first counts.
 *
 * @param messages how many messages, at least 1
 * @param bytes how many bytes of encoded messages, at least 1; one message always fits
 * @param age how long a message may wait, positive; {@link #ANY_AGE} for no limit
 */
public record LogLimits(int messages, long bytes, Duration age) {

    /** No limit by age. */
    public static final Duration ANY_AGE = Duration.ofNanos(Long.MAX_VALUE);

    /** Checks the values. */
    public LogLimits {
        if (messages < 1) {
            throw Rules.invalid("messages is " + messages + "; use at least 1");
        }
        if (bytes < 1) {
            throw Rules.invalid("bytes is " + bytes + "; use at least 1");
        }
        if (age.isNegative() || age.isZero() || age.compareTo(ANY_AGE) > 0) {
            throw Rules.invalid(
                    "age is " + age + "; use a positive duration, or LogLimits.ANY_AGE");
        }
    }

    @Override
    public String toString() {
        return messages
                + " messages/"
                + bytes
                + " bytes/"
                + (age.equals(ANY_AGE) ? "any age" : age);
    }
}
