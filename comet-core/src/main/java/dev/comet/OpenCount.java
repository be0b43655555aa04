package dev.comet;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How many requests of a kind are open. Each client's are counted in one place, so that no reading
 * misses a request for another one's end: a sum of 0 means that whatever was open before it was
 * read has ended by then. A {@link java.util.concurrent.atomic.LongAdder} does not promise that.
 *
 * <p>Safe for use by any number of threads.
 */
final class OpenCount {

    private static final int PLACES = 16; // a power of two
    private static final int APART = 16; // ints in a cache line

    private final AtomicIntegerArray places = new AtomicIntegerArray(PLACES * APART);

    void increment(CometClient client) {
        places.incrementAndGet(placeOf(client));
    }

    void decrement(CometClient client) {
        places.decrementAndGet(placeOf(client));
    }

    private static int placeOf(CometClient client) {
        return ((client.hashCode() * 0x9E3779B9) >>> 28) * APART;
    }

    int sum() {
        int sum = 0;
        for (int place = 0; place < places.length(); place += APART) {
            sum += places.get(place);
        }
        return sum;
    }
}
