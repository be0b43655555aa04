package dev.comet.testkit.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What was recorded so far, in order, and a way to wait for more. A wait that is in vain ends with
 * an {@link AssertionError} that says what was wanted and what was there.
 */
public final class Recording<T> {

    /** Real time; generous, because it only ever passes when a test fails. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Duration patience;
    private final List<T> entries = new ArrayList<>(); // guarded by this

    public Recording() {
        this(PATIENCE);
    }

    public Recording(Duration patience) {
        this.patience = patience;
    }

    public synchronized void add(T entry) {
        entries.add(entry);
        notifyAll();
    }

    public synchronized List<T> all() {
        return List.copyOf(entries);
    }

    public synchronized void clear() {
        entries.clear();
    }

    public List<T> matching(Predicate<? super T> wanted) {
        return all().stream().filter(wanted).toList();
    }

    /** The first so many that match, once there are so many. */
    public synchronized List<T> await(int count, Predicate<? super T> wanted, String what) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            List<T> found = entries.stream().filter(wanted).limit(count).toList();
            if (found.size() == count) {
                return found;
            }
            long remaining = end - System.nanoTime();
            if (remaining <= 0) {
                throw new AssertionError(
                        "waited %s for %d × %s; there were %d. Recorded: %s"
                                .formatted(patience, count, what, found.size(), entries));
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, remaining);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for " + what, e);
            }
        }
    }
}
