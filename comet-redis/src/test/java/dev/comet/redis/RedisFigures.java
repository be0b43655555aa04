package dev.comet.redis;

import dev.comet.CometAnswer;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.ICometStateProvider;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.ProviderFigures;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordingListener;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What a call costs: not a test, and not run as one; see docs/cluster.md. */
class RedisFigures {

    private static final int HELD = Integer.getInteger("held", 10_000);

    private final TestRedis server = TestRedis.start("--save", "");
    private final RedisClient client = RedisClient.create(server.uri());
    private final String namespace = UUID.randomUUID().toString();

    @Test
    void print() {
        try (ICometStateProvider a = node();
                ICometStateProvider b = node()) {
            new ProviderFigures(a, b, this::cpuMicros, System.out::println).take();
            figureOfABroadcast();
            figureOfLatency();
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            server.close();
        }
    }

    /** One message to all clients of three nodes, each with a poll that is held. */
    private void figureOfABroadcast() {
        try (TestNodes nodes = new TestNodes(server)) {
            List<TestNodes.Node> all = List.of(nodes.node(), nodes.node(), nodes.node());
            List<Request> held = new ArrayList<>();
            List<CometClient> clients = new ArrayList<>();
            for (int i = 0; i < HELD; i++) {
                clients.add(all.get(i % 3).client("held-" + i, 600));
                held.add(all.get(i % 3).poll(clients.get(i), 0));
            }
            long last = all.get(0).manager.sendToAll("first", 1);
            held.forEach(Request::await);
            for (int round = 0; round < 3; round++) {
                held.clear();
                for (int i = 0; i < HELD; i++) {
                    held.add(all.get(i % 3).poll(clients.get(i), last));
                }
                long before = server.scripts();
                long begin = System.nanoTime();
                last = all.get(0).manager.sendToAll("next", 1);
                held.forEach(Request::await);
                System.out.printf(
                        "broadcast to %,d held polls on three nodes: %d scripts, %d ms%n",
                        HELD,
                        server.scripts() - before,
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
            }
        }
    }

    /** From the call of a send until a poll is answered: at another node, and in process. */
    private void figureOfLatency() {
        try (TestNodes nodes = new TestNodes(server);
                CometStateManager inProcess =
                        CometStateManager.builder(new InProcCometStateProvider()).build()) {
            TestNodes.Node a = nodes.node();
            TestNodes.Node b = nodes.node();
            CometClient there = b.client("there", 600);
            CometClient here = inProcess.initializeClient(CometClient.builder().build());
            List<Long> far = new ArrayList<>();
            List<Long> near = new ArrayList<>();
            long[] cursors = new long[2];
            for (int i = 0; i < 5_000; i++) {
                cursors[0] = latency(a.manager, b.manager, there, cursors[0], far);
                cursors[1] = latency(inProcess, inProcess, here, cursors[1], near);
            }
            print("send until answered, at another node", far);
            print("send until answered, in process", near);
        }
    }

    private static long latency(
            CometStateManager sender,
            CometStateManager holder,
            CometClient client,
            long cursor,
            List<Long> micros) {
        CompletableFuture<CometAnswer> answered = new CompletableFuture<>();
        holder.endpoint()
                .beginSubscribe(client.privateToken(), cursor, null, 0)
                .whenCompleted(answered::complete, Runnable::run);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1)); // until it is held
        long begin = System.nanoTime();
        long id = sender.sendMessage(client, "n", 1);
        answered.join();
        micros.add(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin));
        return id;
    }

    private static void print(String what, List<Long> micros) {
        List<Long> sorted = micros.stream().sorted().toList();
        System.out.printf(
                "%s: p50 %,d \u00b5s, p99 %,d \u00b5s%n",
                what, sorted.get(sorted.size() / 2), sorted.get(sorted.size() * 99 / 100));
    }

    private ICometStateProvider node() {
        ICometStateProvider node =
                RedisCometStateProvider.builder().uri(server.uri()).namespace(namespace).build();
        node.start(ProviderFigures.context(new RecordingListener(Duration.ofSeconds(1))));
        return node;
    }

    private double cpuMicros() {
        try (var connection = client.connect()) {
            return connection
                            .sync()
                            .info("cpu")
                            .lines()
                            .filter(line -> line.matches("used_cpu_(user|sys):.*"))
                            .mapToDouble(
                                    line ->
                                            Double.parseDouble(
                                                    line.substring(line.indexOf(':') + 1).trim()))
                            .sum()
                    * 1e6;
        }
    }
}
