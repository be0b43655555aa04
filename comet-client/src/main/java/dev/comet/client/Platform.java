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

    /** Milliseconds, by a clock that goes on while the machine sleeps. */
    long nowMillis();

    /** Runs the action in so many milliseconds; it must return soon. */
    Timer schedule(long millis, Runnable action);

    /** From 0 to below 1. */
    double random();

    /** Runs the application's handlers, where it brings no threads of its own. */
    Executor handlers();

    /** An action to come. */
    interface Timer {
        void cancel();
    }

    /**
     * One for all clients: a thread for timers, and up to sixteen for handlers, that come and go.
     */
    static Platform system() {
        return SystemPlatform.INSTANCE;
    }

    /** The real world. */
    final class SystemPlatform implements Platform {

        private static final SystemPlatform INSTANCE = new SystemPlatform();
        private static final int HANDLER_THREADS = 16;

        private final ScheduledThreadPoolExecutor timers =
                new ScheduledThreadPoolExecutor(1, daemons("comet-client-timer"));
        private final ThreadPoolExecutor handlers =
                new ThreadPoolExecutor(
                        HANDLER_THREADS,
                        HANDLER_THREADS,
                        10,
                        TimeUnit.SECONDS,
                        // Holds at most one task for each client and subscriber.
                        new LinkedBlockingQueue<>(),
                        daemons("comet-client-handler"));

        private SystemPlatform() {
            timers.setRemoveOnCancelPolicy(true);
            handlers.allowCoreThreadTimeOut(true);
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
        public long nowMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public Timer schedule(long millis, Runnable action) {
            var timer = timers.schedule(action, millis, TimeUnit.MILLISECONDS);
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
    }
}
