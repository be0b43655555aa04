package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs.StreamOffset;
import java.util.List;
import java.util.Map;
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

        /** One entry of either stream. */
        void told(Entry entry);

        /** Entries were lost, nobody knows which. Again, if it throws. */
        void missed();
    }

    /** What one node says to another, or to all. */
    record Entry(Map<String, byte[]> fields) {

        String text(String field) {
            byte[] value = fields.get(field);
            return value == null ? "" : new String(value, UTF_8);
        }
    }

    /** Up to where the streams have been read. */
    record Position(long all, long own) {}

    private static final Position NOWHERE = new Position(-1, -1);

    private final Connection connection;
    private final String allKey;
    private final String ownKey;
    private final String node;
    private final News news;
    private final Thread thread;

    /** Where to go on, if not behind what was read last. */
    private final AtomicReference<Position> moved = new AtomicReference<>();

    private volatile Position position;
    private volatile boolean hasMissed; // until everything has been looked at again
    private volatile boolean isLooking; // at everything: it reads nothing meanwhile
    private Position behindAt = NOWHERE; // the lease's thread's
    private volatile boolean closed;

    /**
     * @param all the last id of the stream of all nodes before this one began
     */
    Feed(Connection connection, String prefix, String node, long all, News news) {
        this.connection = connection;
        this.allKey = prefix + "f";
        this.ownKey = prefix + "i:" + node;
        this.node = node;
        this.news = news;
        this.position = new Position(all, 0);
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

    /** Something may have been missed. */
    void looksAtEverything() {
        hasMissed = true;
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
            connection.reopenFeed();
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
                List<StreamMessage<String, byte[]>> found =
                        connection.readFeeds(
                                StreamOffset.from(allKey, from.all() + "-0"),
                                StreamOffset.from(ownKey, from.own() + "-0"));
                found.forEach(this::met);
            } catch (InterruptedException e) {
                return;
            } catch (Throwable e) {
                if (!closed) {
                    LOG.debug("The feed could not be read; trying again", e);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }
    }

    private void met(StreamMessage<String, byte[]> message) {
        long id = Long.parseLong(message.getId().substring(0, message.getId().indexOf('-')));
        boolean isOwn = message.getStream().equals(ownKey);
        Position before = position;
        long last = isOwn ? before.own() : before.all();
        position = isOwn ? new Position(before.all(), id) : new Position(id, before.own());
        try {
            Entry entry = new Entry(message.getBody());
            if (!entry.text("v").equals(String.valueOf(last))) {
                hasMissed = true;
            }
            if (!entry.text("n").equals(node)) { // who has said it knows it already
                news.told(entry);
            }
        } catch (Throwable e) {
            hasMissed = true;
            LOG.debug("News of another node was not dealt with; looking at everything", e);
        }
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
