package dev.comet.client;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks in the order in which they are posted, one at a time, on the thread of whoever posts
 * first: without a thread or a lock of its own. A task posted from within a task runs after it.
 * Tasks must not block.
 */
final class Strand implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger(Comet.class);

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger posted = new AtomicInteger();

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (posted.getAndIncrement() != 0) {
            return;
        }
        // What is counted is in the queue: it was added before.
        int waiting = 1;
        do {
            for (int i = 0; i < waiting; i++) {
                runSafely(tasks.remove());
            }
            waiting = posted.addAndGet(-waiting);
        } while (waiting > 0);
    }

    /** What throws must not keep what comes after it from running. */
    static void runSafely(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            LOG.error("A step of a client failed; it goes on", e);
        }
    }
}
