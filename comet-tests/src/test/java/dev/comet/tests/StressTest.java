package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.CometStatistics;
import dev.comet.Footprint;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.engine.PoolFootprint;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.spi.Audience;
import dev.comet.testkit.HistoryChecker;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * 64 senders and a thousand clients that behave as badly as clients do, with limits so small that
 * much is lost: every loss is announced, exactly, and everything else arrives once and in order.
 *
 * <p>The seed is printed, and {@code -Dcomet.stress.seed=…} sets it. It decides what is tried; the
 * machine decides how the threads meet.
 */
@Timeout(180)
class StressTest {

    private static final int SENDERS = 64;
    private static final int SENDS_EACH = 400;
    private static final int CLIENTS = 1_000;
    private static final int DRIVERS = 8;
    private static final int GROUPS = 20;

    private final ManualClock clock = new ManualClock();
    private final HistoryChecker history = new HistoryChecker();
    private final CometStateManager manager =
            CometStateManager.builder(new InProcCometStateProvider())
                    .clock(clock)
                    .waitThreads(3)
                    .limits(
                            CometLimits.builder()
                                    .clientLog(new LogLimits(15, 2_000, Duration.ofSeconds(20)))
                                    .sharedLog(new LogLimits(300, 40_000, Duration.ofSeconds(5)))
                                    .messagesPerAnswer(10)
                                    .bytesPerAnswer(700)
                                    .overflow(OverflowPolicy.DROP_OLDEST)
                                    .build())
                    .build();
    private final AtomicReferenceArray<Slot> slots = new AtomicReferenceArray<>(CLIENTS);
    private final AtomicInteger sendersLeft = new AtomicInteger(SENDERS);
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    /** One client after the other, under names of their own. */
    private final class Slot {

        private final int number;
        private final Random random;
        private final Set<String> groups = new HashSet<>();
        private int generation;
        private volatile ModelClient client;
        private @Nullable CometAsyncResult current;

        Slot(int number, Random random) {
            this.number = number;
            this.random = random;
            this.client = connect();
        }

        private ModelClient connect() {
            groups.clear();
            current = null;
            CometClient newcomer =
                    manager.initializeClient(
                            CometClient.builder()
                                    .publicToken("c" + number + "." + generation++)
                                    .connectionTimeoutSeconds(1 + random.nextInt(3))
                                    .connectionIdleSeconds(2 + random.nextInt(6))
                                    .build());
            try {
                long birth = manager.confirmedMessageId(newcomer.privateToken());
                history.born(newcomer.publicToken(), birth);
            } catch (CometException e) {
                history.sessionLost(newcomer.publicToken()); // was so slow that it was killed
            }
            return new ModelClient(manager, newcomer, history);
        }

        private void reconnect() {
            history.sessionLost(client.name());
            client = connect();
        }

        void act() {
            int dice = random.nextInt(100);
            if (dice < 40) {
                if (random.nextInt(10) == 0) {
                    client.loseNext();
                }
                client.handleAll();
            } else if (dice < 80) {
                if (current == null || current.isCompleted() || random.nextInt(20) == 0) {
                    current = client.poll(Duration.ofSeconds(random.nextInt(4)));
                }
            } else if (dice < 88) {
                if (current != null) {
                    manager.endSubscribe(current);
                }
            } else if (dice < 98) {
                joinOrLeave("g" + random.nextInt(GROUPS));
            } else if (dice < 99) {
                manager.disconnect(client.client().privateToken());
                reconnect();
            }
            if (client.hasEnded()) {
                reconnect();
            }
        }

        private void joinOrLeave(String group) {
            try {
                if (groups.add(group)) {
                    history.joined(client.name(), group, manager.joinGroup(client.name(), group));
                } else {
                    long certain = manager.sendMessage("probe", "probe", 1);
                    manager.leaveGroup(client.name(), group);
                    long possible = manager.sendMessage("probe", "probe", 1);
                    history.left(client.name(), group, certain, possible);
                    groups.remove(group);
                }
            } catch (CometException e) {
                expect(e, Reason.CLIENT_DOES_NOT_EXIST); // killed, and does not know it yet
                reconnect();
            }
        }

        /** On a machine that keeps up hardly any request is held: here two are, for certain. */
        void supersedeAndAbort() {
            client.poll(Duration.ofSeconds(3));
            manager.endSubscribe(client.poll(Duration.ofSeconds(3)));
        }

        /** Fetches what is left. */
        void finish() {
            long seen = -1;
            while (!client.hasEnded() && seen != client.received() + client.gaps()) {
                seen = client.received() + client.gaps();
                client.poll(Duration.ZERO);
                client.handleAll();
            }
            if (client.hasEnded()) {
                history.sessionLost(client.name());
            }
        }
    }

    @Test
    @DisplayName(
            "M1, M2, M4, M6, M7, M8, M12, W5-W7, W14: 64 senders, 1,000 unruly clients, a clean history")
    void everything_atOnce_losesNothingUnannounced() throws InterruptedException {
        // Whoever gets a message gets an id: the senders' present, for those who join and leave.
        manager.initializeClient(
                CometClient.builder().publicToken("probe").connectionIdleSeconds(86_400).build());
        long seed = Long.getLong("comet.stress.seed", System.nanoTime());
        System.out.println("-Dcomet.stress.seed=" + seed);
        for (int i = 0; i < CLIENTS; i++) {
            slots.set(i, new Slot(i, new Random(seed + i)));
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < SENDERS; i++) {
            Random random = new Random(~seed - i);
            threads.add(new Thread(() -> guarded(() -> send(random))));
        }
        for (int i = 0; i < DRIVERS; i++) {
            int driver = i;
            Random random = new Random(seed - i);
            threads.add(new Thread(() -> guarded(() -> drive(driver, random))));
        }
        threads.forEach(Thread::start);
        while (sendersLeft.get() > 0 && failures.isEmpty()) {
            clock.advance(Duration.ofMillis(10));
            LockSupport.parkNanos(1_000_000);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).as("seed %d", seed).isEmpty();
        for (int i = 0; i < CLIENTS; i++) {
            slots.get(i).finish();
        }
        slots.get(0).supersedeAndAbort();
        Verdict verdict = history.checkExactGaps();
        CometStatistics statistics = manager.statistics();
        System.out.println(verdict + " " + statistics);
        assertThat(verdict.isClean()).as("seed %d: %s", seed, verdict).isTrue();
        // It was the stress that it claims to be.
        assertThat(verdict.received()).isGreaterThan(10_000);
        assertThat(statistics.gapsAnnounced()).isPositive();
        assertThat(statistics.superseded()).isPositive();
        assertThat(statistics.abandoned()).isPositive();
        assertThat(statistics.timeouts()).isPositive();
        assertNothingIsLeft();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private void assertNothingIsLeft() throws InterruptedException {
        clock.awaitAllParked();
        assertThat(manager.statistics().heldRequests()).isZero();
        for (CometClient client : manager.clients()) {
            manager.disconnect(client.privateToken());
        }
        clock.awaitAllParked();
        assertThat(Footprint.of(manager)).isEqualTo(new PoolFootprint(0, 0, 0, 1));
    }

    private void guarded(Runnable work) {
        try {
            work.run();
        } catch (Throwable e) {
            failures.add(e);
        }
    }

    private void drive(int driver, Random random) {
        while (sendersLeft.get() > 0 && failures.isEmpty()) {
            slots.get(random.nextInt(CLIENTS / DRIVERS) * DRIVERS + driver).act();
        }
    }

    private void send(Random random) {
        try {
            for (int i = 0; i < SENDS_EACH && failures.isEmpty(); i++) {
                Audience audience = audience(random);
                long sending = history.sending();
                try {
                    history.accepted(sending, send(audience, i), audience);
                } catch (CometException e) {
                    expect(e, Reason.CLIENT_DOES_NOT_EXIST); // killed or disconnected meanwhile
                }
                LockSupport.parkNanos(random.nextInt(10_000_000));
            }
        } finally {
            sendersLeft.decrementAndGet();
        }
    }

    private long send(Audience audience, int number) {
        if (audience instanceof Audience.Recipients recipients) {
            return recipients.publicTokens().size() == 1
                    ? manager.sendMessage(recipients.publicTokens().get(0), "one", number)
                    : manager.sendMessage(recipients.publicTokens(), "list", number);
        }
        if (audience instanceof Audience.Group group) {
            return group.exceptPublicToken() == null
                    ? manager.sendToGroup(group.group(), "group", number)
                    : manager.sendToGroupBut(
                            group.group(), group.exceptPublicToken(), "group", number);
        }
        String except = ((Audience.Everyone) audience).exceptPublicToken();
        return except == null
                ? manager.sendToAll("all", number)
                : manager.sendToAllBut(except, "all", number);
    }

    private Audience audience(Random random) {
        int dice = random.nextInt(100);
        if (dice < 60) {
            // A few get most: so that their own logs overflow.
            return Audience.one(dice < 30 ? name(random, 20) : name(random, CLIENTS));
        }
        if (dice < 75) {
            Set<String> names = new LinkedHashSet<>();
            while (names.size() < 3) {
                names.add(name(random, CLIENTS));
            }
            return Audience.each(names);
        }
        if (dice < 95) {
            String group = "g" + random.nextInt(GROUPS);
            return new Audience.Group(group, dice < 90 ? null : name(random, CLIENTS));
        }
        return new Audience.Everyone(dice < 97 ? null : name(random, CLIENTS));
    }

    private String name(Random random, int among) {
        return slots.get(random.nextInt(among)).client.name();
    }

    private static void expect(CometException e, Reason reason) {
        if (e.reason() != reason) {
            throw e;
        }
    }
}
