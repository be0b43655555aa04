package dev.comet.redis;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Managers over one Redis: what is true of the whole, and what a fault of Redis or a node does. */
@Timeout(120)
class SeveralNodesTest {

    private static final String END = "end";

    private final TestNodes nodes = new TestNodes(TestRedis.shared());
    private final TestNodes.Node a = nodes.node();
    private final TestNodes.Node b = nodes.node();

    @AfterEach
    void close() {
        nodes.close();
    }

    private void redis(Consumer<RedisCommands<String, String>> commands) {
        redis(TestRedis.shared(), commands);
    }

    private static void redis(TestRedis server, Consumer<RedisCommands<String, String>> commands) {
        server.ask(
                redis -> {
                    commands.accept(redis);
                    return null;
                });
    }

    // ---- what is true of the whole

    @Test
    @DisplayName("P2: a poll that one node holds is answered by what is sent at another")
    void sendMessage_pollIsHeldElsewhere_isAnswered() {
        CometClient ada = a.client("ada");
        a.manager.joinGroup(ada, "room");
        long cursor = 0;
        for (int i = 0; i < 3; i++) {
            Request held = b.poll(ada, cursor);
            long id =
                    switch (i) {
                        case 0 -> a.manager.sendMessage(ada, "n", 1);
                        case 1 -> a.manager.sendToGroup("room", "n", 1);
                        default -> a.manager.sendToAll("n", 1);
                    };
            assertThat(held.await().batch().messages())
                    .extracting(CometMessage::messageId)
                    .containsExactly(id);
            cursor = id;
        }
    }

    @Test
    @DisplayName("P6: of polls at two nodes the newest is held, and the other is told so")
    void beginSubscribe_atAnotherNode_supersedes() {
        CometClient ada = a.client("ada");
        Request first = a.poll(ada, 0);
        Request second = b.poll(ada, 0);
        assertThat(first.await().outcome()).isEqualTo(Outcome.SUPERSEDED);
        long id = a.manager.sendMessage(ada, "n", 1);
        assertThat(second.await().batch().messages().get(0).messageId()).isEqualTo(id);
        nodes.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("P6: a disconnect at one node ends the poll at the other, with its reason, once")
    void disconnect_pollIsHeldElsewhere_endsIt() {
        CometClient ada = a.client("ada");
        Request held = b.poll(ada, 0);
        a.manager.disconnect(ada);
        CometAnswer answer = held.await();
        assertThat(answer.outcome()).isEqualTo(Outcome.CLIENT_ENDED);
        assertThat(answer.endReason()).isEqualTo(EndReason.DISCONNECTED);
        a.events.await(CLIENT_DISCONNECTED, ada);
        assertThat(b.events.count(CLIENT_DISCONNECTED, ada)).isZero();
    }

    @Test
    @DisplayName("P6: a reply that comes to another node than the request's arrives")
    void reply_atAnotherNode_arrives() throws Exception {
        CometClient lamp = b.client("lamp");
        Request held = b.poll(lamp, 0);
        CompletableFuture<CometReply> asked =
                a.manager.request(lamp, "on?", 1, Duration.ofSeconds(20)).toCompletableFuture();
        String correlationId = held.await().batch().messages().get(0).correlationId();
        b.manager.endpoint().acceptReply(lamp.privateToken(), String.valueOf(correlationId), true);
        assertThat(asked.get(10, TimeUnit.SECONDS).contents(Boolean.class)).isTrue();
    }

    /** One who polls here and there, until the last message; it must get exactly these. */
    private List<Long> receive(CometClient client, List<TestNodes.Node> where, long seed) {
        Random random = new Random(seed);
        List<Long> received = new ArrayList<>();
        while (true) {
            long cursor = received.isEmpty() ? 0 : received.get(received.size() - 1);
            TestNodes.Node node = where.get(random.nextInt(where.size()));
            CometAnswer answer = node.poll(client, cursor, Duration.ofSeconds(5)).await();
            if (answer.error() != null
                    && answer.error().reason() == CometException.Reason.PROVIDER_UNAVAILABLE) {
                LockSupport.parkNanos(1_000_000);
                continue; // as a client does, more patiently
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
    @DisplayName("P2 P6 a client that changes node with every poll loses and repeats nothing")
    void poll_nodeChangesEachTime_losesAndRepeatsNothing() throws Exception {
        CometClient ada = a.client("ada");
        a.manager.joinGroup(ada, "room");
        CompletableFuture<List<Long>> received =
                CompletableFuture.supplyAsync(() -> receive(ada, List.of(a, b), 1));
        Random random = new Random(2);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            CometStateManager here = random.nextBoolean() ? a.manager : b.manager;
            sent.add(
                    switch (random.nextInt(3)) {
                        case 0 -> here.sendToAll("n", i);
                        case 1 -> here.sendToGroup("room", "n", i);
                        default -> here.sendMessage(ada, "n", i);
                    });
        }
        sent.add(a.manager.sendToAll(END, 1));
        assertThat(received.get(60, TimeUnit.SECONDS)).isEqualTo(sent);
    }

    // ---- faults

    @Test
    @DisplayName("P7 P4: connections that are cut again and again repeat no send and lose none")
    void send_connectionsAreCut_losesAndRepeatsNothing() throws Exception {
        CometClient ada = a.client("ada");
        CompletableFuture<List<Long>> received =
                CompletableFuture.supplyAsync(() -> receive(ada, List.of(a, b), 3));
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Void> cutting =
                CompletableFuture.runAsync(
                        () ->
                                redis(
                                        commands -> {
                                            while (!done.get()) {
                                                commands.clientKill(
                                                        io.lettuce.core.KillArgs.Builder
                                                                .typeNormal()
                                                                .skipme());
                                                LockSupport.parkNanos(150_000_000);
                                            }
                                        }));
        List<Long> sent = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 3_000; i++) {
            try {
                sent.add((i % 2 == 0 ? a : b).manager.sendMessage(ada, "n", i));
            } catch (CometException e) {
                refused++;
            }
        }
        done.set(true);
        cutting.get(10, TimeUnit.SECONDS);
        sent.add(a.manager.sendMessage(ada, END, 1));
        // What was refused may have been accepted: its sender was told that nobody knows.
        assertThat(received.get(60, TimeUnit.SECONDS)).containsSubsequence(sent);
        if (refused == 0) {
            assertThat(received.get()).isEqualTo(sent);
        }
    }

    @Test
    @DisplayName("P3 P5: a node that is gone: its client goes on elsewhere, others are ended once")
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
    @DisplayName("P3 P5: a process that is killed while it sends: what it had accepted arrives")
    void process_isKilledWhileItSends_whatWasAcceptedArrives() throws Exception {
        CometClient ada = a.client("ada");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                NodeProcess.class.getName(),
                                TestRedis.shared().uri().toURI().toString(),
                                nodes.namespace(),
                                "ada")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        List<Long> accepted = new ArrayList<>();
        try (BufferedReader said = process.inputReader()) {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (line.matches("\\d+")) {
                    accepted.add(Long.parseLong(line));
                }
                if (accepted.size() == 500) {
                    process.toHandle().destroyForcibly(); // SIGKILL; what it said stays readable
                }
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(accepted).hasSizeGreaterThanOrEqualTo(500);
        CometClient orphan = b.manager.findClientByPublicToken("of-the-process").orElseThrow();
        List<Long> received = new ArrayList<>();
        while (received.isEmpty()
                || received.get(received.size() - 1) < accepted.get(accepted.size() - 1)) {
            long cursor = received.isEmpty() ? 0 : received.get(received.size() - 1);
            CometAnswer answer = b.poll(ada, cursor, Duration.ofSeconds(5)).await();
            assertThat(answer.batch().gaps()).isEmpty();
            answer.batch().messages().forEach(message -> received.add(message.messageId()));
        }
        // More may have been accepted, of which the process could not say so.
        assertThat(received).startsWith(accepted.toArray(Long[]::new));
        await().atMost(Duration.ofSeconds(30))
                .until(
                        () ->
                                a.events.count(IDLE_CLIENT_KILLED, orphan)
                                                + b.events.count(IDLE_CLIENT_KILLED, orphan)
                                        == 1);
    }

    @Test
    @DisplayName(
            "P4 P9: Redis is killed and comes back: polls stay held, what was accepted arrives")
    void redis_isKilledAndComesBack_nothingAcceptedIsLost() {
        try (TestRedis server = TestRedis.start("--appendonly", "yes", "--appendfsync", "always");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            TestNodes.Node other = own.node();
            CometClient ada = node.client("ada");
            CometClient bob = node.client("bob");
            long id = other.manager.sendMessage(bob, "before", 1);
            Request held = node.poll(ada, 0);

            server.kill();
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> other.manager.sendMessage(ada, "n", 1))
                    .isInstanceOfSatisfying(
                            CometException.class,
                            e ->
                                    assertThat(e.reason())
                                            .isEqualTo(CometException.Reason.PROVIDER_UNAVAILABLE));
            assertThat(held.isAnswered()).isFalse();
            server.startAgain();

            await().ignoreExceptions().until(() -> other.manager.sendMessage(ada, "after", 1) > id);
            assertThat(held.await().batch().messages())
                    .extracting(CometMessage::name)
                    .contains("after");
            assertThat(node.poll(bob, 0).await().batch().messages())
                    .extracting(CometMessage::messageId)
                    .contains(id);
        }
    }

    @Test
    @DisplayName("P4: a store that has lost everything: clients are told, new ones are woken")
    void redis_losesEverything_clientsAreToldAndNewOnesAreWoken() {
        try (TestRedis server = TestRedis.start("--save", "");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            TestNodes.Node other = own.node();
            CometClient ada = node.client("ada");
            for (int i = 0; i < 50; i++) {
                other.manager.sendMessage(ada, "n", i); // both feeds have moved on
                other.manager.sendToAll("n", i);
            }
            long cursor = other.manager.sendToAll("n", 1);
            Request held = node.poll(ada, cursor);
            redis(server, RedisCommands::flushall);

            assertThat(held.await().outcome()).isIn(Outcome.CLIENT_ENDED, Outcome.ERROR);
            CometClient bob = node.client("bob");
            await().untilAsserted(
                            () -> {
                                Request again = node.poll(bob, 0);
                                other.manager.sendMessage(bob, "n", 1);
                                assertThat(again.await().batch().messages()).isNotEmpty();
                            });
        }
    }

    @Test
    @DisplayName(
            "P4: Redis is full: sends are refused, all else goes on, and confirming makes room")
    void redis_isFull_sendsAreRefusedUntilSomebodyConfirms() {
        try (TestRedis server = TestRedis.start("--save", "", "--maxmemory", "4mb");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            TestNodes.Node other = own.node();
            CometClient ada = node.client("ada");
            CometClient bob = node.client("bob");
            node.manager.joinGroup(ada, "room");
            List<Long> sent = new ArrayList<>();
            CometException refusal = null;
            while (refusal == null) {
                try {
                    sent.add(node.manager.sendMessage(bob, "n", "x".repeat(20_000)));
                } catch (CometException e) {
                    refusal = e;
                }
            }
            assertThat(refusal.reason()).isEqualTo(CometException.Reason.PROVIDER_UNAVAILABLE);

            Request held = other.poll(ada, 0);
            node.manager.leaveGroup(ada, "room");
            node.manager.disconnect(ada);
            assertThat(held.await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
            List<Long> received = new ArrayList<>();
            while (received.size() < sent.size()) {
                long cursor = received.isEmpty() ? 0 : received.get(received.size() - 1);
                CometAnswer answer = other.poll(bob, cursor).await();
                assertThat(answer.error()).isNull();
                answer.batch().messages().forEach(message -> received.add(message.messageId()));
            }
            assertThat(received).isEqualTo(sent);
            other.manager.endpoint().confirm(bob.privateToken(), received.get(sent.size() - 1));
            assertThat(node.manager.sendMessage(bob, "n", 1)).isPositive();
        }
    }

    @Test
    @DisplayName("P7 P4: what Redis did although its answer was lost wakes and is told, once")
    void redis_isSuspended_whatItDidLaterCounts() {
        try (TestRedis server = TestRedis.start("--save", "");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            CometClient ada = node.client("ada");
            CometClient bob = node.client("bob");
            node.manager.disconnect(node.client("eve")); // so that Redis knows the scripts
            Request held = node.poll(ada, node.manager.sendMessage(ada, "first", 1));
            server.suspend();
            assertUnavailable(() -> node.manager.sendMessage(ada, "late", 1));
            assertUnavailable(() -> node.manager.disconnect(bob));
            assertThat(held.isAnswered()).isFalse();
            server.resume();

            assertThat(held.await().batch().messages())
                    .extracting(CometMessage::name)
                    .containsExactly("late");
            await().ignoreExceptions()
                    .untilAsserted(
                            () -> {
                                node.manager.disconnect(bob);
                                assertThat(node.events.count(CLIENT_DISCONNECTED, bob))
                                        .isEqualTo(1);
                            });
        }
    }

    private static void assertUnavailable(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CometException.class,
                        e ->
                                assertThat(e.reason())
                                        .isEqualTo(CometException.Reason.PROVIDER_UNAVAILABLE));
    }

    @Test
    @DisplayName("P5: after an outage nobody is ended who had no chance to come")
    void killOrphans_rightAfterAnOutage_endsNobody() {
        try (TestRedis server = TestRedis.start("--appendonly", "yes");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            TestNodes.Node other = own.node();
            CometClient ada = node.client("ada", 1);
            CometClient bob = other.client("bob", 1);
            server.suspend();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(4); // beyond idle and lease
            while (System.nanoTime() - end < 0) {
                LockSupport.parkNanos(end - System.nanoTime());
            }
            server.resume();
            await().ignoreExceptions().until(() -> node.provider.killOrphans().isEmpty());
            assertThat(other.provider.killIdleCometClient(bob)).isPositive();
            assertThat(node.provider.findClientByPublicToken("ada")).isEqualTo(ada);
        }
    }

    @Test
    @DisplayName("P4: what was asked, replied and told is not kept")
    void requests_many_leaveNothingBehind() throws Exception {
        CometClient lamp = b.client("lamp");
        long cursor = 0;
        for (int i = 0; i < 20; i++) {
            CompletableFuture<CometReply> asked =
                    a.manager
                            .request(lamp, "on?", "x".repeat(1_000), Duration.ofSeconds(1))
                            .toCompletableFuture();
            CometMessage message = b.poll(lamp, cursor).await().batch().messages().get(0);
            cursor = message.messageId();
            b.manager
                    .endpoint()
                    .acceptReply(
                            lamp.privateToken(),
                            String.valueOf(message.correlationId()),
                            "y".repeat(10_000));
            asked.get(10, TimeUnit.SECONDS);
        }
        redis(
                commands -> {
                    assertThat(commands.hgetall(nodes.prefix() + "r:lamp").toString())
                            .hasSizeLessThan(10_000)
                            .doesNotContain("yyy");
                    await().untilAsserted(
                                    () ->
                                            assertThat(commands.keys(nodes.prefix() + "a:*"))
                                                    .isEmpty());
                    await().untilAsserted(
                                    () ->
                                            assertThat(commands.keys(nodes.prefix() + "i:*"))
                                                    .allMatch(key -> commands.xlen(key) == 0));
                });
    }

    @Test
    @DisplayName("P2: a node that has missed news looks at everything again")
    void feed_hasAGap_looksAgain() {
        CometClient ada = b.client("ada");
        Request held = b.poll(ada, 0);
        redis(
                commands -> {
                    // As if there had been an entry that is gone.
                    String node = commands.hgetall(nodes.prefix() + "c:ada").get("n");
                    commands.hincrby(nodes.prefix() + "seq", node, 5);
                });
        long id = a.manager.sendMessage(ada, "n", 1);
        assertThat(held.await().batch().messages().get(0).messageId()).isEqualTo(id);
        Request next = b.poll(ada, id);
        long second = a.manager.sendToAll("n", 1);
        assertThat(next.await().batch().messages().get(0).messageId()).isEqualTo(second);
    }

    @Test
    @DisplayName("P6: who has taken a client over is known, also where the news of it was missed")
    void superseded_newsIsMissed_saysByWhom() {
        CometClient ada = a.client("ada");
        CometClient bob = a.client("bob");
        b.poll(ada, 0, null, 7);
        Request held = a.poll(ada, 0, null, 7);
        a.poll(bob, 0);
        redis(
                commands -> {
                    // As if the client had gone on at the other node, and the news of it were gone.
                    String client = nodes.prefix() + "c:ada";
                    String node = commands.hget(client, "n");
                    commands.hset(client, Map.of("n", "another", "g", "9007199254740000"));
                    commands.hincrby(nodes.prefix() + "seq", node, 5);
                });
        b.manager.sendMessage(bob, "n", 1);
        CometAnswer answer = held.await();
        assertThat(answer.outcome()).isEqualTo(Outcome.SUPERSEDED);
        assertThat(answer.instance()).isEqualTo(7);
    }

    /** Until the last of these has come, poll by poll. */
    private static List<String> received(
            TestNodes.Node node, CometClient client, Request held, String last) {
        List<String> names = new ArrayList<>();
        CometBatch batch = held.await().batch();
        while (true) {
            assertThat(batch.gaps()).isEmpty();
            batch.messages().forEach(message -> names.add(message.name()));
            if (names.contains(last)) {
                return names;
            }
            batch = node.poll(client, batch.cursor()).await().batch();
        }
    }

    /** So that the node answers from memory what is sent to all. */
    private static Request heldAtAMirror(
            TestNodes.Node node, TestNodes.Node sender, CometClient client) {
        long cursor = 0;
        for (int i = 0; i < 3; i++) {
            Request held = node.poll(client, cursor);
            sender.manager.sendToAll("n", 1);
            cursor = held.await().batch().cursor();
        }
        return node.poll(client, cursor);
    }

    @Test
    @DisplayName("P2: a node that was taken for gone notices that it was told nothing meanwhile")
    void feed_nodeWasTakenForGone_missesNothing() {
        CometClient ada = a.client("ada");
        Request held = heldAtAMirror(a, b, ada);
        redis(
                commands -> { // as tidy does
                    String node = commands.hget(nodes.prefix() + "c:ada", "n");
                    commands.zrem(nodes.prefix() + "nodes", node);
                    commands.hdel(nodes.prefix() + "seq", node);
                    commands.del(nodes.prefix() + "i:" + node);
                });
        b.manager.sendMessage(ada, "own", 1);
        b.manager.sendToAll("all", 1);
        assertThat(received(a, ada, held, "all")).containsExactly("own", "all");
    }

    @Test
    @DisplayName("P2: nodes hear of each other as soon as a Redis that was emptied is there")
    void feed_redisWasEmptied_missesNothing() {
        try (TestRedis server = TestRedis.start("--save", "");
                TestNodes own = new TestNodes(server)) {
            TestNodes.Node node = own.node();
            TestNodes.Node other = own.node();
            server.kill();
            server.startAgain();
            CometClient[] ada = new CometClient[1];
            await().ignoreExceptions()
                    .until(
                            () -> {
                                ada[0] = node.client("ada");
                                return true;
                            });
            Request held = heldAtAMirror(node, other, ada[0]);
            other.manager.sendMessage(ada[0], "own", 1);
            other.manager.sendToAll("all", 1);
            assertThat(received(node, ada[0], held, "all")).containsExactly("own", "all");
        }
    }

    // ---- what it costs

    @Test
    @DisplayName("P10 a message to many costs each node one look, and nothing for each receiver")
    void sendToAll_manyAreHeld_storeIsNotAskedForEach() {
        int each = 100;
        List<TestNodes.Node> all = List.of(a, b, nodes.node());
        for (String to : List.of("everyone", "group")) {
            List<Request> held = new ArrayList<>();
            List<CometClient> clients = new ArrayList<>();
            for (TestNodes.Node node : all) {
                for (int i = 0; i < each; i++) {
                    CometClient client = node.client("to-" + to + clients.size());
                    node.manager.joinGroup(client, to);
                    clients.add(client);
                    held.add(node.poll(client, 0));
                }
            }
            // The first message shows each node what its clients read; the second counts.
            long first = send(to, "first");
            held.forEach(request -> assertThat(request.await().batch().messages()).hasSize(1));
            held.clear();
            for (int i = 0; i < clients.size(); i++) {
                held.add(all.get(i / each).poll(clients.get(i), first));
            }
            awaitLooks();
            long before = TestRedis.shared().scripts();

            send(to, "second");

            held.forEach(request -> assertThat(request.await().batch().messages()).hasSize(1));
            assertThat(TestRedis.shared().scripts() - before).as(to).isLessThan(each);
            assertThat(all.get(0).manager.clients()).hasSizeGreaterThanOrEqualTo(3 * each);
            clients.forEach(a.manager::disconnect);
        }
    }

    private long send(String to, String name) {
        return to.equals("group")
                ? a.manager.sendToGroup(to, name, 1)
                : a.manager.sendToAll(name, 1);
    }

    /** Until nobody asks Redis any more but for the leases. */
    private void awaitLooks() {
        AtomicLong last = new AtomicLong(-100);
        await().pollInterval(Duration.ofMillis(200))
                .until(
                        () ->
                                TestRedis.shared().scripts()
                                                - last.getAndSet(TestRedis.shared().scripts())
                                        < 20);
    }

    // ---- what is in Redis

    @Test
    @DisplayName("C4: no private token is in Redis, nor a user's text in a key unescaped")
    void keys_anyTexts_areHashedAndEscaped() {
        CometClient ada = a.client("ada } {x} \u2713 *");
        a.manager.joinGroup(ada, "room } with {spaces}");
        a.manager.sendToGroup("room } with {spaces}", "n", 1);
        a.manager.sendMessage(ada, "n", 1);
        redis(
                commands -> {
                    List<String> keys = commands.keys(nodes.prefix() + "*");
                    assertThat(keys).isNotEmpty();
                    for (String key : keys) {
                        assertThat(key.substring(nodes.prefix().length()))
                                .matches("[A-Za-z0-9:%+._*-]*");
                        assertThat(key).doesNotContain(ada.privateToken());
                        byte[] dump = commands.dump(key);
                        assertThat(new String(dump, UTF_8)).doesNotContain(ada.privateToken());
                    }
                });
    }

    @Test
    @DisplayName("whatever is in Redis expires once nobody looks after it")
    void keys_afterTidying_allExpire() {
        CometClient ada = a.client("ada");
        CometClient bob = b.client("bob");
        a.manager.joinGroup(ada, "room");
        a.manager.sendToGroup("room", "n", 1);
        a.manager.sendToAll("n", 1);
        a.manager.sendMessage(List.of("ada", "bob"), "n", 1);
        a.manager.sendMessage(bob, "n", 1);
        a.poll(ada, 0).await();
        a.provider.tidy();
        redis(
                commands ->
                        await().untilAsserted(
                                        () ->
                                                assertThat(commands.keys(nodes.prefix() + "*"))
                                                        .isNotEmpty()
                                                        .allMatch(key -> commands.ttl(key) > 0)));
    }

    @Test
    void acl_asTheDocsSay_isEnough() throws IOException {
        try (TestRedis server = TestRedis.start("--save", "")) {
            redis(
                    server,
                    commands ->
                            commands.dispatch(
                                    CommandType.ACL,
                                    new StatusOutput<>(StringCodec.UTF8),
                                    new CommandArgs<>(StringCodec.UTF8).addValues(aclOfTheDocs())));
            RedisURI uri =
                    RedisURI.builder(server.uri()).withAuthentication("comet", "password").build();
            RedisCometStateProvider provider =
                    RedisCometStateProvider.builder().uri(uri).namespace("shop").build();
            try (CometStateManager manager = CometStateManager.builder(provider).build()) {
                CometClient ada =
                        manager.initializeClient(CometClient.builder().publicToken("ada").build());
                CometClient bob =
                        manager.initializeClient(CometClient.builder().publicToken("bob").build());
                manager.joinGroup(ada, "room");
                manager.sendToGroup("room", "n", 1);
                manager.sendToAll("n", 1);
                long id = manager.sendMessage(List.of("ada", "bob"), "n", 1);
                Request poll =
                        nodes.answers.watch(
                                manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0));
                assertThat(poll.await().batch().messages()).hasSize(3);
                manager.endpoint().confirm(ada.privateToken(), id);
                assertThat(manager.clients()).hasSize(2);
                assertThat(manager.groups()).containsExactly("room");
                assertThat(manager.groupMembers("room")).containsExactly(ada);
                assertThat(manager.groupHistory("room", Long.MAX_VALUE, 5)).hasSize(1);
                manager.request(bob, "n", 1, Duration.ofSeconds(1));
                manager.leaveGroup(ada, "room");
                provider.tidy();
                assertThat(provider.killOrphans()).isEmpty();
                assertThat(provider.usage(ada)).isNotNull();
                manager.disconnect(ada);
            }
            redis(server, commands -> commands.hset("comet:{shop}:epoch", "run", "another"));
            RedisCometStateProvider.Builder builder =
                    RedisCometStateProvider.builder().uri(uri).namespace("shop").waitForReplicas(1);
            try (CometStateManager manager = CometStateManager.builder(builder.build()).build()) {
                assertThatThrownBy(() -> manager.sendToAll("n", 1))
                        .hasRootCauseMessage("0 of 1 replicas have it; it is done all the same");
            }
        }
    }

    private static List<String> aclOfTheDocs() {
        try {
            Path docs = Path.of(System.getProperty("basedir", ".")).resolve("../docs/cluster.md");
            String text = Files.readString(docs);
            String acl = text.substring(text.indexOf("ACL SETUSER"));
            return List.of(acl.substring(4, acl.indexOf("```")).trim().split("\\s+"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void start_redisWouldEvict_isRefusedUnlessToldOtherwise() {
        try (TestRedis server = TestRedis.start("--maxmemory-policy", "allkeys-lru")) {
            RedisCometStateProvider.Builder builder =
                    RedisCometStateProvider.builder().uri(server.uri());
            assertThatIllegalStateException()
                    .isThrownBy(() -> CometStateManager.builder(builder.build()).build())
                    .withMessageContaining("noeviction");
            CometStateManager.builder(builder.withoutServerCheck().build()).build().close();
        }
    }
}
