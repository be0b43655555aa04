package dev.comet.redis;

import io.lettuce.core.XReadArgs.StreamOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node is told by the others: it follows two streams, that of all nodes and its own, one
 * entry after the other. Each entry has the id of the one before it: whatever was missed is
 * noticed, and {@link News#missed} is told, until that has succeeded.
 */
final class Feed implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Feed.class);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** Whom it tells. Called by the feed's thread. */
    interface News {

        /**
         * What to fetch of the store in the same moment as the news, as arguments for its script.
         *
         * @param grown shared logs that have grown
         */
        List<Object> toFetch(Set<String> grown);

        /**
         * What was fetched, and the news of this node alone.
         *
         * @param top the highest id of the store at that moment
         */
        void fetched(List<Entry> own, Reply logs, long top);

        /**
         * There is no more at this moment.
         *
         * @param grown shared logs that have grown since it was called last
         */
        void isCompleteUpTo(long top, Set<String> grown);

        /** Whether what this log has is to be fetched. */
        boolean isFollowed(String log);

        /** Entries were lost, nobody knows which. Again, if it throws. */
        void missed();
    }

    /** What one node says to another, or to all. */
    record Entry(long id, Map<String, String> fields) {

        static Entry of(Reply entry) {
            Reply parts = entry.list(1);
            Map<String, String> fields = new HashMap<>();
            for (int i = 0; i + 1 < parts.size(); i += 2) {
                fields.put(parts.text(i), parts.text(i + 1));
            }
            return new Entry(Feed.id(entry.text(0)), fields);
        }

        String text(String field) {
            return fields.getOrDefault(field, "");
        }

        /** The shared log that has grown. */
        String log() {
            return text("t").equals("e") ? "e" : "g:" + text("l");
        }
    }

    /** Up to where the streams have been read. */
    record Position(long all, long own) {}

    private static final Position NOWHERE = new Position(-1, -1);

    private final Connection connection;
    private final String allKey;
    private final String ownKey;
    private final News news;
    private final Thread thread;

    /** Where to go on, if not behind what was read last. */
    private final AtomicReference<Position> moved = new AtomicReference<>();

    private long epoch; // its thread's: that in which everything was looked at last
    private volatile Position position;
    private volatile boolean hasMissed; // until everything has been looked at again
    private volatile boolean isLooking; // at everything: it reads nothing meanwhile
    private Position behindAt = NOWHERE; // the lease's thread's
    private volatile boolean closed;

    /**
     * @param begin the last ids before this node began
     */
    Feed(Connection connection, String prefix, String node, Position begin, News news) {
        this.connection = connection;
        this.epoch = connection.awaitEpoch();
        this.allKey = prefix + "f";
        this.ownKey = prefix + "i:" + node;
        this.news = news;
        this.position = begin;
        this.thread = new Thread(this, "comet-redis-feed");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Up to where it has read. */
    Position position() {
        return position;
    }

    /**
     * The last ids of both streams, as the store says. Those of a store that has lost some are
     * below what was read before. If there was more to read and none of it has been read when this
     * is called the next time, the feed's connection is dead.
     *
     * @param before the position before the store was asked
     */
    void lastIdsAre(long all, long own, Position before) {
        if (all < before.all() || own < before.own()) {
            moved.set(new Position(all, own));
            return;
        }
        boolean isBehind = (all > before.all() || own > before.own()) && !isLooking;
        boolean isStuck = isBehind && before.equals(behindAt);
        if (isStuck) {
            LOG.warn("The news of other nodes do not come; reading them by another connection");
            hasMissed = true;
            connection.renew();
        }
        behindAt = isBehind && !isStuck ? before : NOWHERE;
    }

    @Override
    public void run() {
        while (!closed) {
            try {
                Position to = moved.getAndSet(null);
                if (to != null) {
                    position = to;
                    hasMissed = true;
                }
                long now = connection.awaitEpoch();
                if (now != epoch) {
                    epoch = now;
                    hasMissed = true; // another server may not have what this node was told
                }
                if (hasMissed) {
                    hasMissed = false; // before: what is missed from now on is missed anew
                    boolean isDone = false;
                    isLooking = true;
                    try {
                        news.missed();
                        isDone = true;
                    } finally {
                        isLooking = false;
                        hasMissed |= !isDone;
                    }
                }
                Position from = position;
                if (connection.awaitFeeds(
                        StreamOffset.from(allKey, from.all() + "-0"),
                        StreamOffset.from(ownKey, from.own() + "-0"))) {
                    follow();
                }
            } catch (Throwable e) {
                if (!closed) {
                    Quietly.debug(LOG, "The feed could not be read; trying again", e);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }
    }

    /** Reads on to the end of both streams, and has fetched what has grown. */
    private void follow() {
        Position begin = position;
        boolean isDone = false;
        try {
            followToTheEnd();
            isDone = true;
        } finally {
            hasMissed |= !isDone && !position.equals(begin); // not all of it was told
        }
    }

    private void followToTheEnd() {
        Set<String> grown = new LinkedHashSet<>();
        boolean isDone = false;
        while (!isDone) {
            Position from = position;
            Set<String> asked = new LinkedHashSet<>(grown);
            List<Object> arguments = new ArrayList<>(List.of(from.all(), from.own()));
            arguments.addAll(news.toFetch(asked));
            Reply reply = connection.runForNode(Script.FOLLOW, arguments.toArray());
            if (connection.epoch() != epoch) {
                hasMissed = true; // it may be another store's
                return;
            }
            long top = reply.number(1);
            List<Entry> all = entries(reply.list(3), from.all());
            List<Entry> own = entries(reply.list(4), from.own());
            position = new Position(last(all, from.all()), last(own, from.own()));
            for (Entry entry : all) {
                grown.add(entry.log());
            }
            news.fetched(own, reply.list(5), top);
            boolean isAllFetched =
                    all.stream()
                            .map(Entry::log)
                            .allMatch(log -> asked.contains(log) || !news.isFollowed(log));
            isDone = reply.number(2) == 0 && isAllFetched;
            if (isDone) {
                if (position.all() != reply.number(6) || position.own() != reply.number(7)) {
                    hasMissed = true; // they were never there, or are there no more
                    position = new Position(reply.number(6), Math.max(0, reply.number(7)));
                }
                if (!hasMissed) { // else all is looked at before anybody is answered from memory
                    news.isCompleteUpTo(top, grown);
                }
            }
        }
    }

    private List<Entry> entries(Reply reply, long before) {
        List<Entry> entries = new ArrayList<>(reply.size());
        long last = before;
        for (int i = 0; i < reply.size(); i++) {
            Entry entry = Entry.of(reply.list(i));
            if (!entry.text("v").equals(String.valueOf(last))) {
                hasMissed = true;
            }
            last = entry.id();
            entries.add(entry);
        }
        return entries;
    }

    private static long last(List<Entry> entries, long before) {
        return entries.isEmpty() ? before : entries.get(entries.size() - 1).id();
    }

    /** The number in an entry's id. */
    static long id(String text) {
        return Long.parseLong(text.substring(0, text.indexOf('-')));
    }

    /** Returns once its thread is done, if that is not the caller's. */
    void close() {
        closed = true;
        thread.interrupt();
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(2_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
