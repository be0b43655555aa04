package dev.comet.postgresql;

import dev.comet.CometLimits;
import dev.comet.LogLimits;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node as the others see it: there, for as long as it renews its lease. It does so on a
 * connection of its own, on which it listens to what is told at each commit. When that connection
 * is lost it opens another one, and has everything looked at, until that has succeeded: nobody
 * knows what was told meanwhile.
 */
final class Node implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int MOST_SILENCE_MILLIS = 500;

    /** Whom it tells. Called by the node's thread. */
    interface News {

        /** What the store says. */
        void told(String news);

        /** Something was not heard, nobody knows what. Again, if it throws. */
        void missed();

        /** A little time has passed. */
        void passed();
    }

    private final Database database;
    private final Duration lease;
    private final CometLimits limits;
    private final News news;
    private final Thread thread = new Thread(this, "comet-postgresql");
    private final AtomicBoolean stopped = new AtomicBoolean();
    private @Nullable Connection first; // the thread's, as the rest, once that has begun
    private long renewedNanos;
    private boolean hasMissed;
    private boolean fails;

    Node(Database database, Duration lease, CometLimits limits, News news) {
        this.database = database;
        this.lease = lease;
        this.limits = limits;
        this.news = news;
        thread.setDaemon(true);
    }

    /** When it returns the node is there, and nothing is missed. */
    void start() {
        try {
            first = connect();
        } catch (SQLException e) {
            throw new IllegalStateException("PostgreSQL failed at LISTEN", e);
        }
        thread.start();
    }

    private Connection connect() throws SQLException {
        Connection opened = database.open();
        boolean isListening = false;
        try (Statement statement = opened.createStatement()) {
            statement.execute("listen " + database.schema());
            renewLease(opened);
            isListening = true;
            return opened;
        } finally {
            if (!isListening) {
                opened.close();
            }
        }
    }

    private void renewLease(Connection connection) throws SQLException {
        LogLimits own = limits.clientLog();
        LogLimits shared = limits.sharedLog();
        database.call(
                connection,
                "lease",
                TimeUnit.NANOSECONDS.toMicros(lease.toNanos()),
                limits.maxClients(),
                limits.maxGroups(),
                limits.maxGroupsPerClient(),
                limits.maxTotalBytes(),
                limits.overflow().name(),
                own.maxMessages(),
                own.maxBytes(),
                ageInMicros(own),
                shared.maxMessages(),
                shared.maxBytes(),
                ageInMicros(shared));
        renewedNanos = System.nanoTime();
    }

    private static @Nullable Long ageInMicros(LogLimits log) {
        return log.maxAge().equals(LogLimits.ANY_AGE)
                ? null
                : Math.max(1, TimeUnit.NANOSECONDS.toMicros(log.maxAge().toNanos()));
    }

    @Override
    public void run() {
        do { // at least once, also if it is stopped already: the first connection is to be given
            // back
            try (Connection current = first == null ? connect() : first) {
                first = null;
                try {
                    follow(current);
                } finally {
                    unlisten(current);
                }
            } catch (SQLException | RuntimeException e) {
                hasMissed = true;
                if (!fails && !stopped.get()) {
                    LOG.warn("PostgreSQL fails; what is held stays held, and is asked again", e);
                }
                fails = true;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } while (!stopped.get());
    }

    private void follow(Connection current) throws SQLException {
        while (!stopped.get()) {
            if (hasMissed) {
                news.missed();
                hasMissed = false;
            }
            if (fails) {
                LOG.info("PostgreSQL answers again");
                fails = false;
            }
            hear(current);
            if (System.nanoTime() - renewedNanos > lease.toNanos() / 4) {
                renewLease(current);
            }
            news.passed();
        }
    }

    /** Who gets this connection of the pool next does not listen. */
    private static void unlisten(Connection current) {
        try (Statement statement = current.createStatement()) {
            statement.execute("unlisten *");
        } catch (SQLException e) {
            LOG.debug("The connection is dead", e);
        }
    }

    private void hear(Connection current) throws SQLException {
        int most = (int) Math.min(MOST_SILENCE_MILLIS, lease.toMillis() / 4);
        for (PGNotification one : current.unwrap(PGConnection.class).getNotifications(most)) {
            try {
                news.told(one.getParameter());
            } catch (RuntimeException e) {
                hasMissed = true;
                LOG.debug("News was not dealt with; looking at everything", e);
            }
        }
    }

    /** Renews no more, and hears only what comes now. Returns whether this call did it. */
    boolean stop() {
        return stopped.compareAndSet(false, true);
    }

    /** Returns once its thread is done, if that is not the caller's. */
    void join() {
        try {
            if (Thread.currentThread() != thread) {
                thread.join(TimeUnit.SECONDS.toMillis(2));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
