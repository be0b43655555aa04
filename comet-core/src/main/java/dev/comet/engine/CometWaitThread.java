package dev.comet.engine;

import dev.comet.spi.CometClock;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one owner of a stripe of clients: their held requests and their deadlines are touched by this
 * thread alone. Everybody else posts to its mailbox.
 *
 * <p>It never blocks except to park, never does I/O and never runs code of an application; what
 * goes wrong in one entry harms no other.
 */
final class CometWaitThread implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(CometWaitThread.class);

    private final CometClock clock;
    private final Mailbox mailbox = new Mailbox();
    private final Thread thread;
    private final TimerWheel timers;

    // No lost wake-up, between owner and poster: the owner writes parked, then reads the mailbox;
    // the poster writes the mailbox, then reads parked. At least one of them sees the other's
    // write. Between mailbox and store: a sender appends, then posts; the owner registers, then
    // reads.
    private volatile boolean parked;

    private volatile boolean stopping;

    CometWaitThread(String name, CometClock clock) {
        this.clock = clock;
        this.timers = new TimerWheel(clock.nanos());
        this.thread = new Thread(this, name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Any thread. Returns false if the thread has stopped: the entry will not run. */
    boolean post(Mailbox.Entry entry) {
        if (!mailbox.post(entry)) {
            return false;
        }
        if (parked) {
            LockSupport.unpark(thread);
        }
        return true;
    }

    /** Any thread. What has been posted before still runs. */
    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
    }

    /** Waits until the thread has ended; does nothing on the thread itself. */
    void join() {
        if (isCurrent()) {
            return;
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Owner. */
    TimerWheel timers() {
        return timers;
    }

    long nowNanos() {
        return clock.nanos();
    }

    @Override
    public void run() {
        while (!stopping) {
            try {
                runOnce();
            } catch (Throwable e) {
                LOG.error("A wait thread failed; it goes on", e);
            }
        }
        mailbox.runAllAndClose();
    }

    private void runOnce() {
        mailbox.runAll();
        timers.advance(clock.nanos());
        // Nobody ends this thread by an interrupt. One that a callback left behind would make every
        // park return at once.
        Thread.interrupted();
        parked = true;
        if (mailbox.isEmpty() && !stopping) {
            clock.parkUntil(timers.nextWakeNanos());
        }
        parked = false;
    }

    static void runSafely(Mailbox.Entry entry) {
        try {
            entry.run();
        } catch (Throwable e) {
            LOG.error("A wait thread's entry failed; the thread goes on", e);
        }
    }

    static void lookSafely(WaitSession session) {
        try {
            session.look();
        } catch (Throwable e) {
            LOG.error("A look for messages failed; the other readers' go on", e);
        }
    }

    static void runSafely(TimerWheel.Timer timer, long nowNanos) {
        try {
            timer.fire(nowNanos);
        } catch (Throwable e) {
            LOG.error("A wait thread's timer failed; the thread goes on", e);
        }
    }
}
