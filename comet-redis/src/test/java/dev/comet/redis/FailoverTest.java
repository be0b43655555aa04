package dev.comet.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Managers over Redis whose server becomes another one: with real servers. */
@Timeout(60)
class FailoverTest {

    private static final String[] MASTER = {"--save", "", "--repl-diskless-sync-delay", "0"};

    private static TestRedis replicaOf(TestRedis master) {
        TestRedis replica =
                TestRedis.start("--save", "", "--replicaof", "127.0.0.1 " + master.uri().getPort());
        awaitInStep(master);
        return replica;
    }

    /** Until a replica has all that was written. */
    private static void awaitInStep(TestRedis master) {
        await().until(
                        () ->
                                master.ask(
                                        redis -> {
                                            redis.set("in-step", "1");
                                            return redis.waitForReplication(1, 500) >= 1;
                                        }));
    }

    /** Sent again until it is accepted: those before may have been, too. */
    private static long sendToAll(TestNodes.Node node, String name) {
        long[] id = new long[1];
        await().ignoreExceptions()
                .until(
                        () -> {
                            id[0] = node.manager.sendToAll(name, 1);
                            return true;
                        });
        return id[0];
    }

    /** Nothing but these and what was sent last, once each. */
    private static void assertEndsWith(CometBatch batch, long last, String... before) {
        List<Long> ids = batch.messages().stream().map(CometMessage::messageId).toList();
        assertThat(ids).isSorted().doesNotHaveDuplicates().endsWith(last);
        List<String> names = names(batch);
        assertThat(names.subList(0, before.length)).containsExactly(before);
        assertThat(names.subList(before.length, names.size())).containsOnly("later");
    }

    private static List<String> names(CometBatch batch) {
        return batch.messages().stream().map(CometMessage::name).toList();
    }

    @Test
    @DisplayName("P8 a replica is promoted that lacks the last writes: no id twice, all are told")
    void redis_replicaLacksTheTail_everybodyIsTold() {
        try (TestRedis master = TestRedis.start(MASTER);
                Detour address = new Detour(master);
                TestNodes nodes = new TestNodes(address.uri())) {
            TestNodes.Node a = nodes.node();
            TestNodes.Node b = nodes.node();
            CometClient ada = a.client("ada");
            CometClient bob = b.client("bob");
            long kept = a.manager.sendToAll("kept", 1);
            try (TestRedis replica = replicaOf(master)) {
                replica.ask(RedisCommands::replicaofNoOne);
                a.manager.sendMessage(ada, "lost", 1);
                long lost = b.manager.sendToAll("lost", 1);
                CometAnswer read = b.poll(bob, kept).await();
                assertThat(names(read.batch())).containsExactly("lost");
                Request held = b.poll(bob, lost);
                address.leadsTo(replica);
                master.kill();

                long later = sendToAll(a, "later");

                assertThat(later).isGreaterThan(lost);
                assertThat(names(held.await().batch())).containsExactly("later");
                assertThat(held.await().batch().gaps()).isEmpty();
                CometBatch adas = b.poll(ada, kept).await().batch();
                assertThat(adas.gaps())
                        .containsExactly(new CometGap(kept + 1, lost, CometGap.Reason.STORE_LOST));
                assertEndsWith(adas, later);
            }
        }
    }

    @Test
    @DisplayName("P8 a node that knows what was lost is gone, too: then all are told")
    void redis_nodeIsGoneThatKnows_everybodyIsTold() {
        try (TestRedis server = TestRedis.start("--appendonly", "yes", "--appendfsync", "always");
                TestNodes nodes = new TestNodes(server)) {
            TestNodes.Node a = nodes.node();
            TestNodes.Node b = nodes.node();
            CometClient ada = a.client("ada");
            long cursor = b.manager.sendToAll("kept", 1);
            b.provider.crash();
            server.kill();
            server.startAgain();

            long later = sendToAll(a, "later");

            CometBatch batch = a.poll(ada, cursor).await().batch();
            assertThat(batch.gaps())
                    .hasSize(1)
                    .allMatch(gap -> gap.reason() == CometGap.Reason.STORE_LOST)
                    .allMatch(gap -> gap.from() == cursor + 1 && gap.to() < later);
            assertEndsWith(batch, later);
        }
    }

    @Test
    @DisplayName("P8 a Redis that has kept everything and starts again is no loss to anybody")
    void redis_startsAgainWithEverything_nobodyIsTold() {
        try (TestRedis server = TestRedis.start("--appendonly", "yes", "--appendfsync", "always");
                TestNodes nodes = new TestNodes(server)) {
            TestNodes.Node a = nodes.node();
            TestNodes.Node b = nodes.node();
            CometClient ada = a.client("ada");
            b.manager.sendToAll("kept", 1);
            server.kill();
            server.startAgain();

            long later = sendToAll(a, "later");

            CometBatch batch = b.poll(ada, 0).await().batch();
            assertThat(batch.gaps()).isEmpty();
            assertEndsWith(batch, later, "kept");
        }
    }

    @Test
    @DisplayName("P8 nodes and Redis that were stopped in order, and started again, are no loss")
    void redis_allWereStoppedInOrder_nobodyIsTold() {
        try (TestRedis server = TestRedis.start("--appendonly", "yes", "--appendfsync", "always");
                TestNodes nodes = new TestNodes(server)) {
            TestNodes.Node a = nodes.node();
            CometClient ada = a.client("ada");
            a.manager.sendToAll("kept", 1);
            a.manager.close();
            server.kill();
            server.startAgain();

            TestNodes.Node b = nodes.node();
            b.manager.sendToAll("later", 1);

            CometBatch batch = b.poll(ada, 0).await().batch();
            assertThat(batch.gaps()).isEmpty();
            assertThat(names(batch)).containsExactly("kept", "later");
        }
    }

    @Test
    @DisplayName("P8 Sentinel promotes a replica: the nodes follow, and nothing is lost in silence")
    void sentinel_masterIsGone_nodesFollow() {
        try (TestRedis master = TestRedis.start(MASTER);
                TestRedis replica = replicaOf(master);
                TestRedis sentinel = TestRedis.startSentinel("m", master)) {
            await().until(() -> sentinel.ask(redis -> redis.info("sentinel")).contains("slaves=1"));
            RedisURI uri =
                    RedisURI.create(
                            "redis-sentinel://127.0.0.1:" + sentinel.uri().getPort() + "#m");
            try (TestNodes nodes = new TestNodes(uri)) {
                TestNodes.Node a = nodes.node();
                TestNodes.Node b = nodes.node();
                CometClient ada = a.client("ada");
                b.manager.sendToAll("kept", 1);
                awaitInStep(master);
                Request held = a.poll(ada, 0);
                assertThat(names(held.await().batch())).containsExactly("kept");
                long cursor = held.await().batch().cursor();
                Request next = a.poll(ada, cursor);
                master.kill();

                sendToAll(b, "later");

                assertThat(names(next.await().batch())).containsExactly("later");
                assertThat(next.await().batch().gaps()).isEmpty();
                String role = replica.ask(redis -> redis.info("replication"));
                assertThat(role).contains("role:master");
            }
        }
    }

    @Test
    @DisplayName("P8 what replicas are to have fails without them, and is done all the same")
    void waitForReplicas_noneIsThere_fails() {
        try (TestRedis master = TestRedis.start(MASTER);
                TestNodes nodes =
                        new TestNodes(
                                () ->
                                        RedisCometStateProvider.builder()
                                                .uri(master.uri())
                                                .waitForReplicas(1))) {
            CometClient ada;
            TestNodes.Node a = nodes.node();
            try (TestRedis replica = replicaOf(master)) {
                ada = a.client("ada");
                a.manager.sendMessage(ada, "with", 1);
                long there = replica.ask(redis -> redis.xlen(nodes.prefix() + "l:ada"));
                assertThat(there).isEqualTo(1);
            }
            assertThatThrownBy(() -> a.manager.sendMessage(ada, "without", 1))
                    .isInstanceOfSatisfying(
                            CometException.class,
                            e ->
                                    assertThat(e.reason())
                                            .isEqualTo(CometException.Reason.PROVIDER_UNAVAILABLE));
            assertThat(names(a.poll(ada, 0).await().batch())).containsExactly("with", "without");
        }
    }

    @Test
    @DisplayName("P2 Redis Cluster: a namespace is found at the server that has its slot")
    void cluster_anyServerIsAsked_theRightOneIsFound() {
        String[] options = {
            "--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "1000"
        };
        try (TestRedis one = TestRedis.start(options);
                TestRedis other = TestRedis.start(options)) {
            one.ask(redis -> redis.clusterAddSlots(IntStream.range(0, 8192).toArray()));
            other.ask(
                    redis ->
                            redis.clusterAddSlots(
                                    IntStream.range(8192, SlotHash.SLOT_COUNT).toArray()));
            one.ask(redis -> redis.clusterMeet("127.0.0.1", other.uri().getPort()));
            for (TestRedis server : List.of(one, other)) {
                await().until(
                                () ->
                                        server.ask(RedisCommands::clusterInfo)
                                                .contains("cluster_state:ok"));
            }
            TestRedis[] first = {one, other};
            TestRedis[] second = {other, one};
            int[] made = {0};
            try (TestNodes nodes =
                    new TestNodes(
                            () ->
                                    RedisCometStateProvider.builder()
                                            .uri(first[made[0]].uri(), second[made[0]++].uri()))) {
                TestNodes.Node a = nodes.node();
                TestNodes.Node b = nodes.node();
                CometClient ada = a.client("ada");
                a.manager.joinGroup(ada, "room");
                Request held = b.poll(ada, 0);
                a.manager.sendToGroup("room", "n", 1);
                assertThat(names(held.await().batch())).containsExactly("n");
                b.manager.sendMessage(List.of("ada"), "m", 1);
                assertThat(a.manager.clients()).containsExactly(ada);
                a.provider.tidy();
                assertThat(b.manager.groups()).containsExactly("room");
            }
        }
    }
}
