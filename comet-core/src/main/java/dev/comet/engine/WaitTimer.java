package dev.comet.engine;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * A task that a wait thread starts at a moment. It can be set again and again, also from within the
 * task, and costs nothing while it is not set.
 *
 * <p>A task that fails for want of memory is started again later.
 *
 * <p>Safe for use by any number of threads; neither setting nor stopping it blocks, allocates or
 * fails. When the pool is closed it does nothing any more.
 */
public final class WaitTimer extends Mailbox.Entry {

    private static final AtomicIntegerFieldUpdater<WaitTimer> POSTED =
            AtomicIntegerFieldUpdater.newUpdater(WaitTimer.class, "posted");

    private static final AtomicLongFieldUpdater<WaitTimer> AT_NANOS =
            AtomicLongFieldUpdater.newUpdater(WaitTimer.class, "atNanos");

    /** In the place of a moment. */
    private static final long NOT_SET = Long.MIN_VALUE;

    private final CometWaitThread thread;
    private final Runnable task;
    private final TimerWheel.Timer timer =
            new TimerWheel.Timer() {
                @Override
                void fire(long nowNanos) {
                    fired(nowNanos);
                }
            };

    private volatile long atNanos = NOT_SET;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int posted; // 0 or 1

    /**
     * @param task is started on the thread, and must not block: it hands its work to somebody else
     */
    WaitTimer(CometWaitThread thread, Runnable task) {
        this.thread = thread;
        this.task = task;
    }

    /** Starts the task once, in so many nanoseconds; in the place of what was set before. */
    public void startIn(long nanos) {
        startAt(thread.nowNanos() + nanos);
    }

    void startAt(long nanos) {
        atNanos = nanos;
        post();
    }

    /** The task is not started. One that is just being started still runs. Idempotent. */
    public void stop() {
        atNanos = NOT_SET;
        post();
    }

    private void post() {
        if (POSTED.compareAndSet(this, 0, 1)) {
            thread.post(this);
        }
    }

    @Override
    void met() {
        posted = 0; // before looking: what is set from now on is posted anew
        thread.timers().disarm(timer);
        long at = atNanos;
        if (at != NOT_SET) {
            thread.timers().armNoLaterThan(timer, at);
        }
    }

    private void fired(long nowNanos) {
        long at = atNanos;
        if (at == NOT_SET) {
            return;
        }
        if (at - nowNanos > 0) { // set again meanwhile
            thread.timers().armNoLaterThan(timer, at);
            return;
        }
        if (!AT_NANOS.compareAndSet(this, at, NOT_SET)) {
            return; // it is just being set again or stopped, and then posted
        }
        try {
            task.run();
        } catch (VirtualMachineError e) {
            AT_NANOS.compareAndSet(this, NOT_SET, at); // the wheel has it fire again later
            throw e;
        }
    }
}
