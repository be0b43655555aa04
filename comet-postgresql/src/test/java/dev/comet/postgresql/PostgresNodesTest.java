package dev.comet.postgresql;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Managers over one PostgreSQL, whose connections are cut, and of which one is gone. */
@Timeout(120)
class PostgresNodesTest {

    private static final String END = "end";

    private final TestNodes nodes = new TestNodes();
    private final TestNodes.Node a = nodes.node();
    private final TestNodes.Node b = nodes.node();

    @AfterEach
    void close() {
        nodes.close();
    }

    /** Ends the server's side of connections. */
    private static void cut(String which) {
        TestPostgres.number(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                        + " where pid <> pg_backend_pid() and "
                        + which);
    }

    /** One who polls here and there, until the last message, as a client does. */
    private List<Long> receive(CometClient client, long seed) {
        Random random = new Random(seed);
        List<Long> received = new ArrayList<>();
        while (true) {
            long cursor = received.isEmpty() ? 0 : received.get(received.size() - 1);
            CometAnswer answer =
                    (random.nextBoolean() ? a : b)
                            .poll(client, cursor, Duration.ofSeconds(5))
                            .await();
            if (TestNodes.isUnavailable(answer.error())) {
                LockSupport.parkNanos(1_000_000);
                continue;
            }
            assertThat(answer.error()).isNull();
            if (answer.outcome() != Outcome.MESSAGES) {
                continue;
            }
            assertThat(answer.batch().gaps()).isEmpty();
            for (CometMessage message : answer.batch().messages()) {
                received.add(message.messageId());
                if (message.name().equals(END)) {
                    return received;
                }
            }
        }
    }

    @Test
    @DisplayName("P2 a client that changes node with every poll loses and repeats nothing")
    void poll_nodeChangesEachTime_losesAndRepeatsNothing() throws Exception {
        CometClient ada = a.client("ada", 60);
        a.manager.joinGroup(ada, "room");
        CompletableFuture<List<Long>> received =
                CompletableFuture.supplyAsync(() -> receive(ada, 1));
        Random random = new Random(2);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            TestNodes.Node node = random.nextBoolean() ? a : b;
            sent.add(
                    switch (random.nextInt(3)) {
                        case 0 -> node.manager.sendToAll("n", i);
                        case 1 -> node.manager.sendToGroup("room", "n", i);
                        default -> node.manager.sendMessage(ada, "n", i);
                    });
        }
        sent.add(a.manager.sendToAll(END, 1));
        assertThat(received.get(60, TimeUnit.SECONDS)).isEqualTo(sent);
    }

    @Test
    @DisplayName("P4 connections that are cut again and again repeat no send and lose none")
    void send_connectionsAreCut_losesAndRepeatsNothing() throws Exception {
        CometClient ada = a.client("ada", 60);
        CompletableFuture<List<Long>> received =
                CompletableFuture.supplyAsync(() -> receive(ada, 3));
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Void> cutting =
                CompletableFuture.runAsync(
                        () -> {
                            while (!done.get()) {
                                cut("query ~ '^(listen |select . from )\"" + nodes.schema + "\"'");
                                LockSupport.parkNanos(50_000_000);
                            }
                        });
        List<Long> sent = new ArrayList<>();
        List<Long> refused = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            try {
                sent.add((i % 2 == 0 ? a : b).manager.sendMessage(ada, "n", i));
            } catch (CometException e) {
                refused.add((long) i);
            }
        }
        done.set(true);
        cutting.get(10, TimeUnit.SECONDS);
        await().ignoreExceptions().until(() -> sent.add(a.manager.sendMessage(ada, END, 1)));
        List<Long> all = received.get(60, TimeUnit.SECONDS);
        // What was refused may have been accepted: its sender was told that nobody knows.
        assertThat(all).containsSubsequence(sent).doesNotHaveDuplicates();
        assertThat(all.size()).isLessThanOrEqualTo(sent.size() + refused.size());
    }

    @Test
    @DisplayName("P4 a node whose feed was lost looks at everything: what came meanwhile arrives")
    void feed_isLost_looksAtEverything() {
        CometClient ada = a.client("ada", 60);
        a.manager.joinGroup(ada, "room");
        long cursor = 0;
        for (int i = 0; i < 3; i++) {
            Request held = b.poll(ada, cursor);
            await().until(() -> b.manager.statistics().held().polls() == 1);
            cut("query = 'listen \"" + nodes.schema + "\"'");
            cursor =
                    switch (i) {
                        case 0 -> a.manager.sendMessage(ada, "n", 1);
                        case 1 -> a.manager.sendToGroup("room", "n", 1);
                        default -> a.manager.sendToAll("n", 1);
                    };
            assertThat(held.await().batch().messages())
                    .extracting(CometMessage::messageId)
                    .containsExactly(cursor);
        }
    }

    @Test
    @DisplayName("P3 P5 a node that is gone: its client goes on elsewhere, others are ended once")
    void crash_pollsHeld_clientsGoOnElsewhere() {
        CometClient ada = a.client("ada", 2);
        CometClient bob = a.client("bob", 2);
        a.poll(ada, 0, Duration.ofSeconds(1));
        a.poll(bob, 0, Duration.ofSeconds(1));
        a.provider.crash();
        long id = b.manager.sendMessage(ada, "n", 1);
        Request held = b.poll(ada, 0);
        assertThat(held.await().batch().messages().get(0).messageId()).isEqualTo(id);
        b.poll(ada, id);
        b.events.await(IDLE_CLIENT_KILLED, bob);
        assertThat(b.events.count(IDLE_CLIENT_KILLED, bob)).isEqualTo(1);
        assertThat(b.manager.findClientByPublicToken("ada")).contains(ada);
    }

    @Test
    @DisplayName("M4 a list that is longer than one notification wakes everyone on it")
    void sendMessage_longList_wakesAll() {
        List<CometClient> many = new ArrayList<>();
        List<Request> held = new ArrayList<>();
        for (int i = 0; i < 900; i++) {
            many.add(a.client("client" + i, 60));
        }
        for (int i = 0; i < 900; i += 100) {
            held.add(b.poll(many.get(i), 0));
        }
        await().until(() -> b.manager.statistics().held().polls() == held.size());
        long id =
                a.manager.sendMessage(many.stream().map(CometClient::publicToken).toList(), "n", 1);
        for (Request one : held) {
            assertThat(one.await().batch().messages().get(0).messageId()).isEqualTo(id);
        }
    }
}
