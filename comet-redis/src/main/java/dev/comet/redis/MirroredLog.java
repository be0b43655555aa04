package dev.comet.redis;

import dev.comet.CometMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The last messages of a shared log. Changed by {@link Mirror}; read by any thread. */
final class MirroredLog {

    /** A message, and for whom it is not. */
    record Entry(CometMessage message, String except) {
        long id() {
            return message.messageId();
        }
    }

    /** All of a log's messages above an id, as far as the mirror's top. */
    record Part(long from, List<Entry> entries) {
        long last() {
            return entries.isEmpty() ? from : entries.get(entries.size() - 1).id();
        }
    }

    final String name;
    final long since;
    volatile @Nullable Part part; // null until the store was asked
    volatile boolean isForgotten;

    /**
     * @param since what comes after this id is to be known
     */
    MirroredLog(String name, long since) {
        this.name = name;
        this.since = since;
    }

    List<Entry> entries() {
        Part known = part;
        return known == null ? List.of() : known.entries();
    }

    /** Up to where its messages are known. */
    long last() {
        Part known = part;
        return known == null ? since : known.last();
    }
}
