package dev.comet;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Whether a manager is sending its clients away, and when all of them have gone.
 *
 * <p>Safe for use by any number of threads.
 */
final class Drain {

    private final Counters counters;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private volatile boolean begun;

    Drain(Counters counters) {
        this.counters = counters;
    }

    boolean hasBegun() {
        return begun;
    }

    void begin() {
        begun = true;
    }

    /** Completes when nothing is open any more. */
    CompletionStage<Void> over() {
        return over;
    }

    /**
     * To be called when something has ended. A request is counted before it asks whether this
     * drains: so what is not counted here, after that was set, ends by itself at once.
     */
    void endIfNothingIsOpen() {
        if (begun && counters.nothingIsOpen()) {
            over.complete(null);
        }
    }
}
