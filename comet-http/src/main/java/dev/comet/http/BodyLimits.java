package dev.comet.http;

import java.time.Duration;

/**
 * How much of a body is read, and how slowly it may come.
 *
 * @param bytes the longest body
 * @param timeout in which the whole body must be there, from the time when somebody asks for it
 * @param bytesPerSecond the least average rate; 0 for none
 */
public record BodyLimits(int bytes, Duration timeout, int bytesPerSecond) {

    /** The longest body of anything but a send. */
    static final int SHORT_BYTES = 8 << 10;

    /** The rate counts from this part of the timeout on: before it, one lost packet is a lot. */
    private static final int GRACE = 5;

    BodyLimits withBytes(int longest) {
        return new BodyLimits(longest, timeout, bytesPerSecond);
    }

    /** Whether a body is to be given up of which this much has come in this time. */
    public boolean isTooSlow(long received, long nanos) {
        long whole = timeout.toNanos();
        return nanos >= whole
                || (nanos > whole / GRACE && received < bytesPerSecond * (nanos / 1e9));
    }
}
