package dev.comet;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long a stream may be silent on either side.
 *
 * @param heartbeatNanos of the server, before it says that it is there
 * @param stallNanos of a peer that takes nothing, before it is cut off
 */
record StreamTimes(long heartbeatNanos, long stallNanos) {

    static StreamTimes of(Duration heartbeat, Duration stall) {
        return new StreamTimes(heartbeat.toNanos(), stall.toNanos());
    }

    /** In which it is heard of at the latest, in whole seconds. */
    int heartbeatSeconds() {
        return (int) TimeUnit.NANOSECONDS.toSeconds(heartbeatNanos + 999_999_999);
    }

    /** How often to see whether one of them has passed. */
    long tickNanos() {
        return Math.min(heartbeatNanos, stallNanos);
    }
}
