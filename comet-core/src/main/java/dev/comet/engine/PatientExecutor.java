package dev.comet.engine;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands tasks to an executor, and loses none. What that refuses now, because it is full or finds no
 * thread, is kept and offered again every second; one that was shut down is replaced by threads of
 * the manager's own. And none runs on a wait thread, whatever the executor does with it: one that
 * would, as with a policy that has the caller run it, goes to those threads, too.
 *
 * <p>It holds as many tasks as the executor refuses: its users bound them. The order is that in
 * which they were handed in, but for those that were refused.
 *
 * <p>Safe for use by any number of threads; never blocks but as the executor does, and never throws
 * what the executor throws.
 */
public final class PatientExecutor implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger(PatientExecutor.class);

    private final Executor executor;
    private final Executor ownThreads;
    private final WaitTimer retry;
    private final Mailbox kept = new Mailbox();
    private final AtomicBoolean retrying = new AtomicBoolean(); // the retry is set
    private volatile boolean refusing; // since the last retry began
    private volatile boolean saidSo; // that it refuses; until it takes what was kept
    private volatile boolean closed;

    /**
     * @param executor runs the tasks
     * @param ownThreads runs those that the executor cannot: threads that may block
     * @param pool in whose time refused tasks are offered again
     */
    public PatientExecutor(Executor executor, Executor ownThreads, WaitThreadPool<?> pool) {
        this.executor = executor;
        this.ownThreads = ownThreads;
        this.retry = pool.timer(this, this::offerKept);
    }

    /**
     * Something to run. It may be handed in again when it has begun to run, not before.
     *
     * <p>An executor can take a task and throw all the same, as a pool does that queues first and
     * then finds no thread. So it may have several copies, of which only the first does something.
     */
    public abstract static class Task extends Mailbox.Entry implements Runnable {

        private static final AtomicIntegerFieldUpdater<Task> STATE =
                AtomicIntegerFieldUpdater.newUpdater(Task.class, "state");
        private static final int OFFERED = 1; // handed in, and not begun to run
        private static final int KEPT = 2; // in the mailbox of what was refused

        private volatile int state;

        /** Not run yet. */
        protected Task() {}

        // Loops, and no functions that would have to be made: neither may need memory.

        /** Returns whether it was not set before. */
        private boolean set(int flag) {
            int before = state;
            while (!STATE.compareAndSet(this, before, before | flag)) {
                before = state;
            }
            return (before & flag) == 0;
        }

        /** Returns whether it was set before. */
        private boolean clear(int flag) {
            int before = state;
            while (!STATE.compareAndSet(this, before, before & ~flag)) {
                before = state;
            }
            return (before & flag) != 0;
        }

        /** Which is to run it; always the same. */
        protected abstract PatientExecutor executor();

        /** Does it. What it throws is logged. */
        protected abstract void work();

        /** Hands it in. Allocates nothing, and cannot fail. */
        public final void start() {
            set(OFFERED);
            executor().offer(this);
        }

        /** For executors. */
        @Override
        public final void run() {
            executor().run(this);
        }

        /** It was kept, and is offered again. */
        @Override
        final void met() {
            clear(KEPT);
            if ((state & OFFERED) != 0) {
                executor().offerAgain(this);
            }
        }
    }

    @Override
    public void execute(Runnable task) {
        new Task() {
            @Override
            protected PatientExecutor executor() {
                return PatientExecutor.this;
            }

            @Override
            protected void work() {
                task.run();
            }
        }.start();
    }

    private void offer(Task task) {
        try {
            usable().execute(task);
        } catch (Throwable e) { // an Error, too: a pool that finds no thread throws one
            refused(task, e);
        }
    }

    private Executor usable() {
        return executor instanceof ExecutorService service && service.isShutdown()
                ? ownThreads
                : executor;
    }

    private void run(Task task) {
        if (!CometWaitThread.isRunning()) {
            runHere(task);
            return;
        }
        try {
            ownThreads.execute(task);
        } catch (Throwable e) {
            refused(task, e);
        }
    }

    private static void runHere(Task task) {
        if (!task.clear(Task.OFFERED)) {
            return; // another copy has run
        }
        try {
            task.work();
        } catch (Throwable e) {
            Faults.error("A task failed", e);
        }
    }

    private void refused(Task task, Throwable e) {
        refusing = true;
        keep(task);
        if (!saidSo) {
            saidSo = true;
            Faults.warn(
                    LOG, "An executor refuses event handlers or dependent stages: they wait", e);
        }
    }

    private void keep(Task task) {
        if (closed) {
            runHere(task); // nobody else would, and no wait thread is left
        } else if (task.set(Task.KEPT)) {
            if (!kept.post(task)) {
                runHere(task);
            } else if (retrying.compareAndSet(false, true)) {
                retry.startIn(Faults.RETRY_NANOS); // not later for each that is refused
            }
        }
    }

    /** On a wait thread. Those that are refused again are kept again. */
    private void offerKept() {
        retrying.set(false);
        refusing = false;
        if (kept.runAll() && kept.isEmpty()) {
            saidSo = false;
        }
    }

    /** After the first that is refused the others are not even offered until the next time. */
    private void offerAgain(Task task) {
        if (refusing && !closed) {
            keep(task);
        } else {
            offer(task);
        }
    }

    /**
     * The pool was closed: what is kept is offered for the last time, or else run by the caller.
     */
    public void close() {
        closed = true;
        kept.runAllAndClose();
    }
}
