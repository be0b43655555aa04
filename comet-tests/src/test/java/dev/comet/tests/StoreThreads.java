package dev.comet.tests;

import dev.comet.CometStateManager;
import java.lang.Thread.State;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads on which managers ask a store that does not answer from memory: so that a test can
 * say "and now all looks are done", as {@link dev.comet.testkit.ManualClock#awaitAllParked} says it
 * for wait threads.
 */
final class StoreThreads {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private StoreThreads() {}

    /**
     * Waits until nothing is to be asked any more, and whoever asks is through with it or waits: a
     * store of a test that blocks is no reason to go on waiting. Fails after 10 s of real time.
     *
     * @return whether there was something to wait for: it may have given wait threads work
     */
    static boolean await(CometStateManager manager) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        boolean waited = false;
        while (isBusy(manager)) {
            waited = true;
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("the store's threads do not rest");
            }
            LockSupport.parkNanos(50_000);
        }
        return waited;
    }

    private static boolean isBusy(CometStateManager manager) {
        // In this order: what is gone from the queue is with a thread that runs.
        return manager.statistics().store().busyReads() > 0 || isAnyRunning();
    }

    private static boolean isAnyRunning() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        Thread[] threads = new Thread[group.activeCount() + 100];
        return Arrays.stream(threads, 0, group.enumerate(threads))
                .filter(thread -> thread.getName().equals("comet-store"))
                .map(Thread::getState)
                .anyMatch(
                        state ->
                                state != State.WAITING
                                        && state != State.TIMED_WAITING
                                        && state != State.TERMINATED);
    }
}
