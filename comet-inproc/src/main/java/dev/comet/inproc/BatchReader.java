package dev.comet.inproc;

import dev.comet.CometBatch;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Reads what one client gets, log by log, and merges it. For one use by one thread. */
final class BatchReader {

    private static final Comparator<CometMessage> BY_ID =
            Comparator.comparingLong(CometMessage::messageId);

    private final ClientRecord record;
    private final long cursor;
    private final long top;
    private final int maxMessages;
    private final List<CometMessage> found = new ArrayList<>(4);
    private List<CometGap> gaps;
    private int logsWithMessages;
    private boolean overtaken;

    /**
     * @param cursor what the client has
     * @param top up to where it is looked after by this read
     * @param gaps what it has lost before any log was read
     */
    BatchReader(ClientRecord record, long cursor, long top, int maxMessages, List<CometGap> gaps) {
        this.record = record;
        this.cursor = cursor;
        this.top = top;
        this.maxMessages = maxMessages;
        this.gaps = gaps;
    }

    /**
     * Reads the part of a log that is the client's: {@code above < id <= until}, as far as the top.
     */
    void read(MessageLog log, long above, long until) {
        int before = found.size();
        // Each log gives its first ones: so the first ones of all logs together are complete.
        LogStart start = log.read(record, above, Math.min(top, until), maxMessages, found);
        if (found.size() > before) {
            logsWithMessages++;
        }
        long lost = Math.min(start.idFor(record), until);
        overtaken |= lost > top;
        if (lost > above) {
            announce(new CometGap(above + 1, lost, start.reason()));
        }
    }

    /**
     * After all logs: the last message of those logs that the client has left, confirmed, and reads
     * no more.
     */
    void forgotten(long id) {
        if (id > cursor) {
            announce(new CometGap(cursor + 1, id, CometGap.Reason.CONFIRMED));
        }
    }

    private void announce(CometGap gap) {
        List<CometGap> more = new ArrayList<>(gaps);
        more.add(gap);
        gaps = more;
    }

    /**
     * Whether a log let go of messages above the top while it was read: the top is out of date, and
     * a gap up to there too.
     */
    boolean wasOvertaken() {
        return overtaken;
    }

    CometBatch batch(int maxBytes) {
        if (logsWithMessages > 1) {
            found.sort(BY_ID); // runs that rise: a merge
        }
        List<CometMessage> messages = cut(maxBytes);
        if (messages.isEmpty()) {
            return new CometBatch(gaps, List.of(), Math.max(top, cursor), true);
        }
        return new CometBatch(
                gaps,
                messages,
                messages.get(messages.size() - 1).messageId(),
                messages.size() == found.size() && found.size() < maxMessages);
    }

    private List<CometMessage> cut(int maxBytes) {
        int count = Math.min(found.size(), maxMessages);
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += found.get(i).encoded().sizeInBytes();
            if (bytes > maxBytes && i > 0) {
                return found.subList(0, i);
            }
        }
        return count == found.size() ? found : found.subList(0, count);
    }
}
