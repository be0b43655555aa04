package dev.comet.client;

/** How long something has taken, whoever sets the clock meanwhile. Immutable. */
final class Stopwatch {

    /** What timers may be late by without a reason. */
    private static final long LATE_MILLIS = 5_000;

    private final Platform platform;
    private final long began;
    private final long wallBegan;

    /** Begins now. */
    Stopwatch(Platform platform) {
        this.platform = platform;
        this.began = platform.elapsedMillis();
        this.wallBegan = platform.wallMillis();
    }

    long millis() {
        return platform.elapsedMillis() - began;
    }

    /**
     * What was to take so long has taken far longer by one of the clocks: the machine slept, or
     * somebody set the wall clock forward. Nobody can tell which, so whoever asks does only what
     * harms in neither case.
     */
    boolean isLate(long millis) {
        long wall = platform.wallMillis() - wallBegan;
        return Math.max(millis(), wall) > millis + LATE_MILLIS;
    }
}
