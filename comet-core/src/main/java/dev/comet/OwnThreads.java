package dev.comet;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that may block: for event handlers, for dependent stages, and for providers that do not
 * answer from memory. They come when there is work and go when there is none.
 *
 * <p>The queue needs no bound of its own: it holds at most one drain for each client's events, one
 * look and one idle check for each client, or the stages of requests, which are bounded.
 */
final class OwnThreads implements Executor {

    private static final int THREADS = 16;
    private static final long GRACE_SECONDS = 5;

    private final ThreadPoolExecutor executor;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    /**
     * @param factory makes the threads
     */
    OwnThreads(String name, ThreadFactory factory) {
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
                            Thread thread = factory.newThread(registered);
                            thread.setName(name);
                            self[0] = thread;
                            thread.setDaemon(true);
                            threads.add(thread);
                            return thread;
                        });
        executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (Throwable e) {
            threads.removeIf(thread -> thread.getState() == Thread.State.NEW); // it did not start
            throw e;
        }
    }

    /** How much has been handed in and not begun. */
    int waiting() {
        return executor.getQueue().size();
    }

    /**
     * What has been handed in still runs, for a while; then it is interrupted. Idempotent. An
     * interrupt of the calling thread shortens nobody's time; it is restored afterwards.
     */
    void close() {
        List<Thread> running = List.copyOf(threads);
        executor.shutdown();
        if (threads.contains(Thread.currentThread())) {
            return; // a handler closes the manager: it cannot wait for itself
        }
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
        boolean interrupted = false;
        while (true) {
            try {
                if (!executor.awaitTermination(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    executor.shutdownNow();
                    break;
                }
                // The pool has let them go, but a container that looks for threads left behind by
                // an application may look at once.
                for (Thread thread : running) {
                    thread.join();
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
