package dev.comet.client;

import java.util.function.Consumer;

/**
 * Says when a time is over, once, and whether that was noticed late (the machine slept) so that
 * nothing is known of the peer. Belongs to its strand.
 */
final class Deadline {

    private final long millis;
    private final Consumer<Boolean> expired;
    private final Stopwatch stopwatch;
    private final Platform.Timer timer;
    private boolean over;

    /**
     * @param expired is told, on the strand, when it is over, and whether that was noticed late
     */
    Deadline(Platform platform, Strand strand, long millis, Consumer<Boolean> expired) {
        this.millis = millis;
        this.expired = expired;
        this.stopwatch = new Stopwatch(platform);
        Runnable passed = this::passed;
        this.timer = platform.every(millis, () -> strand.execute(passed));
    }

    void cancel() {
        over = true;
        timer.cancel();
    }

    private void passed() {
        if (!over) {
            cancel();
            expired.accept(stopwatch.isLate(millis));
        }
    }
}
