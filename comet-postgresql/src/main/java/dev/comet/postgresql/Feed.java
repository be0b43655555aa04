package dev.comet.postgresql;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens, on a connection of its own, to what is told at each commit. When that connection is lost
 * it opens another one, and has everything looked at, until that has succeeded: nobody knows what
 * was told meanwhile.
 */
final class Feed implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Feed.class);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int SILENCE_MILLIS = 500;
    private static final int ANSWER_SECONDS = 2;

    /** Whom it tells. Called by the feed's thread. */
    interface News {

        /** What the store says. */
        void told(String news);

        /** Something was not heard, nobody knows what. Again, if it throws. */
        void missed();
    }

    private final Database database;
    private final News news;
    private final Thread thread = new Thread(this, "comet-postgresql-feed");
    private @Nullable Connection first; // the thread's, once that has begun
    private volatile boolean closed;
    private boolean hasMissed; // the thread's

    Feed(Database database, News news) {
        this.database = database;
        this.news = news;
        thread.setDaemon(true);
    }

    /** From when it returns nothing is missed. */
    void start() {
        try {
            first = listening();
        } catch (SQLException e) {
            throw new IllegalStateException("PostgreSQL failed at LISTEN", e);
        }
        thread.start();
    }

    private Connection listening() throws SQLException {
        Connection opened = database.open();
        boolean isListening = false;
        try (Statement statement = opened.createStatement()) {
            opened.setNetworkTimeout(
                    Runnable::run, (int) TimeUnit.SECONDS.toMillis(ANSWER_SECONDS));
            statement.execute("listen " + database.schema());
            isListening = true;
            return opened;
        } finally {
            if (!isListening) {
                opened.close();
            }
        }
    }

    @Override
    public void run() {
        while (!closed) {
            try (Connection current = first == null ? listening() : first) {
                first = null;
                while (!closed) {
                    if (hasMissed) {
                        news.missed();
                        hasMissed = false;
                    }
                    hear(current);
                }
            } catch (SQLException | RuntimeException e) {
                hasMissed = true;
                if (!closed) {
                    LOG.debug("The feed was lost; opening another connection", e);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }
    }

    private void hear(Connection current) throws SQLException {
        PGNotification[] some = current.unwrap(PGConnection.class).getNotifications(SILENCE_MILLIS);
        if (some.length == 0 && !current.isValid(ANSWER_SECONDS)) {
            throw new SQLException("the connection is dead");
        }
        for (PGNotification one : some) {
            try {
                news.told(one.getParameter());
            } catch (RuntimeException e) {
                hasMissed = true;
                LOG.debug("News was not dealt with; looking at everything", e);
            }
        }
    }

    /** It hears no more than what comes now. */
    void stop() {
        closed = true;
    }

    /** Returns once its thread is done, if that is not the caller's. */
    void join() {
        try {
            if (Thread.currentThread() != thread) {
                thread.join(TimeUnit.SECONDS.toMillis(ANSWER_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
