package dev.comet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Moves when told to, and then wakes whoever parks. */
public final class MovedClock implements WaitClock {

    private volatile long nanos;
    private final List<Thread> parkers = new ArrayList<>();

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void parkUntil(long untilNanos) {
        synchronized (parkers) {
            if (untilNanos - nanos <= 0) {
                return;
            }
            parkers.add(Thread.currentThread());
        }
        LockSupport.park(this);
    }

    public void advance(long by) {
        synchronized (parkers) {
            nanos += by;
            parkers.forEach(LockSupport::unpark);
            parkers.clear();
        }
    }
}
