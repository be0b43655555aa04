package dev.comet.postgresql;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The steps of the schema, each called in one round trip that is a transaction, and bounded in
 * time. Whatever goes wrong is an {@link IllegalStateException}. Safe for use by any number of
 * threads.
 */
final class Database {

    private static final long VERSION = 1;

    /** Of the socket, beyond that for locks: a server that is not there says nothing. */
    private static final int SLACK_MILLIS = 1_000;

    private final DataSource source;
    private final String schema;
    private final int timeoutMillis;
    private final Supplier<String> micros;
    private volatile long node;
    private volatile boolean closed;

    /**
     * @param schema checked by the caller: it stands in statements
     * @param micros the time in place of the store's own; empty: none
     */
    Database(DataSource source, String schema, int timeoutMillis, Supplier<String> micros) {
        this.source = source;
        this.schema = '"' + schema + '"';
        this.timeoutMillis = timeoutMillis;
        this.micros = micros;
    }

    Connection open() throws SQLException {
        if (closed) {
            throw new SQLException("this provider is closed");
        }
        Connection connection = source.getConnection();
        connection.setAutoCommit(true);
        return connection;
    }

    /** From now on every call fails. */
    void close() {
        closed = true;
    }

    String schema() {
        return schema;
    }

    /**
     * Makes the schema if there is none, unless somebody else does that, and takes a number for
     * this node.
     */
    long setUp(boolean creates) {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                // Two nodes that begin at once: one makes it.
                statement.execute("select pg_advisory_xact_lock(hashtext('dev.comet.postgresql'))");
                if (creates && isMissing(connection, "to_regclass", schema + ".store")) {
                    if (isMissing(connection, "to_regnamespace", schema)) {
                        statement.execute("create schema " + schema);
                    }
                    statement.execute("set local search_path to " + schema + ", pg_temp");
                    statement.execute(script());
                }
                long version = number(statement, "select version from " + schema + ".store");
                if (version != VERSION) {
                    throw new IllegalStateException(
                            "the schema %s has version %d; this comet-postgresql needs %d: stop all nodes, drop it, start anew"
                                    .formatted(schema, version, VERSION));
                }
                node = number(statement, "select nextval('" + schema + ".number')");
            }
            connection.commit();
            return node;
        } catch (SQLException e) {
            throw failed("setting up the schema " + schema, e);
        }
    }

    private static boolean isMissing(Connection connection, String function, String name)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select " + function + "(?) is null")) {
            statement.setString(1, name);
            ResultSet rows = statement.executeQuery();
            return rows.next() && rows.getBoolean(1);
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        ResultSet rows = statement.executeQuery(sql);
        rows.next();
        return rows.getLong(1);
    }

    private static String script() {
        try (InputStream script = Database.class.getResourceAsStream("schema.sql")) {
            return new String(Objects.requireNonNull(script).readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static IllegalStateException failed(String what, SQLException e) {
        return new IllegalStateException("PostgreSQL failed at " + what, e);
    }

    /** In a transaction of its own. */
    List<Answer> call(String step, @Nullable Object... arguments) {
        try (Connection connection = open()) {
            return call(connection, step, arguments);
        } catch (SQLException e) {
            throw failed(step, e);
        }
    }

    /** The same, on a connection that commits by itself. */
    List<Answer> call(Connection connection, String step, @Nullable Object... arguments)
            throws SQLException {
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(Runnable::run, timeoutMillis + SLACK_MILLIS);
        try {
            return run(connection, step, arguments);
        } finally {
            if (!connection.isClosed()) { // not every pool resets it
                connection.setNetworkTimeout(Runnable::run, before);
            }
        }
    }

    /**
     * Sends within a transaction of the application, which is left as it was, without the lock of
     * the store, if the send is refused or fails.
     */
    List<Answer> sendWithin(Connection connection, @Nullable Object... arguments) {
        try (Statement statement = connection.createStatement()) {
            Savepoint before = connection.setSavepoint();
            boolean isSent = false;
            try {
                ResultSet rows = statement.executeQuery("show lock_timeout");
                rows.next();
                String timeout = rows.getString(1);
                List<Answer> answers = run(connection, "send", arguments);
                statement.execute("set local lock_timeout to '" + timeout + "'");
                isSent = answers.get(0).is("sent");
                return answers;
            } finally {
                if (isSent) {
                    connection.releaseSavepoint(before);
                } else {
                    connection.rollback(before);
                }
            }
        } catch (SQLException e) {
            throw failed("send", e);
        }
    }

    private List<Answer> run(Connection connection, String step, @Nullable Object[] arguments)
            throws SQLException {
        String marks = Stream.of(arguments).map(argument -> ", ?").collect(Collectors.joining());
        String sql = "select * from %1$s.%2$s(%1$s.enter(?, ?, ?)%3$s)";
        try (PreparedStatement statement =
                connection.prepareStatement(sql.formatted(schema, step, marks))) {
            statement.setLong(1, node);
            statement.setLong(2, timeoutMillis);
            statement.setString(3, micros.get());
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 4, arguments[i]);
            }
            return Answer.all(statement.executeQuery());
        }
    }
}
