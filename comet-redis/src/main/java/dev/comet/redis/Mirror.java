package dev.comet.redis;

import dev.comet.CometBatch;
import dev.comet.CometMessage;
import dev.comet.LogLimits;
import dev.comet.redis.MirroredLog.Entry;
import dev.comet.redis.MirroredLog.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The last messages of the shared logs that clients of this node read: so a message to many costs
 * each node one look at the store, not one for each receiver.
 *
 * <p>It is complete up to its {@link #top}: what the feed fetches are snapshots of the store, which
 * have the messages of these logs, and the news of what has changed for clients of this node, up to
 * the same moment. The news mark the {@link View}s, then the messages are added, then the top is
 * raised; readers go the other way, and whatever they find up to the top they saw is right.
 *
 * <p>Changed by the feed's thread; read by any.
 */
final class Mirror {

    /** One log's last messages are enough: those who wait look at once, others ask the store. */
    private static final int MOST_MESSAGES = 64;

    private static final long MOST_BYTES = 16 << 20;
    private static final Comparator<CometMessage> BY_ID =
            Comparator.comparingLong(CometMessage::messageId);

    private final Map<String, MirroredLog> logs = new ConcurrentHashMap<>();
    private final Queue<MirroredLog> unknown = new ConcurrentLinkedQueue<>();
    private final int mostMessages;
    private final long mostBytes;
    private long bytes; // the feed's thread's
    private volatile long top;
    private volatile long epoch;

    /**
     * @param limits of a shared log
     * @param epoch that of the store
     */
    Mirror(LogLimits limits, long epoch) {
        this.epoch = epoch;
        mostMessages = Math.min(limits.maxMessages(), MOST_MESSAGES);
        mostBytes = Math.min(limits.maxBytes(), MOST_BYTES);
    }

    /** Up to where it is complete. */
    long top() {
        return top;
    }

    /** These logs, from now on; what they have above this id is fetched by and by. */
    List<MirroredLog> logs(List<String> names, long since) {
        List<MirroredLog> found = new ArrayList<>(names.size());
        for (String name : names) {
            found.add(
                    logs.computeIfAbsent(
                            name,
                            unseen -> {
                                MirroredLog log = new MirroredLog(name, since);
                                unknown.add(log);
                                return log;
                            }));
        }
        return List.copyOf(found);
    }

    // ---- readers

    /**
     * What is above the cursor in the logs of the view.
     *
     * @param upTo the top, as it was before anybody looked for the view
     * @param tooOld ids up to this one may be too old
     * @return null if the store has to be asked
     */
    @Nullable CometBatch read(
            View view, long upTo, long cursor, int maxMessages, int maxBytes, long tooOld) {
        if (cursor > upTo || view.epoch() != epoch || !view.isEnoughFor(cursor)) {
            return null;
        }
        long after = Math.max(cursor, view.above());
        List<CometMessage> found = List.of();
        int logsWithMessages = 0;
        for (MirroredLog log : view.logs()) {
            Part part = log.part;
            if (part == null || log.isForgotten || part.from() > after) {
                return null;
            }
            List<Entry> entries = part.entries();
            int first = entries.size();
            while (first > 0 && entries.get(first - 1).id() > after) {
                first--;
            }
            boolean any = false;
            for (Entry entry : entries.subList(first, entries.size())) {
                if (entry.id() <= tooOld) {
                    return null;
                }
                if (entry.id() <= upTo && !entry.except().equals(view.me())) {
                    found = found.isEmpty() ? new ArrayList<>() : found;
                    found.add(entry.message());
                    any = true;
                }
            }
            logsWithMessages += any ? 1 : 0;
        }
        if (found.isEmpty()) {
            return CometBatch.nothing(upTo);
        }
        if (logsWithMessages > 1) {
            found.sort(BY_ID);
        }
        return batch(found, maxMessages, maxBytes);
    }

    private static CometBatch batch(List<CometMessage> found, int maxMessages, int maxBytes) {
        int count = 0;
        long size = 0;
        while (count < found.size() && count < maxMessages) {
            size += found.get(count).encoded().sizeInBytes();
            if (size > maxBytes && count > 0) {
                break;
            }
            count++;
        }
        boolean isWhole = count == found.size();
        List<CometMessage> messages = isWhole ? found : found.subList(0, count);
        return new CometBatch(List.of(), messages, messages.get(count - 1).messageId(), isWhole);
    }

    // ---- the feed's thread

    /**
     * Which of these logs are to be fetched, with those nobody has asked for; and from where on.
     */
    Map<String, Long> toFetch(Set<String> grown) {
        Map<String, Long> wanted = new LinkedHashMap<>();
        for (MirroredLog log : unknown) {
            wanted.put(log.name, log.last());
        }
        for (String name : grown) {
            MirroredLog log = logs.get(name);
            if (log != null) {
                wanted.put(name, log.last());
            }
        }
        return wanted;
    }

    boolean has(String name) {
        return logs.containsKey(name);
    }

    /**
     * A log as the store has it.
     *
     * @param dropped the highest id that the store has dropped
     * @param messages what it has above where it was known: ids, sizes, contents, for whom not
     * @param upTo the highest id in the store
     */
    void fetched(String name, long dropped, Reply messages, long upTo) {
        MirroredLog log = logs.get(name);
        if (log == null) {
            return; // nobody reads it any more
        }
        unknown.remove(log);
        Part before = log.part;
        long from = before == null ? log.since : before.from();
        List<Entry> entries = new ArrayList<>(log.entries());
        if (dropped > log.last() || messages.size() > MOST_MESSAGES) {
            forgetEntries(entries, entries.size());
            log.part = new Part(upTo, List.of());
            return;
        }
        for (int i = 0; i < messages.size(); i++) {
            Reply entry = messages.list(i);
            Reply fields = entry.list(1);
            long id = Feed.id(entry.text(0));
            entries.add(
                    new Entry(
                            new CometMessage(id, Codec.message(fields.bytes(3))),
                            fields.size() > 5 ? fields.text(5) : ""));
            bytes += size(entries.get(entries.size() - 1));
        }
        int gone = 0;
        long left = 0;
        for (Entry entry : entries) {
            left += size(entry);
        }
        while (entries.size() - gone > mostMessages || left > mostBytes) {
            left -= size(entries.get(gone));
            from = entries.get(gone).id();
            gone++;
        }
        forgetEntries(entries, gone);
        log.part = new Part(from, List.copyOf(entries.subList(gone, entries.size())));
    }

    private static long size(Entry entry) {
        return entry.message().encoded().sizeInBytes();
    }

    private void forgetEntries(List<Entry> entries, int count) {
        for (Entry entry : entries.subList(0, count)) {
            bytes -= size(entry);
        }
    }

    /** All logs that have grown up to this id were fetched, and all news up to there were told. */
    void isCompleteUpTo(long id) {
        if (bytes > MOST_BYTES) {
            logs.values().forEach(log -> log.part = new Part(id, List.of()));
            bytes = 0;
        }
        top = Math.max(top, id);
    }

    /**
     * Nobody knows what was missed.
     *
     * @param epoch that of the store from now on: what it has had before may be another's
     */
    void forget(long epoch) {
        keepOnly(Set.of());
        bytes = 0;
        top = 0;
        this.epoch = epoch;
    }

    /** Others than these nobody reads. */
    void keepOnly(Set<MirroredLog> inUse) {
        logs.values()
                .removeIf(
                        log -> {
                            boolean isUnused = !inUse.contains(log);
                            if (isUnused) {
                                log.isForgotten = true;
                                forgetEntries(log.entries(), log.entries().size());
                            }
                            return isUnused;
                        });
        unknown.removeIf(log -> log.isForgotten);
    }

    /** How many logs there are. */
    int size() {
        return logs.size();
    }

    static Set<MirroredLog> union(List<View> views) {
        Set<MirroredLog> all = new HashSet<>();
        views.forEach(view -> all.addAll(view.logs()));
        return all;
    }
}
