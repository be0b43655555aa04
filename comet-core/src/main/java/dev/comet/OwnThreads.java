package dev.comet;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that may block: for event handlers, for what hangs on stages, and for providers that do
 * not answer from memory. They come when there is work and go when there is none.
 *
 * <p>The queue needs no bound of its own: it holds at most one drain for each client's events, one
 * look and one idle check for each client, or what hangs on requests, which are bounded.
 */
final class OwnThreads implements Executor {

    private static final int THREADS = 16;
    private static final long GRACE_SECONDS = 5;

    private final ThreadPoolExecutor executor;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    OwnThreads(String name) {
        executor =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        10,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        work -> {
                            Thread[] self = new Thread[1];
                            Runnable registered =
                                    () -> {
                                        try {
                                            work.run();
                                        } finally {
                                            threads.remove(self[0]);
                                        }
                                    };
                            Thread thread = new Thread(registered, name);
                            self[0] = thread;
                            thread.setDaemon(true);
                            threads.add(thread);
                            return thread;
                        });
        executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(task);
    }

    /** How much has been handed in and not begun. */
    int waiting() {
        return executor.getQueue().size();
    }

    /** What has been handed in still runs, for a while; then it is interrupted. Idempotent. */
    void close() {
        List<Thread> running = List.copyOf(threads);
        executor.shutdown();
        if (threads.contains(Thread.currentThread())) {
            return; // a handler closes the manager: it cannot wait for itself
        }
        try {
            if (!executor.awaitTermination(GRACE_SECONDS, TimeUnit.SECONDS)) {
                executor.shutdownNow();
                return;
            }
            // The pool has let them go, but a container that looks for threads left behind by an
            // application may look at once.
            for (Thread thread : running) {
                thread.join();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
