package dev.comet.tests.held;

import java.util.Locale;

/**
 * What the server takes after a full collection.
 *
 * @param heap bytes in use
 * @param direct bytes of buffers outside the heap
 * @param resident bytes of RAM of the whole process; NaN where the system does not tell
 */
record Memory(double heap, double direct, double resident) {

    /** The difference, in kB for each. */
    String per(int count, Memory less) {
        return String.format(
                Locale.ROOT,
                "heap %.2f kB, direct %.2f kB, RSS %.2f kB",
                (heap - less.heap) / 1e3 / count,
                (direct - less.direct) / 1e3 / count,
                (resident - less.resident) / 1e3 / count);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "heap %.1f MB, direct %.1f MB, RSS %.1f MB",
                heap / 1e6,
                direct / 1e6,
                resident / 1e6);
    }
}
