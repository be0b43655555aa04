package dev.comet.postgresql;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.zaxxer.hikari.HikariDataSource;
import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.RecordingListener;
import dev.comet.testkit.internal.RecordingListener.Call;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What a call costs: not a test, and not run as one; see docs/postgresql.md. */
class PostgresFigures {

    private static final int THREADS = 8;
    private static final long SECONDS = Long.getLong("seconds", 3);

    private final RecordingListener told = new RecordingListener(Duration.ofSeconds(5));

    @Test
    void print() throws IOException {
        EmbeddedPostgres.Builder server = EmbeddedPostgres.builder();
        if (Boolean.getBoolean("durable")) {
            server.setServerConfig("fsync", "on").setServerConfig("synchronous_commit", "on");
        }
        try (EmbeddedPostgres postgres = server.start();
                HikariDataSource pool = TestPostgres.newPool(postgres, THREADS + 2);
                ICometStateProvider a = node(pool, new RecordingListener(Duration.ofSeconds(1)));
                ICometStateProvider b = node(pool, told)) {
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
            latency(() -> a.sendMessage(Audience.one(hot), message), Call.clientGrew(hot));
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
            figure("keep alive", i -> b.keepAlive(clients.get((int) (i % 1_000)), 60_000_000_000L));
        }
    }

    private ICometStateProvider node(DataSource pool, RecordingListener listener) {
        ICometStateProvider node =
                PostgresCometStateProvider.builder(pool)
                        .commandTimeout(Duration.ofSeconds(10))
                        .build();
        node.start(
                new ICometStateProvider.Context(
                        CometLimits.builder()
                                .clientLog(new LogLimits(100, 1 << 20, LogLimits.ANY_AGE))
                                .overflow(OverflowPolicy.DROP_OLDEST)
                                .build(),
                        CometClock.system(),
                        listener));
        return node;
    }

    /** From the call until the other node is told. */
    private void latency(Runnable send, Call call) {
        long[] micros = new long[300];
        for (int i = 0; i < micros.length; i++) {
            told.clear();
            long begin = System.nanoTime();
            send.run();
            told.await(call);
            micros[i] = (System.nanoTime() - begin) / 1_000;
        }
        Arrays.sort(micros);
        System.out.printf(
                "another node is told: half within %,d \u00b5s, 99 of 100 within %,d \u00b5s%n",
                micros[micros.length / 2], micros[micros.length * 99 / 100]);
    }

    private static void figure(String what, LongConsumer call) {
        AtomicLong calls = new AtomicLong();
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
        System.out.printf("%s: %,.0f/s%n", what, calls.get() * 1e6 / micros);
    }
}
