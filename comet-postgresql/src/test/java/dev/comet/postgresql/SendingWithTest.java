package dev.comet.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometMessage;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sends that are part of a transaction of the application. */
@Timeout(60)
class SendingWithTest {

    private final TestNodes nodes = new TestNodes();
    private final TestNodes.Node a = nodes.node();
    private final TestNodes.Node b = nodes.node(Duration.ofMillis(300));
    private final CometClient ada = b.client("ada", 60);
    private Connection transaction;

    @BeforeEach
    void begin() throws SQLException {
        transaction = TestPostgres.dataSource().getConnection();
        transaction.setAutoCommit(false);
        execute("create table " + nodes.schema + ".orders (name text)");
        transaction.commit();
    }

    @AfterEach
    void close() throws SQLException {
        transaction.rollback();
        transaction.close();
        nodes.close();
    }

    private void execute(String sql) throws SQLException {
        try (var statement = transaction.createStatement()) {
            statement.execute(sql);
        }
    }

    private void order() throws SQLException {
        execute("insert into " + nodes.schema + ".orders values ('tea')");
    }

    private long orders() {
        return TestPostgres.number("select count(*) from " + nodes.schema + ".orders");
    }

    private long send(String name) {
        return a.provider.sendingWith(
                transaction, () -> a.manager.sendMessage(ada, name, "contents"));
    }

    private void assertRefused(Reason reason, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CometException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    @DisplayName("P11 what is sent within a transaction is there once that commits, with all else")
    void sendingWith_commits_arrivesThen() throws SQLException {
        Request held = b.poll(ada, 0);
        order();
        long first = send("one");
        long second = send("two");
        assertThat(b.provider.getMessages(ada, 0, 10, 10_000).isEmpty()).isTrue();
        assertThat(held.isAnswered()).isFalse();

        transaction.commit();

        assertThat(held.await().batch().messages())
                .extracting(CometMessage::messageId)
                .containsExactly(first, second);
        assertThat(orders()).isEqualTo(1);
    }

    @Test
    @DisplayName("P11 what is sent within a transaction that rolls back is never there")
    void sendingWith_rollsBack_neverArrives() throws SQLException {
        Request held = b.poll(ada, 0);
        order();
        send("never");
        transaction.rollback();

        long later = a.manager.sendMessage(ada, "later", "contents");
        long last = send("last");
        transaction.commit();

        assertThat(held.await().batch().messages())
                .extracting(CometMessage::messageId)
                .first()
                .isEqualTo(later);
        assertThat(b.poll(ada, later).await().batch().messages())
                .extracting(CometMessage::messageId)
                .containsExactly(last);
        assertThat(last).isGreaterThan(later);
        assertThat(orders()).isZero();
    }

    @Test
    @DisplayName("P11 who sends meanwhile waits for the transaction, and not for ever")
    void sendMessage_aTransactionIsOpen_waitsUpToTheTimeout() throws SQLException {
        long within = send("within");

        assertThatThrownBy(() -> b.manager.sendMessage(ada, "meanwhile", "contents"))
                .matches(TestNodes::isUnavailable);
        assertThat(b.provider.keepAlive(ada, 60_000_000_000L)).as("who only reads").isTrue();
        transaction.commit();

        long after = b.manager.sendMessage(ada, "after", "contents");
        assertThat(b.provider.getMessages(ada, 0, 10, 10_000).messages())
                .extracting(CometMessage::messageId)
                .containsExactly(within, after);
    }

    @Test
    @DisplayName("P11 a send that is refused leaves the transaction, and all others, as they were")
    void sendingWith_sendIsRefused_transactionGoesOn() throws SQLException {
        order();
        assertRefused(
                Reason.CLIENT_DOES_NOT_EXIST,
                () ->
                        a.provider.sendingWith(
                                transaction,
                                () -> a.manager.sendMessage("nobody", "name", "contents")));
        long free = b.manager.sendMessage(ada, "free", "contents");

        try (Connection other = TestPostgres.dataSource().getConnection()) {
            other.setAutoCommit(false);
            a.provider.sendingWith(other, () -> a.manager.sendMessage(ada, "other", "contents"));
            assertThatThrownBy(
                            () ->
                                    b.provider.sendingWith(
                                            transaction,
                                            () -> b.manager.sendMessage(ada, "late", "contents")))
                    .matches(TestNodes::isUnavailable);
            other.rollback();
        }
        long sent = send("sent");
        transaction.commit();

        assertThat(orders()).isEqualTo(1);
        assertThat(b.provider.getMessages(ada, 0, 10, 10_000).messages())
                .extracting(CometMessage::messageId)
                .containsExactly(free, sent);
    }

    @Test
    void sendingWith_connection_keepsItsSettings() throws SQLException {
        execute("set lock_timeout to '7s'");
        send("one");
        try (var statement = transaction.createStatement();
                ResultSet rows = statement.executeQuery("show lock_timeout")) {
            rows.next();
            assertThat(rows.getString(1)).isEqualTo("7s");
        }
    }

    @Test
    void sendingWith_connectionCommitsByItself_isRefused() throws SQLException {
        transaction.setAutoCommit(true);
        assertRefused(Reason.PARAMETERS_INVALID, () -> send("one"));
        transaction.setAutoCommit(false);
        assertThat(a.manager.sendMessage(ada, "name", "contents")).isPositive();
    }
}
