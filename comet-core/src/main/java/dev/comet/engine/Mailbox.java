package dev.comet.engine;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What others ask of a wait thread: any number of threads post, one takes, in order of posting.
 *
 * <p>An entry is its own link, so posting allocates nothing. It may be posted again once it has
 * been taken, not before.
 */
final class Mailbox {

    /** One thing to be done by the owner. */
    abstract static class Entry {

        private @Nullable Entry next;

        /** The owner has come to it. What it throws is logged, and harms no other entry. */
        abstract void met();

        /**
         * Whether it is done once, and can be done again if it failed for want of memory. Never of
         * an entry that others may post again by then: it has one link.
         */
        boolean isRepeatable() {
            return false;
        }
    }

    // A stack of entries, newest first; the owner takes all at once and turns them round. CLOSED
    // instead of a stack refuses entries for ever,
    // so that none can be posted behind the back of an owner that has taken its last look.
    private static final Entry CLOSED =
            new Entry() {
                @Override
                void met() {}
            };

    private final AtomicReference<@Nullable Entry> newest = new AtomicReference<>();

    // The owner's. Fields, so that what was taken is not lost if the owner is thrown out of here.
    private @Nullable Entry oldestTaken;
    private @Nullable Entry lastFailed;

    /** Any thread. Returns false if the mailbox is closed: the entry will not run. */
    boolean post(Entry entry) {
        while (true) {
            Entry before = newest.get();
            if (before == CLOSED) {
                return false;
            }
            entry.next = before;
            if (newest.compareAndSet(before, entry)) {
                return true;
            }
        }
    }

    boolean isClosed() {
        return newest.get() == CLOSED;
    }

    /** Owner. Whether nothing has been posted, nor is left of what was taken. */
    boolean isEmpty() {
        return newest.get() == null && oldestTaken == null;
    }

    /**
     * Owner. Runs what has been posted, oldest first; what is posted meanwhile waits for the next
     * call. Returns whether there was anything.
     */
    boolean runAll() {
        if (oldestTaken == null) {
            Entry posted = newest.get();
            if (posted == null || posted == CLOSED) {
                return false;
            }
            oldestTaken = turned(newest.getAndSet(null));
        }
        runTaken();
        return true;
    }

    /** Owner. Runs what has been posted and refuses everything from then on. */
    void runAllAndClose() {
        runTaken();
        oldestTaken = turned(newest.getAndSet(CLOSED));
        runTaken();
        repeatFailed();
        runTaken();
    }

    /** Owner. Whether there is an entry that failed for want of memory. */
    boolean hasFailed() {
        return lastFailed != null;
    }

    /** Owner. Has those that failed run once more, by the next call of {@link #runAll}. */
    void repeatFailed() {
        Entry failed = lastFailed;
        lastFailed = null;
        for (Entry entry = failed; entry != null; ) {
            Entry before = entry.next;
            entry.next = oldestTaken;
            oldestTaken = entry;
            entry = before;
        }
    }

    private static @Nullable Entry turned(@Nullable Entry stack) {
        Entry oldest = null;
        for (Entry entry = stack; entry != null && entry != CLOSED; ) {
            Entry next = entry.next;
            entry.next = oldest;
            oldest = entry;
            entry = next;
        }
        return oldest;
    }

    private void runTaken() {
        for (Entry entry = oldestTaken; entry != null; entry = oldestTaken) {
            // Let go before it runs: from then on it may be posted again.
            oldestTaken = entry.next;
            entry.next = null;
            try {
                entry.met();
            } catch (Throwable e) {
                Faults.error("An entry of a mailbox failed; the others go on", e);
                if (e instanceof VirtualMachineError && entry.isRepeatable()) {
                    entry.next = lastFailed;
                    lastFailed = entry;
                }
            }
        }
    }
}
