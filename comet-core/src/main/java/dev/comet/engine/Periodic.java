package dev.comet.engine;

/** A task that a wait thread starts again and again, counted from when it last started it. */
final class Periodic extends Mailbox.Entry {

    private final CometWaitThread thread;
    private final long nanos;
    private final TimerWheel.Timer timer;

    Periodic(CometWaitThread thread, long nanos, Runnable task) {
        this.thread = thread;
        this.nanos = nanos;
        this.timer =
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        Periodic.this.run();
                        task.run();
                    }
                };
    }

    @Override
    void run() {
        thread.timers().armNoLaterThan(timer, thread.nowNanos() + nanos);
    }
}
