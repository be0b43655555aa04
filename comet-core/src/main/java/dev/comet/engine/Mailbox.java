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

        /** Runs on the owner. */
        abstract void run();
    }

    // A stack of entries, newest first; the owner takes all at once and turns them round. CLOSED
    // instead of a stack refuses entries for ever,
    // so that none can be posted behind the back of an owner that has taken its last look.
    private static final Entry CLOSED =
            new Entry() {
                @Override
                void run() {}
            };

    private final AtomicReference<@Nullable Entry> newest = new AtomicReference<>();

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

    boolean isEmpty() {
        return newest.get() == null;
    }

    /**
     * Owner. Runs what has been posted, oldest first; what is posted meanwhile waits for the next
     * call. Returns whether there was anything.
     */
    boolean runAll() {
        Entry taken = newest.get();
        if (taken == null || taken == CLOSED) {
            return false;
        }
        runInOrder(newest.getAndSet(null));
        return true;
    }

    /** Owner. Runs what has been posted and refuses everything from then on. */
    void runAllAndClose() {
        runInOrder(newest.getAndSet(CLOSED));
    }

    private static void runInOrder(@Nullable Entry stack) {
        Entry oldest = null;
        for (Entry entry = stack; entry != null && entry != CLOSED; ) {
            Entry next = entry.next;
            entry.next = oldest;
            oldest = entry;
            entry = next;
        }
        for (Entry entry = oldest; entry != null; ) {
            // Let go before it runs: from then on it may be posted again.
            Entry next = entry.next;
            entry.next = null;
            CometWaitThread.runSafely(entry);
            entry = next;
        }
    }
}
