package dev.comet;

import java.time.Duration;

/**
 * How much a log may hold. Whatever limit is reached first counts.
 *
 * @param maxMessages how many messages, at least 1
 * @param maxBytes how many bytes of encoded messages, at least 1; one message always fits
 * @param maxAge how long a message may wait, positive; {@link #ANY_AGE} for no limit
 */
public record LogLimits(int maxMessages, long maxBytes, Duration maxAge) {

    /** No limit by age. */
    public static final Duration ANY_AGE = Duration.ofNanos(Long.MAX_VALUE);

    /** Checks the values. */
    public LogLimits {
        if (maxMessages < 1) {
            throw Arguments.invalid("maxMessages is " + maxMessages + "; use at least 1");
        }
        if (maxBytes < 1) {
            throw Arguments.invalid("maxBytes is " + maxBytes + "; use at least 1");
        }
        if (maxAge.isNegative() || maxAge.isZero() || maxAge.compareTo(ANY_AGE) > 0) {
            throw Arguments.invalid(
                    "maxAge is " + maxAge + "; use a positive duration, or LogLimits.ANY_AGE");
        }
    }

    @Override
    public String toString() {
        return maxMessages
                + " messages/"
                + maxBytes
                + " bytes/"
                + (maxAge.equals(ANY_AGE) ? "any age" : maxAge);
    }
}
