package dev.comet.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Several threads that do something at the same time. */
final class AtOnce {

    private static final long PATIENCE_SECONDS = 30;
    private static final int SPINS = 10_000;
    private static final int MOST_SPINS_AHEAD = 64;

    /** What a thread does. */
    interface Task {
        void run() throws Exception;
    }

    /** What one of two threads does with one thing. */
    interface Race<T> {
        void run(T thing) throws Exception;
    }

    private AtOnce() {}

    /** Runs the tasks, each on a thread. Fails if one of them does, or does not end. */
    static void run(List<Task> tasks) {
        run(tasks, List.of());
    }

    /**
     * Runs the tasks, each on a thread, and others again and again until the tasks have ended, each
     * on a thread too. Fails if one of them does, or does not end.
     */
    static void run(List<Task> tasks, List<Task> meanwhile) {
        AtomicInteger running = new AtomicInteger(tasks.size());
        List<FutureTask<?>> all = new ArrayList<>();
        for (Task task : tasks) {
            all.add(
                    start(
                            () -> {
                                try {
                                    task.run();
                                } finally {
                                    running.decrementAndGet();
                                }
                            }));
        }
        for (Task task : meanwhile) {
            all.add(
                    start(
                            () -> {
                                while (running.get() > 0) {
                                    task.run();
                                }
                            }));
        }
        await(all);
    }

    private static FutureTask<?> start(Task task) {
        FutureTask<?> future =
                new FutureTask<>(
                        () -> {
                            task.run();
                            return null;
                        });
        Thread thread = new Thread(future, "at-once");
        thread.setDaemon(true);
        thread.start();
        return future;
    }

    private static void await(List<FutureTask<?>> tasks) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try {
            for (FutureTask<?> task : tasks) {
                task.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (ExecutionException e) {
            throw new AssertionError("one of " + tasks.size() + " threads failed", e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError(
                    "a thread has not ended after " + PATIENCE_SECONDS + " s: a deadlock?", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /**
     * Has two threads do something with each of these things, both with the same one at the same
     * time, give or take some nanoseconds: sometimes one is a little ahead, sometimes the other.
     */
    static <T> void race(List<T> things, Race<T> first, Race<T> second) {
        AtomicInteger arrived = new AtomicInteger();
        run(List.of(() -> race(things, first, 1, arrived), () -> race(things, second, 2, arrived)));
    }

    private static <T> void race(List<T> things, Race<T> race, int seed, AtomicInteger arrived)
            throws Exception {
        Random random = new Random(seed);
        try {
            for (int i = 0; i < things.size(); i++) {
                arrived.incrementAndGet();
                awaitBoth(arrived, i + 1);
                for (int n = random.nextInt(MOST_SPINS_AHEAD); n > 0; n--) {
                    Thread.onSpinWait();
                }
                race.run(things.get(i));
            }
        } finally {
            arrived.addAndGet(2 * things.size()); // if this one failed: the other goes on alone
        }
    }

    private static void awaitBoth(AtomicInteger arrived, int times) {
        for (int spins = 0; arrived.get() < 2 * times; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(10_000); // the other one has no processor
            }
        }
    }
}
