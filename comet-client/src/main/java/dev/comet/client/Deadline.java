package dev.comet.client;

import java.util.function.Consumer;

/**
 * Says when a time is over, and whether it was the timer that was late (a machine that slept)
 * rather than the peer. Waits in slices: a machine that wakes up finds out soon, and a clock that
 * is set back costs nothing. Belongs to its strand.
 */
final class Deadline {

    private static final long SLICE_MILLIS = 5_000;
    private static final long LATE_MILLIS = 5_000;

    private final Platform platform;
    private final Strand strand;
    private final Consumer<Boolean> expired;
    private long left;
    private long since;
    private boolean late;
    private boolean over;
    private Platform.Timer timer = () -> {};

    /**
     * @param expired is told, on the strand, when it is over, and whether the timer was late
     */
    Deadline(Platform platform, Strand strand, long millis, Consumer<Boolean> expired) {
        this.platform = platform;
        this.strand = strand;
        this.left = millis;
        this.expired = expired;
        arm();
    }

    void cancel() {
        over = true;
        timer.cancel();
    }

    private void arm() {
        long slice = Math.min(left, SLICE_MILLIS);
        since = platform.nowMillis();
        timer = platform.schedule(slice, () -> strand.execute(() -> passed(slice)));
    }

    private void passed(long slice) {
        if (over) {
            return;
        }
        long passed = Math.max(slice, platform.nowMillis() - since);
        late |= passed > slice + LATE_MILLIS;
        left -= passed;
        if (left > 0) {
            arm();
        } else {
            over = true;
            expired.accept(late);
        }
    }
}
