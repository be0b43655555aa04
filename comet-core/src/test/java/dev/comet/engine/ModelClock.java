package dev.comet.engine;

import dev.comet.CometClock;
import java.time.Instant;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.LockSupport;

/**
 * Time that stands still, for model checks: whoever parks with it sleeps until somebody unparks it.
 */
public final class ModelClock implements WaitClock, CometClock {

    @Override
    public long nanos() {
        return 0;
    }

    @Override
    public Instant now() {
        return Instant.EPOCH;
    }

    /**
     * Lincheck lets a park return for no reason when our own code calls it, which hides a lost
     * wake-up. One that is called from inside java.util.concurrent really sleeps.
     */
    @Override
    public void parkUntil(long untilNanos) {
        try {
            ForkJoinPool.managedBlock(
                    new ForkJoinPool.ManagedBlocker() {
                        @Override
                        public boolean block() {
                            LockSupport.park(this);
                            return true;
                        }

                        @Override
                        public boolean isReleasable() {
                            return false;
                        }
                    });
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts here", e);
        }
    }
}
