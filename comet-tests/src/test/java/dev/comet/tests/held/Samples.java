package dev.comet.tests.held;

import java.util.Arrays;
import java.util.Locale;

/** Times in nanoseconds. All are kept: no average hides the worst. */
public final class Samples {

    private long[] values = new long[1_024];
    private int size;

    public void add(long nanos) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = nanos;
    }

    public int size() {
        return size;
    }

    /** Least, median, 99th percentile and most, in milliseconds. */
    @Override
    public String toString() {
        if (size == 0) {
            return "none";
        }
        long[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        return "min %s, p50 %s, p99 %s, max %s ms"
                .formatted(
                        millis(sorted[0]),
                        millis(sorted[(size - 1) / 2]),
                        millis(sorted[(int) Math.ceil(size * 0.99) - 1]),
                        millis(sorted[size - 1]));
    }

    /** A percentile in milliseconds, NaN if there is none. */
    public double millis(double percentile) {
        if (size == 0) {
            return Double.NaN;
        }
        long[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(size * percentile / 100) - 1)] / 1e6;
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f", nanos / 1e6);
    }
}
