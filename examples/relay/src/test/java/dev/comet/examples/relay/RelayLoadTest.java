package dev.comet.examples.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometOptions;
import dev.comet.client.CometState;
import dev.comet.client.http.JdkHttp;
import dev.comet.examples.relay.CommandLog.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many phones command many gateways whose connections are cut at random. System properties make it
 * as large as wanted: {@code relay.gateways}, {@code relay.phones}, {@code relay.seconds}, {@code
 * relay.seed}.
 */
@Timeout(300)
class RelayLoadTest {

    private static final int GATEWAYS = Integer.getInteger("relay.gateways", 200);
    private static final int PHONES = Integer.getInteger("relay.phones", 20);
    private static final int SECONDS = Integer.getInteger("relay.seconds", 5);
    private static final long SEED = Long.getLong("relay.seed", 20_260_101L);

    private final Map<String, LongAdder> outcomes = new ConcurrentHashMap<>();
    private final LongAdder sent = new LongAdder();
    private final LongAdder wrong = new LongAdder();
    private volatile boolean over;

    @Test
    @DisplayName(
            "R3 every command ends in exactly one of reply, timeout, offline; no reply goes astray")
    void commands_gatewaysLoseTheirConnections_endOnce() throws Exception {
        Relay.Options options =
                new Relay.Options(Duration.ofSeconds(2), 20, 10, 1_000, Duration.ZERO);
        try (RelayServer server =
                RelayServer.start("127.0.0.1", 0, "code", options, Jobs.Intervals.DEFAULT)) {
            List<SimulatedGateway> gateways = new ArrayList<>();
            List<CuttableHttp> networks = new ArrayList<>();
            for (int number = 1; number <= GATEWAYS; number++) {
                CuttableHttp network = new CuttableHttp(JdkHttp.shared());
                networks.add(network);
                gateways.add(
                        SimulatedGateway.start(
                                server.comet(),
                                number,
                                server.relay().keys().issue(SimulatedGateway.mac(number)),
                                CometOptions.builder().http(network).build()));
                if (number % 50 == 0 || number == GATEWAYS) {
                    gateways.forEach(RelayLoadTest::join);
                }
            }
            List<Phone> phones = new ArrayList<>();
            CountDownLatch done = new CountDownLatch(PHONES);
            for (int number = 1; number <= PHONES; number++) {
                String mac = "06:00:00:00:%02x:%02x".formatted(number >> 8, number & 0xFF);
                Phone phone =
                        Phone.connect(
                                        server.comet(),
                                        mac,
                                        "phone-" + number,
                                        server.relay().keys().issue(mac),
                                        CometOptions.defaults())
                                .toCompletableFuture()
                                .join();
                phones.add(phone);
                new Commander(phone, number, done).next();
            }
            cutAtRandom(networks, gateways);
            over = true;
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
            long reconnected = gateways.stream().filter(RelayLoadTest::isConnected).count();
            System.out.printf(
                    "%s commands: %s; %d of %d gateways connected at the end%n",
                    sent, new TreeMap<>(outcomes), reconnected, GATEWAYS);

            assertThat(wrong.sum()).isZero();
            assertThat(outcomes.keySet()).isSubsetOf("reply", "timed-out", "client-does-not-exist");
            assertThat(outcomes.values().stream().mapToLong(LongAdder::sum).sum())
                    .isEqualTo(sent.sum());
            assertThat(outcomes.get("reply").sum()).isPositive();
            await().until(() -> states(server, State.WAITING) == 0);
            assertThat(states(server, State.REPLIED)).isEqualTo(outcomes.get("reply").sum());
            assertThat(server.manager().statistics().requests().pending()).isZero();
            phones.forEach(phone -> phone.comet().close());
            gateways.forEach(gateway -> join(gateway).close());
        }
    }

    private static Comet join(SimulatedGateway gateway) {
        return gateway.comet().toCompletableFuture().join();
    }

    private static boolean isConnected(SimulatedGateway gateway) {
        return join(gateway).state() == CometState.CONNECTED;
    }

    private static long states(RelayServer server, State state) {
        return server.relay().commands().all().stream()
                .filter(entry -> entry.state() == state)
                .count();
    }

    /** Cuts a connection every few milliseconds; now and then a gateway goes for good. */
    private static void cutAtRandom(List<CuttableHttp> networks, List<SimulatedGateway> gateways) {
        Random random = new Random(SEED);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end) {
            int chosen = random.nextInt(networks.size());
            networks.get(chosen).cut();
            if (random.nextInt(50) == 0) {
                join(gateways.get(chosen)).close();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /** One phone, which commands one gateway after the other until it is over. */
    private final class Commander {

        private final Phone phone;
        private final int number;
        private final CountDownLatch done;
        private final Random random;
        private int commands;

        Commander(Phone phone, int number, CountDownLatch done) {
            this.phone = phone;
            this.number = number;
            this.done = done;
            this.random = new Random(SEED + number);
        }

        void next() {
            if (over) {
                done.countDown();
                return;
            }
            sent.increment();
            String light = "light-" + number + "-" + commands++;
            phone.command(SimulatedGateway.mac(1 + random.nextInt(GATEWAYS)), light, "on")
                    .whenComplete((reply, failure) -> ended(light, reply, failure));
        }

        private void ended(String light, Frame reply, Throwable failure) {
            count(failure == null ? "reply" : code(failure));
            if (reply != null && !reply.text("deviceid").equals(light)) {
                wrong.increment();
            }
            // Not from within: a phone that is answered at once would never come back.
            CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS).execute(this::next);
        }
    }

    private static String code(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof CometClientException known ? known.code() : cause.toString();
    }

    private void count(String outcome) {
        outcomes.computeIfAbsent(outcome, key -> new LongAdder()).increment();
    }
}
