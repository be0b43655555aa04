package dev.comet.tests;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** An event executor of the kinds that applications bring. */
final class StressExecutor implements Executor {

    /** How it behaves. */
    enum Kind {
        /** Takes everything. */
        THREADS,
        /** Is the calling thread. */
        SAME_THREAD,
        /** Has little room, and then is the calling thread. */
        CALLER_RUNS,
        /** Has little room, and then refuses. */
        REFUSES,
        /** Refuses everything for a moment, again and again. */
        FULL_FOR_A_MOMENT,
        /** At times finds no thread, which is an Error. */
        NO_THREADS
    }

    private final Kind kind;
    private final ThreadPoolExecutor threads;
    private final AtomicLong calls = new AtomicLong();
    final AtomicLong refusals = new AtomicLong();
    private volatile boolean troubled = true;

    StressExecutor(Kind kind) {
        this.kind = kind;
        int room = kind == Kind.CALLER_RUNS || kind == Kind.REFUSES ? 4 : 1_000_000;
        threads = new ThreadPoolExecutor(3, 3, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(room));
        if (kind == Kind.CALLER_RUNS) {
            threads.setRejectedExecutionHandler(new ThreadPoolExecutor.CallerRunsPolicy());
        }
    }

    /** From now on it takes everything. */
    void recovers() {
        troubled = false;
    }

    @Override
    public void execute(Runnable task) {
        if (kind == Kind.SAME_THREAD) {
            task.run();
            return;
        }
        long call = calls.incrementAndGet();
        if (troubled && kind == Kind.NO_THREADS && call % 97 == 0) {
            refusals.incrementAndGet();
            throw new OutOfMemoryError("not a real one: the stress wants it");
        }
        if (troubled && kind == Kind.FULL_FOR_A_MOMENT && call % 300 < 8) {
            refusals.incrementAndGet();
            throw new RejectedExecutionException("full, as the stress wants");
        }
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            if (!troubled) {
                task.run();
                return;
            }
            refusals.incrementAndGet();
            throw e;
        }
    }

    /** Waits for what it has taken. */
    boolean finish() throws InterruptedException {
        threads.shutdown();
        return threads.awaitTermination(20, TimeUnit.SECONDS);
    }
}
