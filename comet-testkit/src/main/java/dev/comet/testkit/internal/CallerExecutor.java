package dev.comet.testkit.internal;

import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Runs event handlers and dependent stages on the thread that causes them, so that a test finds
 * everything told when its own call returns. What a wait thread causes must not run there: that
 * goes to a thread of its own, and {@link #settle} waits for it.
 *
 * <p>Safe for use by any number of threads. Waits are bounded by 10 s of real time and then fail.
 */
public final class CallerExecutor implements Executor {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private int running; // guarded by this

    /** Runs nothing yet. */
    public CallerExecutor() {}

    @Override
    public void execute(Runnable task) {
        if (!Thread.currentThread().getName().startsWith("comet-wait-")) {
            task.run();
            return;
        }
        synchronized (this) {
            running++;
        }
        Thread thread = new Thread(() -> runAndCount(task), "caller-executor");
        thread.setDaemon(true);
        thread.start();
    }

    private void runAndCount(Runnable task) {
        try {
            task.run();
        } finally {
            synchronized (this) {
                running--;
                notifyAll();
            }
        }
    }

    /**
     * Waits until the wait threads have done what they were asked to do, and park, and what they
     * caused has been run.
     *
     * @param awaitAllParked of the clock by which they wait
     */
    public void settle(Runnable awaitAllParked) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        do {
            awaitAllParked.run();
        } while (hasWaited(end));
    }

    /** Returns whether there was something to wait for: it may have given wait threads work. */
    private synchronized boolean hasWaited(long end) {
        boolean waited = running > 0;
        while (running > 0) {
            long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (millis <= 0) {
                throw new AssertionError(running + " handlers or stages have not ended");
            }
            try {
                wait(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for handlers", e);
            }
        }
        return waited;
    }
}
