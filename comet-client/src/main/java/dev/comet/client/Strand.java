package dev.comet.client;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks in the order in which they are posted, one at a time, on the threads of an executor:
 * without one of its own, and without a lock. On {@code Runnable::run} that is the thread of
 * whoever posts first; such tasks must not block. A task posted from within a task runs after it.
 *
 * <p>What a task throws is logged. When the executor refuses, whatever it throws, the tasks wait,
 * and it is asked again every second; one that is shut down is asked again only with the next task.
 * An executor that throws, and has taken the work all the same, does no harm.
 */
final class Strand implements Executor {

    /** After so many, others that use the same threads come first. */
    private static final int AT_ONCE = 64;

    private static final long RETRY_MILLIS = 1_000;

    private final Executor executor;
    private final Platform platform;

    // Loses nothing when memory runs out while it grows; an ArrayDeque does.
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Supplier<@Nullable Runnable> source;
    private final Runnable turn = this::run;

    // All guarded by this.
    private boolean signalled; // there may be something that no turn has looked for
    private boolean handedOver; // the executor has a turn that has not begun
    private boolean running;
    private boolean early; // a turn came while another one was running
    private boolean refused; // and that was logged; until a turn begins
    private Platform.@Nullable Timer retry; // while the executor refuses

    Strand(Executor executor, Platform platform) {
        this.executor = executor;
        this.platform = platform;
        this.source = tasks::poll;
    }

    /**
     * @param source gives the next task instead, null if there is none; {@link #signal} says that
     *     there may be one
     */
    Strand(Executor executor, Platform platform, Supplier<@Nullable Runnable> source) {
        this.executor = executor;
        this.platform = platform;
        this.source = source;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        signal();
    }

    /** How many tasks have been posted and have not begun. */
    int waiting() {
        return tasks.size();
    }

    void signal() {
        synchronized (this) {
            signalled = true;
        }
        nudge();
    }

    /** Asks an executor that refused once more, if no timer does. */
    void nudge() {
        synchronized (this) {
            if (retry != null) {
                return;
            }
        }
        handOver();
    }

    /** Guarded by this. */
    private boolean isIdleButSignalled() {
        return signalled && !handedOver && !running;
    }

    /**
     * @return false if the executor refused
     */
    private boolean handOver() {
        synchronized (this) {
            if (!isIdleButSignalled()) {
                return true;
            }
            handedOver = true;
        }
        try {
            executor.execute(turn);
            return true;
        } catch (Throwable e) {
            refused(e);
            return false;
        }
    }

    private void refused(Throwable cause) {
        boolean known;
        synchronized (this) {
            handedOver = false;
            known = refused;
            refused = true;
        }
        try {
            if (executor instanceof ExecutorService service && service.isShutdown()) {
                if (!known) {
                    Log.warn(
                            "The executor of a client is shut down: close the client first, it"
                                    + " hands over nothing more",
                            cause);
                }
                return;
            }
            synchronized (this) {
                if (retry == null) {
                    retry = platform.every(RETRY_MILLIS, this::tryAgain);
                }
            }
            if (!known) {
                Log.warn(
                        "The executor of a client is full: messages wait; raise its limits", cause);
            }
        } catch (Throwable e) {
            Log.warn("The executor of a client is asked again with the next task only", e);
        }
    }

    private void tryAgain() {
        while (handOver()) {
            Platform.Timer over;
            synchronized (this) {
                if (isIdleButSignalled()) { // by somebody who relied on the timer
                    continue;
                }
                over = retry;
                retry = null;
            }
            if (over != null) {
                over.cancel();
            }
            return;
        }
    }

    private void run() {
        synchronized (this) {
            handedOver = false;
            refused = false;
            if (running) {
                early = true;
                return;
            }
            running = true;
        }
        try {
            do {
                runSome();
            } while (goesOn());
        } catch (Throwable e) { // a stack that is too deep, say
            synchronized (this) {
                running = false;
                signalled = true;
            }
            refused(e);
        }
    }

    private void runSome() {
        synchronized (this) {
            signalled = false; // what comes from now on is looked for again
        }
        for (int done = 0; done < AT_ONCE; done++) {
            Runnable task = source.get();
            if (task == null) {
                return;
            }
            Log.failuresOf(task);
        }
        synchronized (this) {
            signalled = true;
        }
    }

    /** Another turn for what is left; on this thread, if that is where it begins at once. */
    private boolean goesOn() {
        synchronized (this) {
            early = false;
            if (!signalled) {
                running = false;
                return false;
            }
            handedOver = true;
        }
        Throwable refusal = null;
        try {
            executor.execute(turn);
        } catch (Throwable e) {
            refusal = e;
        }
        boolean goesOn;
        synchronized (this) {
            goesOn = early;
            running = early;
        }
        if (refusal != null && !goesOn) {
            refused(refusal); // idle by now: a timer that looked before has not given up
        }
        return goesOn;
    }
}
