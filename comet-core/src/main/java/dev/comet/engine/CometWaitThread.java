package dev.comet.engine;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one owner of a stripe of clients: their held requests and their deadlines are touched by this
 * thread alone. Everybody else posts to its mailbox.
 *
 * <p>It never blocks except to park and never does I/O. It runs no code of an application but
 * callbacks that were given with {@code Runnable::run}, and stream sinks. What goes wrong in one
 * entry harms no other. What it owns is kept apart from the thread that runs it: if something
 * throws that thread out of its loop all the same, another one goes on where it was.
 */
public final class CometWaitThread implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(CometWaitThread.class);

    private final String name;
    private final WaitClock clock;
    private final AtomicLong replaced;
    private final Mailbox mailbox = new Mailbox();
    private final TimerWheel timers;
    private volatile Thread thread;

    // No lost wake-up, between owner and poster: the owner writes parked, then reads the mailbox;
    // the poster writes the mailbox, then reads parked. At least one of them sees the other's
    // write. Between mailbox and store: a sender appends, then posts; the owner registers, then
    // reads.
    private volatile boolean parked;

    private volatile boolean started;
    private volatile boolean stopping;
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean failing; // owner: entries are to be repeated
    private long repeatNanos; // owner: when

    /**
     * @param replaced counts the threads that had to be replaced
     */
    CometWaitThread(String name, WaitClock clock, AtomicLong replaced) {
        this.name = name;
        this.clock = clock;
        this.replaced = replaced;
        this.timers = new TimerWheel(clock.nanos());
        this.thread = new Worker(this, name);
    }

    /** A thread that runs one of these. */
    private static final class Worker extends Thread {
        Worker(CometWaitThread work, String name) {
            super(work, name);
            setDaemon(true);
        }
    }

    /** Whether this code is run by a wait thread, of whichever pool: then it must not block. */
    static boolean isRunning() {
        return Thread.currentThread() instanceof Worker;
    }

    void start() {
        thread.start();
        started = true;
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

    /** Any thread. Whether it has stopped and takes no entries. */
    boolean isClosed() {
        return mailbox.isClosed();
    }

    /** Any thread. What has been posted before still runs. */
    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
    }

    /** Waits until the thread has ended; does nothing on the thread itself. */
    void join() {
        boolean interrupted = false;
        while (started && !isCurrent() && (ended.getCount() > 0 || thread.isAlive())) {
            try {
                ended.await(); // by whichever thread it was that came to the end
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
                if (isReplacedAfter(e)) {
                    return;
                }
            }
        }
        mailbox.runAllAndClose();
        ended.countDown();
    }

    private boolean isReplacedAfter(Throwable e) {
        try {
            Faults.error("A wait thread failed; another one takes its place", e);
            return isReplaced();
        } catch (Throwable again) {
            return false; // this one goes on, whatever happens
        }
    }

    /** Everything that it owns is as it was: the other one goes on from there. */
    private boolean isReplaced() {
        Thread before = thread;
        try {
            Thread next = new Worker(this, name);
            thread = next;
            next.start();
            replaced.incrementAndGet();
            LOG.info("{} was replaced", name);
            return true;
        } catch (Throwable e) {
            if (thread != before && thread.isAlive()) {
                return true; // only the log failed
            }
            thread = before; // there is no other thread to be had: this one goes on
            return false;
        }
    }

    private void runOnce() {
        repeatFailed();
        mailbox.runAll();
        timers.advance(clock.nanos());
        // Nobody ends this thread by an interrupt. One that a callback left behind would make every
        // park return at once.
        Thread.interrupted();
        parked = true;
        if (mailbox.isEmpty() && !stopping) {
            clock.parkUntil(nextWakeNanos());
        }
        parked = false;
    }

    private void repeatFailed() {
        if (failing && clock.nanos() - repeatNanos >= 0) {
            failing = false;
            mailbox.repeatFailed();
        }
    }

    private long nextWakeNanos() {
        long due = timers.nextWakeNanos();
        if (!mailbox.hasFailed()) {
            return due;
        }
        if (!failing) {
            failing = true;
            repeatNanos = clock.nanos() + Faults.RETRY_NANOS;
        }
        return due - repeatNanos < 0 ? due : repeatNanos;
    }
}
