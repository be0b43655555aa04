package dev.comet.engine;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Deadlines of one wait thread, sorted by nothing but the slot of a hashed wheel (Varghese and
 * Lauck, 1987, scheme 6).
 *
 * <p>A timer is armed for the earliest moment at which something could be due; when it fires its
 * owner looks, and arms it again if it was too early. So nothing is cancelled when a request is
 * answered, and a client that polls ten times a second touches the wheel once per hold.
 *
 * <p>Not thread-safe: it belongs to its thread. Time is in nanoseconds of one clock. A timer fires
 * at its deadline or up to one tick later.
 */
final class TimerWheel {

    /** Something with a deadline. It is its own link, so arming allocates nothing. */
    abstract static class Timer {

        private @Nullable Timer previous;
        private @Nullable Timer next;
        private long tick = UNARMED;

        /** Owner. The deadline has passed; the timer is no longer armed. */
        abstract void fire(long nowNanos);

        final boolean isArmed() {
            return tick != UNARMED;
        }
    }

    static final long TICK_NANOS = 20_000_000;

    private static final long UNARMED = Long.MAX_VALUE;
    private static final int SLOTS = 2_048;

    /** In the place of a tick: is about to fire. */
    private static final long DUE = Long.MIN_VALUE;

    private final Timer[] slots = new Timer[SLOTS];
    private final BitSet used = new BitSet(SLOTS);

    // Those that are about to fire, in a list of their own and in order: empty but while advancing.
    // A field, so that none is lost if that is broken off; and linked, so that no tick allocates.
    private @Nullable Timer firstDue;
    private @Nullable Timer lastDue;
    private final long originNanos;
    private long currentTick;
    private int size;

    TimerWheel(long nowNanos) {
        this.originNanos = nowNanos;
    }

    int size() {
        return size;
    }

    /**
     * Sees to it that the timer fires at the deadline or earlier: one that is armed for an earlier
     * moment is left alone.
     */
    void armNoLaterThan(Timer timer, long deadlineNanos) {
        long tick = Math.max(tickAtOrAfter(deadlineNanos), currentTick + 1);
        if (timer.tick <= tick) {
            return;
        }
        disarm(timer);
        timer.tick = tick;
        int slot = slot(tick);
        Timer head = slots[slot];
        timer.next = head;
        if (head != null) {
            head.previous = timer;
        }
        slots[slot] = timer;
        used.set(slot);
        size++;
    }

    void disarm(Timer timer) {
        if (!timer.isArmed()) {
            return;
        }
        if (timer.tick == DUE) {
            unlinkDue(timer);
        } else {
            unlink(timer);
        }
        timer.previous = null;
        timer.next = null;
        timer.tick = UNARMED;
    }

    private void unlink(Timer timer) {
        if (timer.previous == null) {
            int slot = slot(timer.tick);
            slots[slot] = timer.next;
            if (timer.next == null) {
                used.clear(slot);
            }
        } else {
            timer.previous.next = timer.next;
        }
        if (timer.next != null) {
            timer.next.previous = timer.previous;
        }
        size--;
    }

    private void unlinkDue(Timer timer) {
        if (timer.previous == null) {
            firstDue = timer.next;
        } else {
            timer.previous.next = timer.next;
        }
        if (timer.next == null) {
            lastDue = timer.previous;
        } else {
            timer.next.previous = timer.previous;
        }
    }

    /**
     * Fires every timer that is due. One that fails for want of memory fires again later; so do
     * those that see to that themselves.
     */
    void advance(long nowNanos) {
        long nowTick = Math.floorDiv(nowNanos - originNanos, TICK_NANOS);
        if (nowTick > currentTick) {
            takeDue(nowTick);
            currentTick = nowTick;
        }
        for (Timer timer = firstDue; timer != null; timer = firstDue) {
            disarm(timer);
            try {
                timer.fire(nowNanos);
            } catch (Throwable e) {
                Faults.error("A timer failed; the others go on", e);
                if (e instanceof VirtualMachineError) {
                    armNoLaterThan(timer, nowNanos + Faults.RETRY_NANOS);
                }
            }
        }
    }

    private void takeDue(long nowTick) {
        // However far the clock has jumped, each slot is looked at once.
        long slotsToVisit = Math.min(nowTick - currentTick, SLOTS);
        for (long i = 1; i <= slotsToVisit; i++) {
            for (Timer timer = slots[slot(currentTick + i)]; timer != null; ) {
                Timer next = timer.next;
                if (timer.tick <= nowTick) {
                    disarm(timer);
                    addDue(timer);
                }
                timer = next;
            }
        }
    }

    private void addDue(Timer timer) {
        timer.tick = DUE;
        timer.previous = lastDue;
        if (lastDue == null) {
            firstDue = timer;
        } else {
            lastDue.next = timer;
        }
        lastDue = timer;
    }

    /**
     * When to call {@link #advance} next: at the next slot in use, which may hold only timers of
     * later rounds.
     */
    long nextWakeNanos() {
        if (size == 0) {
            return originNanos + currentTick * TICK_NANOS + SLOTS * TICK_NANOS;
        }
        int from = slot(currentTick + 1);
        int found = used.nextSetBit(from);
        int distance = found >= 0 ? found - from : SLOTS - from + used.nextSetBit(0);
        return originNanos + (currentTick + 1 + distance) * TICK_NANOS;
    }

    private long tickAtOrAfter(long deadlineNanos) {
        return Math.floorDiv(deadlineNanos - originNanos + TICK_NANOS - 1, TICK_NANOS);
    }

    private static int slot(long tick) {
        return (int) (tick & (SLOTS - 1));
    }
}
