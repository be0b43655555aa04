package dev.comet.client;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What a client needs of its surroundings: time, chance and threads. Another one in tests. */
interface Platform {

    /**
     * Milliseconds that have gone by since some moment: for how long something took, or may take.
     * Never goes back, and nobody sets it; on most systems it stands still while the machine
     * sleeps, as timers do.
     */
    long elapsedMillis();

    /**
     * Milliseconds by the clock on the wall, which goes on while the machine sleeps, but is set
     * forward and back by people and by NTP. Only to be compared with {@link #elapsedMillis}: far
     * more on this one means that the machine slept, or that the clock was set.
     */
    long wallMillis();

    /**
     * Runs the action every so many milliseconds until it is cancelled; it must return soon. What
     * it throws is logged, so what failed once is tried again.
     */
    Timer every(long millis, Runnable action);

    /** From 0 to below 1. */
    double random();

    /** Runs the application's handlers, where it brings no threads of its own. */
    Executor handlers();

    /**
     * Runs what hangs on answers, there: not on the threads of the handlers, which may all be
     * waiting for it.
     */
    Executor completions();

    /** An action to come. */
    interface Timer {
        /** From any thread. Idempotent. */
        void cancel();
    }

    /**
     * One for all clients: a thread for timers, and up to sixteen for handlers and as many for
     * answers, that come and go.
     */
    static Platform system() {
        return SystemPlatform.INSTANCE;
    }

    /** The real world. */
    final class SystemPlatform implements Platform {

        private static final SystemPlatform INSTANCE = new SystemPlatform();
        private static final int THREADS = 16;

        private final ScheduledThreadPoolExecutor timers =
                new ScheduledThreadPoolExecutor(1, daemons("comet-client-timer"));
        private final Executor handlers = pool("comet-client-handler");
        private final Executor completions = pool("comet-client-completion");

        private SystemPlatform() {
            timers.setRemoveOnCancelPolicy(true);
            // Not when a timer is needed: there may be no more threads by then.
            Log.failuresOf(timers::prestartCoreThread);
        }

        private static Executor pool(String name) {
            ThreadPoolExecutor pool =
                    new ThreadPoolExecutor(
                            THREADS,
                            THREADS,
                            10,
                            TimeUnit.SECONDS,
                            // Of handlers, it holds at most one task for each client and
                            // subscriber; of completions, what clients have asked for.
                            new LinkedBlockingQueue<>(),
                            daemons(name));
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }

        private static ThreadFactory daemons(String name) {
            AtomicInteger number = new AtomicInteger();
            return task -> {
                Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
                thread.setDaemon(true);
                return thread;
            };
        }

        @Override
        public long elapsedMillis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }

        @Override
        public long wallMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public Timer every(long millis, Runnable action) {
            long period = Math.max(millis, 1);
            var timer =
                    timers.scheduleWithFixedDelay(
                            () -> Log.failuresOf(action), millis, period, TimeUnit.MILLISECONDS);
            return () -> timer.cancel(false);
        }

        @Override
        public double random() {
            return ThreadLocalRandom.current().nextDouble();
        }

        @Override
        public Executor handlers() {
            return handlers;
        }

        @Override
        public Executor completions() {
            return completions;
        }
    }
}
