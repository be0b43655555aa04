package dev.comet.testkit;

import dev.comet.CometClock;
import dev.comet.testkit.internal.Recording;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A clock that a test moves. It stands still until {@link #advance}.
 *
 * <p>Threads that park with it really block; {@code advance} wakes all of them, whether their time
 * has come or not, because a caller of {@link CometClock#parkUntil} must be able to bear that. No
 * wake-up is lost between a thread's decision to park and an advance.
 *
 * <p>{@link #awaitAllParked()} lets a test say "and nothing happens": once it has returned, every
 * thread that ever parked with this clock has dealt with what was handed to it before.
 *
 * <p>Safe for use by any number of threads.
 */
public final class ManualClock implements CometClock {

    /** Neither 0 nor the machine's own reading: code that mixes clocks shall fail at once. */
    private static final long ARBITRARY_START = 7_000_000_000_000_000L;

    private static final Instant WALL_START = Instant.parse("2026-01-01T00:00:00Z");

    private static final class Parker {
        boolean parked;
        long times;
    }

    private final Object lock = new Object();
    private final long start;
    private final Duration patience;
    private long elapsed; // guarded by lock, as what follows
    private final Map<Thread, Parker> parkers = new HashMap<>();

    /** Begins at an arbitrary reading, at the start of the year 2026. */
    public ManualClock() {
        this(ARBITRARY_START);
    }

    /**
     * Begins at this reading.
     *
     * @param nanos the first value of {@link #nanos()}; close to {@link Long#MAX_VALUE} to see
     *     whether readings are compared by subtraction
     */
    public ManualClock(long nanos) {
        this(nanos, Recording.PATIENCE);
    }

    ManualClock(long nanos, Duration patience) {
        this.start = nanos;
        this.patience = patience;
    }

    @Override
    public long nanos() {
        synchronized (lock) {
            return start + elapsed;
        }
    }

    @Override
    public Instant now() {
        synchronized (lock) {
            return WALL_START.plusNanos(elapsed);
        }
    }

    /** Moves time on, {@link #now()} with it, and wakes every thread that parks with this clock. */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(
                    "duration is " + duration + "; time only moves forward");
        }
        synchronized (lock) {
            elapsed += duration.toNanos();
            // A thread is entered before it parks. One that is about to park finds the permit.
            parkers.forEach(
                    (thread, parker) -> {
                        if (parker.parked) {
                            LockSupport.unpark(thread);
                        }
                    });
        }
    }

    @Override
    public void parkUntil(long untilNanos) {
        Parker parker;
        synchronized (lock) {
            if (untilNanos - nanos() <= 0) {
                return;
            }
            parker = parkers.computeIfAbsent(Thread.currentThread(), thread -> new Parker());
            parker.parked = true;
            parker.times++;
            lock.notifyAll();
        }
        try {
            LockSupport.park(this);
        } finally {
            synchronized (lock) {
                parker.parked = false;
            }
        }
    }

    /**
     * Waits until every living thread that has ever parked with this clock has looked around and
     * parked again, twice: so what was handed to these threads before this call has been dealt
     * with, and what they handed to each other on that account too. What other threads do, such as
     * those of an executor, is not waited for.
     *
     * <p>At least one thread is expected to park. The calling thread does not count.
     *
     * @throws AssertionError after 10 s of real time, with the threads that do not park
     */
    public void awaitAllParked() {
        awaitAllParked(1);
    }

    /**
     * As {@link #awaitAllParked()}, when threads have just been started and may not have parked
     * yet.
     *
     * @param threads that at least so many threads park
     */
    public void awaitAllParked(int threads) {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            parkers.remove(Thread.currentThread());
            for (int round = 0; round < 2; round++) {
                // Being parked proves nothing: a thread that was just unparked looks the same. So
                // each one is sent round once more, and is expected back.
                await(end, () -> parkers.values().stream().allMatch(p -> p.parked), threads);
                Map<Thread, Long> before =
                        parkers.entrySet().stream()
                                .collect(
                                        Collectors.toMap(
                                                Map.Entry::getKey, e -> e.getValue().times));
                before.keySet().forEach(LockSupport::unpark);
                await(end, () -> allParkedSince(before), threads);
            }
        }
    }

    private boolean allParkedSince(Map<Thread, Long> before) {
        return parkers.entrySet().stream()
                .allMatch(
                        e ->
                                e.getValue().parked
                                        && e.getValue().times
                                                > before.getOrDefault(e.getKey(), 0L));
    }

    private int living() {
        // A thread's end does not notify this lock: look now and then.
        parkers.keySet().removeIf(thread -> !thread.isAlive());
        return parkers.size();
    }

    private void await(long end, BooleanSupplier condition, int threads) {
        while (living() < threads || !condition.getAsBoolean()) {
            long remaining = end - System.nanoTime();
            if (remaining <= 0) {
                throw new AssertionError(report(threads));
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(
                        lock, Math.min(remaining, TimeUnit.MILLISECONDS.toNanos(50)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for threads to park", e);
            }
        }
    }

    private String report(int threads) {
        StringBuilder text =
                new StringBuilder("after ")
                        .append(patience)
                        .append(" of real time ")
                        .append(parkers.size())
                        .append(" threads park with this clock");
        if (parkers.size() < threads) {
            text.append("; ").append(threads).append(" were expected");
        }
        parkers.forEach(
                (thread, parker) -> {
                    if (!parker.parked) {
                        text.append("\n  ").append(thread.getName()).append(" has not parked:");
                        for (StackTraceElement frame : thread.getStackTrace()) {
                            text.append("\n    at ").append(frame);
                        }
                    }
                });
        return text.toString();
    }
}
