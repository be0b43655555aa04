package dev.comet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jetbrains.lincheck.Lincheck;

/**
 * Runs a scenario of a few threads again and again, each time in another interleaving, and fails
 * with the one in which a check failed or nobody could go on.
 *
 * <p>Plain checks, not AssertJ: Lincheck follows whatever runs in a scenario step by step.
 */
public final class Model {

    private Model() {}

    /** Fails with the interleaving that leads to a failure, if one of so many does. */
    public static void check(int interleavings, Runnable scenario) {
        Lincheck.runConcurrentTest(interleavings, scenario);
    }

    /** Within a scenario. */
    public static void require(boolean holds, Object found) {
        if (!holds) {
            throw new AssertionError(found);
        }
    }

    /** Within a scenario: these run at the same time as each other and as the caller. */
    public static List<Thread> start(Runnable... tasks) {
        List<Thread> threads = new ArrayList<>();
        for (Runnable task : tasks) {
            Thread thread = new Thread(task);
            thread.start();
            threads.add(thread);
        }
        return threads;
    }

    /** Within a scenario. */
    public static void join(List<Thread> threads) {
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError("nobody interrupts here", e);
            }
        }
    }

    /** Within a scenario. */
    public static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts here", e);
        }
    }
}
