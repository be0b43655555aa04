package dev.comet.engine;

import dev.comet.engine.CometWaitRequest.Ending;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The end of a drain on one wait thread: answers whoever was registered while the drain began, and
 * says that it is done.
 */
final class LastOfDrain extends Mailbox.Entry {

    private final CometWaitThread thread;
    private final SharedLog everyone;
    private final TimerWheel.Timer timer;
    private final long endNanos;

    LastOfDrain(
            CometWaitThread thread,
            long endNanos,
            SharedLog everyone,
            AtomicInteger left,
            CompletableFuture<Void> done) {
        this.thread = thread;
        this.everyone = everyone;
        this.endNanos = endNanos;
        this.timer =
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        endHeld();
                        if (left.decrementAndGet() == 0) {
                            done.complete(null);
                        }
                    }
                };
    }

    @Override
    void run() {
        thread.timers().armNoLaterThan(timer, endNanos);
    }

    private void endHeld() {
        everyone.on(thread).forEach(session -> session.endNewest(Ending.DRAINING));
    }
}
