package dev.comet.inproc;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A sum that many threads add to at once. Unlike a {@link java.util.concurrent.atomic.LongAdder} it
 * never takes memory: what frees something must not fail for want of it.
 */
final class FreedCount {

    private static final int STRIPES = 16;
    private static final int STRIPE = 8; // longs, so that no two stripes share a cache line

    private final AtomicLongArray sums = new AtomicLongArray(STRIPES * STRIPE);

    void add(long count) {
        int stripe = (int) (Thread.currentThread().getId() % STRIPES);
        sums.addAndGet(stripe * STRIPE, count);
    }

    long sum() {
        long sum = 0;
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            sum += sums.get(stripe * STRIPE);
        }
        return sum;
    }
}
