package dev.comet.engine;

/**
 * A task that a wait thread starts once, at a moment, unless it is called off before. The task must
 * not block: it hands its work to somebody else.
 */
public final class Deadline extends Mailbox.Entry {

    private final CometWaitThread thread;
    private final long atNanos;
    private final TimerWheel.Timer timer;
    private volatile boolean calledOff;

    Deadline(CometWaitThread thread, long atNanos, Runnable task) {
        this.thread = thread;
        this.atNanos = atNanos;
        this.timer =
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        task.run();
                    }
                };
    }

    /** Owner. */
    @Override
    void run() {
        if (!calledOff) {
            thread.timers().armNoLaterThan(timer, atNanos);
        }
    }

    /** Any thread. A task that is just being started still runs. Idempotent. */
    public void callOff() {
        calledOff = true;
        thread.post(
                new Mailbox.Entry() {
                    @Override
                    void run() {
                        thread.timers().disarm(timer);
                    }
                });
    }
}
