package dev.comet.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.RecordingListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What all logs take together. */
class MemoryTest {

    private static final long TOTAL = 4 << 20;
    private static final int LARGE = 32 << 10;
    private static final AtomicLong INCARNATIONS = new AtomicLong();

    private final InProcCometStateProvider provider = new InProcCometStateProvider();
    private final ManualClock clock = new ManualClock();
    private final HistoryChecker history = new HistoryChecker();

    private void start(OverflowPolicy overflow, long totalBytes) {
        CometLimits limits =
                CometLimits.builder().maxTotalBytes(totalBytes).overflow(overflow).build();
        provider.start(new ICometStateProvider.Context(limits, clock, new RecordingListener()));
    }

    @AfterEach
    void close() {
        provider.close();
    }

    private CometClient client(String name) {
        CometClient client =
                CometClient.builder()
                        .publicToken(name)
                        .incarnation(INCARNATIONS.incrementAndGet())
                        .build();
        provider.initializeClient(client);
        return client;
    }

    private static EncodedMessage sized(int bytes) {
        return new EncodedMessage("said", ('"' + "x".repeat(bytes) + '"').getBytes(UTF_8));
    }

    /** One that polls. */
    private final class Poller {
        final CometClient client;
        long cursor;

        Poller(String name) {
            client = client(name);
            cursor = provider.confirmedMessageId(client);
            history.born(name, cursor);
            history.joined(
                    name,
                    "calm",
                    provider.joinGroup(provider.findClientByPublicToken(name), "calm"));
        }

        void poll() {
            CometBatch batch;
            do {
                batch = provider.getMessages(client, cursor, 100, 1 << 20);
                batch.gaps()
                        .forEach(gap -> history.gap(client.publicToken(), gap.from(), gap.to()));
                for (CometMessage message : batch.messages()) {
                    history.received(client.publicToken(), message.messageId());
                }
                cursor = batch.cursor();
            } while (!batch.isEmpty());
        }
    }

    private void send(Audience audience, EncodedMessage message) {
        history.accepted(provider.sendMessage(audience, message), audience);
        assertThat(provider.usage().bytes()).isLessThanOrEqualTo(TOTAL);
    }

    @Test
    @DisplayName(
            "M13 an hour of large messages to many groups by clients that come back under other names: "
                    + "within the total, and nobody else loses anything in silence")
    void sendMessage_attackOnManyGroups_staysWithinTheTotal() {
        start(OverflowPolicy.REJECT, TOTAL);
        List<Poller> pollers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            pollers.add(new Poller("poller-" + i));
        }
        EncodedMessage large = sized(LARGE);
        int groups = 400;
        for (int i = 0; i < 20_000; i++) {
            if (i % 5 == 0) { // its send limits begin anew
                CometClient attacker = client("attacker-" + i);
                provider.joinGroup(attacker, "group-" + i / 5 % groups);
                if (i >= 500) {
                    provider.removeClient(
                            provider.findClientByPublicToken("attacker-" + (i - 500)),
                            EndReason.DISCONNECTED);
                }
            }
            send(new Audience.Group("group-" + i / 5 % groups, null), large);
            if (i % 7 == 0) {
                send(Audience.one(pollers.get(i % 10).client.publicToken()), sized(100));
                send(new Audience.Group("calm", null), sized(100));
            }
            if (i % 50 == 0) {
                pollers.forEach(Poller::poll);
            }
            clock.advance(Duration.ofMillis(1));
        }
        pollers.forEach(Poller::poll);

        assertThat(history.checkExactGaps().faults()).isEmpty();
        List<CometMessage> kept =
                new ArrayList<>(provider.groupHistory("calm", Long.MAX_VALUE, 10_000));
        for (int i = 0; i < groups; i++) {
            kept.addAll(provider.groupHistory("group-" + i, Long.MAX_VALUE, 10_000));
        }
        assertThat(provider.usage().messages()).isEqualTo(kept.size());
        assertThat(provider.usage().bytes())
                .isEqualTo(kept.stream().mapToLong(m -> Memory.cost(m.encoded(), 1)).sum());
        assertThat(provider.usage().bytes()).as("none is wasted").isGreaterThan(TOTAL / 10 * 9);
    }

    @ParameterizedTest
    @EnumSource(OverflowPolicy.class)
    @DisplayName("M13 what is counted is what is there, after everything has happened at once")
    void usage_everythingAtOnce_comesBackToNothing(OverflowPolicy overflow) throws Exception {
        start(overflow, 300_000);
        int clients = 200;
        for (int i = 0; i < clients; i++) {
            client("client-" + i);
        }
        AtomicInteger failures = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            Random random = new Random(t);
            threads.add(
                    new Thread(
                            () -> {
                                for (int i = 0; i < 2_000; i++) {
                                    try {
                                        anything(random, clients);
                                    } catch (CometException e) {
                                        // Refused, or gone: as it may be.
                                    } catch (Throwable e) {
                                        failures.incrementAndGet();
                                        throw e;
                                    }
                                }
                            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).hasValue(0);

        provider.clients().forEach(client -> provider.removeClient(client, EndReason.DISCONNECTED));
        clock.advance(Duration.ofMinutes(11));
        provider.tidy();

        assertThat(provider.usage().messages()).isZero();
        assertThat(provider.usage().bytes()).isZero();
    }

    @Test
    @DisplayName(
            "M13 REJECT: many fill the logs of clients who confirm nothing, by lists and one by one: "
                    + "those who confirm never miss a message")
    void sendMessage_hogsFromManyThreads_othersGetTheirs() throws Exception {
        start(OverflowPolicy.REJECT, TOTAL);
        List<String> hogs = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            hogs.add(client("hog-" + i).publicToken());
        }
        AtomicInteger failures = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            Random random = new Random(t);
            threads.add(
                    new Thread(
                            () -> {
                                for (int i = 0; i < 2_000; i++) {
                                    boolean isToOne = random.nextInt(10) > 0;
                                    try {
                                        provider.sendMessage(
                                                isToOne
                                                        ? Audience.one(hogs.get(i % hogs.size()))
                                                        : Audience.each(hogs),
                                                sized(random.nextInt(5_000)));
                                    } catch (CometException e) {
                                        if (e.fullClients().isEmpty()) {
                                            failures.incrementAndGet();
                                        }
                                    }
                                }
                            }));
        }
        threads.forEach(Thread::start);
        Poller ada = new Poller("ada");
        for (int i = 0; i < 2_000; i++) {
            send(Audience.one("ada"), sized(100));
            send(new Audience.Group("calm", null), sized(100));
            ada.poll();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(history.checkExactGaps().faults()).isEmpty();
        assertThat(failures).as("refusals for want of room in all").hasValue(0);
        assertThat(provider.usage().bytes()).as("much is taken").isGreaterThan(TOTAL / 10 * 9);
        send(Audience.one("ada"), sized(1_000));
    }

    private void anything(Random random, int clients) {
        String name = "client-" + random.nextInt(clients);
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> provider.sendMessage(Audience.one(name), sized(random.nextInt(5_000)));
            case 3 -> {
                List<String> many = new ArrayList<>();
                provider.clients().stream()
                        .limit(60 + random.nextInt(60))
                        .forEach(client -> many.add(client.publicToken()));
                provider.sendMessage(Audience.each(many), sized(random.nextInt(5_000)));
            }
            case 4 ->
                    provider.sendMessage(
                            new Audience.Group("group-" + random.nextInt(20), null),
                            sized(random.nextInt(5_000)));
            case 5 -> provider.sendMessage(new Audience.Everyone(null), sized(1_000));
            case 6, 7 -> {
                CometClient client = provider.findClientByPublicToken(name);
                String group = "group-" + random.nextInt(20);
                if (client != null && random.nextBoolean()) {
                    provider.joinGroup(client, group);
                } else if (client != null) {
                    provider.leaveGroup(client, group);
                }
            }
            case 8 -> {
                CometClient client = provider.findClientByPublicToken(name);
                if (client != null) {
                    CometBatch batch = provider.getMessages(client, 0, 5, 100_000);
                    provider.peekMessages(client, batch.cursor(), 5, 100_000);
                    provider.confirmMessages(client, batch.cursor());
                }
            }
            default -> {
                CometClient client = provider.findClientByPublicToken(name);
                if (client != null && random.nextInt(4) == 0) {
                    provider.removeClient(client, EndReason.DISCONNECTED);
                    client(name);
                }
            }
        }
    }
}
