package dev.comet.inproc;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the shared logs take of the {@link Memory}, or the own logs: how much, and which of them has
 * the oldest message.
 *
 * <p><b>Threading.</b> What is added is counted under the {@link Sequencer}, what is freed by any
 * thread, without a lock. The order of logs is kept by any thread; a log's own place in it is
 * guarded by that log's monitor.
 */
final class MemoryPart {

    /*
     * A log is listed under the id of a message that was its oldest. It is not listed anew each time that one goes: the place is then too early, which is
     * seen, and set right, when the log is asked to give way. So a log that is written and read all the time costs nothing here, and to find the oldest
     * message costs a few steps, however many logs there are. A log that is empty is unlisted when it is asked, by tidy, or when it is discarded.
     */
    private final ConcurrentSkipListMap<Place, MessageLog> byAge = new ConcurrentSkipListMap<>();
    private final AtomicLong places = new AtomicLong();

    private final FreedCount freedBytes = new FreedCount();
    private final FreedCount freedMessages = new FreedCount();
    private final FreedCount lost = new FreedCount();

    // Written under the sequencer.
    private volatile long addedBytes;
    private volatile long addedMessages;
    private volatile long freedBytesSeen;

    /**
     * Where a log is listed.
     *
     * @param oldestId no message of the log has a lower id
     * @param number tells logs apart that begin with the same message
     */
    record Place(long oldestId, long number) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int byId = Long.compare(oldestId, other.oldestId);
            return byId != 0 ? byId : Long.compare(number, other.number);
        }
    }

    // ---- how much

    /** Under the sequencer: the message is in one more log. Takes no memory. */
    void added(LogEntry entry) {
        boolean isFirst = entry.addCopy();
        count(isFirst ? 1 : 0, Memory.PER_COPY + (isFirst ? entry.cost() : 0));
    }

    /** Under the sequencer: the message will be in so many logs, as its copies say. */
    void reserve(LogEntry entry, int copies) {
        count(1, entry.cost() + (long) copies * Memory.PER_COPY);
    }

    private void count(int messages, long bytes) {
        long messagesBefore = addedMessages;
        long bytesBefore = addedBytes;
        if (messages > 0) {
            addedMessages = messagesBefore + messages;
        }
        addedBytes = bytesBefore + bytes;
    }

    /** The message is in one log less. Takes no memory. */
    void freed(LogEntry entry) {
        boolean wasLast = entry.removeCopy();
        freedBytes.add(Memory.PER_COPY + (wasLast ? entry.cost() : 0));
        if (wasLast) {
            freedMessages.add(1);
        }
    }

    long bytes() {
        return addedBytes - freedBytes.sum();
    }

    long messages() {
        return addedMessages - freedMessages.sum();
    }

    /** As {@link #bytes}, or more, at the price of a subtraction. */
    long bytesAtMost() {
        long seen = freedBytesSeen; // first: what is freed later does not make it too little
        return addedBytes - seen;
    }

    /** Under the sequencer. */
    long bytesNow() {
        freedBytesSeen = freedBytes.sum();
        return bytesAtMost();
    }

    /** A message that had not been delivered gave way. */
    void lost() {
        lost.add(1);
    }

    /** How many there were. */
    long lostMessages() {
        return lost.sum();
    }

    // ---- who is first

    /** Under the log's monitor. */
    Place list(MessageLog log, long oldestId) {
        Place place = new Place(oldestId, places.incrementAndGet());
        byAge.put(place, log);
        return place;
    }

    /** Under the monitor of the log that is listed there. */
    void unlist(Place place) {
        byAge.remove(place);
    }

    /** The log that has the oldest message; null if all are empty. */
    @Nullable MessageLog oldest() {
        for (Map.Entry<Place, MessageLog> first = byAge.firstEntry();
                first != null;
                first = byAge.firstEntry()) {
            if (first.getValue().isListedRight(first.getKey())) {
                return first.getValue();
            }
        }
        return null;
    }

    /** Drops the oldest message of all. Returns false if there is none. */
    boolean dropOldest() {
        for (MessageLog log = oldest(); log != null; log = oldest()) {
            if (log.giveWay()) {
                return true;
            }
        }
        return false;
    }
}
