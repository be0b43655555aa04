package dev.comet.inproc;

import java.util.concurrent.locks.ReentrantLock;

/**
 * The one order of everything: of messages, births, joins and leaves. Whoever changes something
 * that has a place in that order does it between {@link #lock} and {@link #unlock}, in a few
 * instructions: nothing is encoded, read or told there.
 */
final class Sequencer {

    private final ReentrantLock lock = new ReentrantLock();

    /** The id of the last message that readers may know of. */
    private volatile long top;

    void beginAt(long id) {
        top = id;
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    long top() {
        return top;
    }

    /**
     * Under the lock, after the message was appended wherever it belongs: from now on readers may
     * know of it.
     */
    long publish(LogEntry entry) {
        top = entry.id();
        return entry.id();
    }
}
