package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.RecordingListener;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

/** What a call costs: not a test, and not run as one; see docs/cluster.md. */
class RedisFigures {

    private static final int THREADS = 8;
    private static final long SECONDS = Long.getLong("seconds", 3);

    private final TestRedis server = TestRedis.start("--save", "");
    private final RedisClient client = RedisClient.create(server.uri());
    private final String namespace = UUID.randomUUID().toString();

    @Test
    void print() {
        try (ICometStateProvider a = node();
                ICometStateProvider b = node()) {
            List<CometClient> clients = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                CometClient one =
                        CometClient.builder().publicToken("client-" + i).incarnation(i + 1).build();
                a.initializeClient(one);
                b.attach(one.privateToken(), 0);
                clients.add(one);
            }
            EncodedMessage message =
                    new EncodedMessage("n", ('"' + "x".repeat(100) + '"').getBytes(UTF_8));
            CometClient hot = clients.get(0);
            figure(
                    "send to one client of another node",
                    i -> a.sendMessage(Audience.one(clients.get((int) (i % 1_000))), message));
            figure("send to everyone", i -> a.sendMessage(new Audience.Everyone(null), message));
            figure(
                    "send to ten clients",
                    i ->
                            a.sendMessage(
                                    Audience.each(
                                            clients
                                                    .subList((int) (i % 990), (int) (i % 990) + 10)
                                                    .stream()
                                                    .map(CometClient::publicToken)
                                                    .toList()),
                                    message));
            long top = a.sendMessage(Audience.one(hot), message);
            figure("read nothing", i -> b.getMessages(hot, top, 100, 1 << 20));
            long all = a.sendMessage(new Audience.Everyone(null), message);
            figure("read one message", i -> b.getMessages(hot, all - 1, 100, 1 << 20));
            figure("attach again", i -> b.attach(hot.privateToken(), 0));
            figure("keep alive", i -> b.keepAlive(hot, 60_000_000_000L));
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            server.close();
        }
    }

    private ICometStateProvider node() {
        ICometStateProvider node =
                RedisCometStateProvider.builder().uri(server.uri()).namespace(namespace).build();
        node.start(
                new ICometStateProvider.Context(
                        CometLimits.builder()
                                .clientLog(new LogLimits(100, 1 << 20, LogLimits.ANY_AGE))
                                .overflow(OverflowPolicy.DROP_OLDEST)
                                .build(),
                        CometClock.system(),
                        new RecordingListener(Duration.ofSeconds(1))));
        return node;
    }

    private void figure(String what, LongConsumer call) {
        AtomicLong calls = new AtomicLong();
        double before = cpuMicros();
        long begin = System.nanoTime();
        long end = begin + TimeUnit.SECONDS.toNanos(SECONDS);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(
                    new Thread(
                            () -> {
                                while (System.nanoTime() - end < 0) {
                                    call.accept(calls.getAndIncrement());
                                }
                            }));
        }
        threads.forEach(Thread::start);
        threads.forEach(
                thread -> {
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
        double micros = (System.nanoTime() - begin) / 1_000.0;
        System.out.printf(
                "%s: %,.0f/s, %.1f \u00b5s of Redis each%n",
                what, calls.get() * 1e6 / micros, (cpuMicros() - before) / calls.get());
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
