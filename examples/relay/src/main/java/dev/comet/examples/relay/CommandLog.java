package dev.comet.examples.relay;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What became of the commands: one entry for each, until the {@linkplain Jobs clean job} takes it
 * away. Bounded. Safe for use by any number of threads.
 */
final class CommandLog {

    private static final int MAX_ENTRIES = 100_000;

    /** How a command ended; WAITING until then. */
    enum State {
        WAITING,
        REPLIED,
        TIMED_OUT,
        OFFLINE,
        REFUSED;

        boolean isOver() {
            return this != WAITING;
        }
    }

    /** One command. */
    record Entry(String correlationId, String phone, String gateway, Instant began, State state) {
        Entry endedAs(State how) {
            return new Entry(correlationId, phone, gateway, began, how);
        }
    }

    /**
     * What one cleaning took away.
     *
     * @param completed entries that were over
     * @param expired entries that never ended, and are older than any command may take
     */
    record Cleaned(int completed, int expired) {}

    private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();
    private final Clock clock;
    private final Duration expiry;

    /**
     * @param expiry what has waited for longer has been forgotten by everybody else
     */
    CommandLog(Clock clock, Duration expiry) {
        this.clock = clock;
        this.expiry = expiry;
    }

    /** Returns false if there are too many: then the command is not to be sent. */
    boolean began(String correlationId, String phone, String gateway) {
        return entries.size() < MAX_ENTRIES
                && entries.putIfAbsent(
                                correlationId,
                                new Entry(
                                        correlationId,
                                        phone,
                                        gateway,
                                        clock.instant(),
                                        State.WAITING))
                        == null;
    }

    void ended(String correlationId, State how) {
        entries.computeIfPresent(correlationId, (id, entry) -> entry.endedAs(how));
    }

    List<Entry> all() {
        return List.copyOf(entries.values());
    }

    /** Takes away everything that is over, and everything that is too old, wherever it lies. */
    Cleaned clean() {
        Instant oldest = clock.instant().minus(expiry);
        int completed = 0;
        int expired = 0;
        for (Entry entry : entries.values()) {
            boolean over = entry.state().isOver();
            // Only this very entry: one that has ended meanwhile is another, and counted next time.
            if ((over || entry.began().isBefore(oldest))
                    && entries.remove(entry.correlationId(), entry)) {
                completed += over ? 1 : 0;
                expired += over ? 0 : 1;
            }
        }
        return new Cleaned(completed, expired);
    }
}
