package dev.comet.tests;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.CometStatistics;
import dev.comet.Footprint;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.engine.PoolFootprint;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One round of the stress: a manager of its own, with tiny limits; senders, requesters, those who
 * end clients, and clients that take the tokens of those who ended. Then everything is brought to
 * its end, judged, and forgotten.
 *
 * <p>Time is driven, ten times as fast as the machine's: so that clients are idle and requests time
 * out often.
 */
final class StressRound {

    private static final int SLOTS = 60;
    private static final int DRIVERS = 3;
    private static final int SENDERS = 3;
    private static final Duration STEP = Duration.ofMillis(10);

    private final long seed;
    private final Duration duration;
    private final boolean fromMemory;
    private final ManualClock clock = new ManualClock();
    private final StressRecord record = new StressRecord();
    private final StressStore store;
    private final StressExecutor executor;
    private final CometStateManager manager;
    private final List<StressSlot> slots = new ArrayList<>();
    private final AtomicInteger requestsOpen = new AtomicInteger();
    private final AtomicLong requestNumbers = new AtomicLong();
    private volatile boolean over;
    private final String name;

    /**
     * @param number decides what kind of store, of executor and of limits it is
     */
    StressRound(int number, long seed, Duration duration) {
        this.seed = seed;
        this.duration = duration;
        this.fromMemory = (number + number / 6) % 2 == 1;
        OverflowPolicy policy = List.of(OverflowPolicy.values()).get((number + number / 12) % 3);
        StressExecutor.Kind kind = List.of(StressExecutor.Kind.values()).get(number % 6);
        this.store = new StressStore(record, fromMemory, seed);
        this.executor = new StressExecutor(kind);
        this.name =
                policy + ", " + kind + (fromMemory ? ", in memory" : ", slow and failing store");
        Random random = new Random(seed);
        this.manager =
                CometStateManager.builder(store)
                        .clock(clock)
                        .waitThreads(2)
                        .eventExecutor(executor)
                        .eventHandler(record)
                        .heartbeat(Duration.ofSeconds(1))
                        .stallTimeout(Duration.ofSeconds(1))
                        .maxPendingRequests(50)
                        .limits(limits(policy, random))
                        .build();
        for (int i = 0; i < SLOTS; i++) {
            slots.add(new StressSlot(i, manager, record, new Random(seed + i)));
        }
    }

    private static CometLimits limits(OverflowPolicy policy, Random random) {
        return CometLimits.builder()
                .clientLog(new LogLimits(3 + random.nextInt(13), 2_000, Duration.ofSeconds(10)))
                .sharedLog(new LogLimits(20 + random.nextInt(40), 40_000, Duration.ofSeconds(3)))
                .maxMessagesPerAnswer(10)
                .maxBytesPerAnswer(700)
                .overflow(policy)
                .build();
    }

    @Override
    public String toString() {
        return "seed " + seed + " (" + name + ")";
    }

    StressTotals run() throws InterruptedException {
        try {
            slots.forEach(StressSlot::connect);
            disturb();
            quiet();
            return end();
        } finally {
            over = true;
            executor.recovers();
            manager.close();
            executor.finish();
        }
    }

    // ---- while it goes on

    private void disturb() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < DRIVERS; i++) {
            int driver = i;
            threads.add(thread(i, random -> drive(driver, random)));
        }
        for (int i = 0; i < SENDERS; i++) {
            threads.add(thread(10 + i, this::send));
        }
        threads.add(thread(20, this::request));
        threads.add(thread(21, this::disconnect));
        threads.forEach(Thread::start);
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - end < 0) {
            clock.advance(STEP);
            LockSupport.parkNanos(1_000_000);
        }
        over = true;
        for (Thread thread : threads) {
            thread.join(30_000);
            if (thread.isAlive()) {
                record.fault(thread.getName() + " does not come back: " + at(thread));
            }
        }
    }

    private static String at(Thread thread) {
        StackTraceElement[] frames = thread.getStackTrace();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(frames.length, 12); i++) {
            text.append("\n    at ").append(frames[i]);
        }
        return text.toString();
    }

    private Thread thread(int number, Consumer<Random> step) {
        Random random = new Random(~seed - number);
        return new Thread(
                () -> {
                    while (!over) {
                        try {
                            step.accept(random);
                        } catch (OutOfMemoryError e) {
                            // Injected.
                        } catch (Throwable e) {
                            record.fault("unexpected: " + e + at(e));
                            return;
                        }
                    }
                },
                "stress-" + number);
    }

    private static String at(Throwable e) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(e.getStackTrace().length, 8); i++) {
            text.append("\n    at ").append(e.getStackTrace()[i]);
        }
        return e.getCause() == null ? text.toString() : text + "\n  cause " + e.getCause();
    }

    private void drive(int driver, Random random) {
        slots.get(random.nextInt(SLOTS / DRIVERS) * DRIVERS + driver).act();
    }

    private void send(Random random) {
        LockSupport.parkNanos(random.nextInt(600_000));
        try {
            send(audience(random));
        } catch (CometException e) {
            StressSlot.expect(
                    e,
                    Reason.CLIENT_DOES_NOT_EXIST,
                    Reason.QUEUE_FULL,
                    Reason.PROVIDER_UNAVAILABLE);
        }
    }

    private void send(Audience audience) {
        if (audience instanceof Audience.Recipients recipients) {
            if (recipients.publicTokens().size() == 1) {
                manager.sendMessage(recipients.publicTokens().get(0), "one", 1);
            } else {
                manager.sendMessage(recipients.publicTokens(), "list", 1);
            }
        } else if (audience instanceof Audience.Group group) {
            if (group.exceptPublicToken() == null) {
                manager.sendToGroup(group.group(), "group", 1);
            } else {
                manager.sendToGroupExcept(group.group(), group.exceptPublicToken(), "group", 1);
            }
        } else {
            String except = ((Audience.Everyone) audience).exceptPublicToken();
            if (except == null) {
                manager.sendToAll("all", 1);
            } else {
                manager.sendToAllExcept(except, "all", 1);
            }
        }
    }

    private Audience audience(Random random) {
        int dice = random.nextInt(100);
        if (dice < 50) {
            // A few get most: so that their own logs overflow.
            return Audience.one(token(random, dice < 25 ? 8 : SLOTS));
        }
        if (dice < 65) {
            Set<String> tokens = new LinkedHashSet<>();
            while (tokens.size() < 3) {
                tokens.add(token(random, SLOTS));
            }
            return Audience.each(tokens);
        }
        if (dice < 92) {
            String group = "g" + random.nextInt(3);
            return new Audience.Group(group, dice < 85 ? null : token(random, SLOTS));
        }
        return new Audience.Everyone(dice < 97 ? null : token(random, SLOTS));
    }

    private String token(Random random, int among) {
        return slots.get(random.nextInt(among)).token;
    }

    private void request(Random random) {
        LockSupport.parkNanos(random.nextInt(2_000_000));
        String id = "r" + requestNumbers.incrementAndGet();
        requestsOpen.incrementAndGet();
        Duration timeout = Duration.ofMillis(200 + random.nextInt(2_000));
        try {
            manager.request(token(random, SLOTS), "ask", 1, timeout, id)
                    .whenComplete(
                            (reply, failure) -> {
                                requestsOpen.decrementAndGet();
                                boolean wrapped = failure instanceof CompletionException;
                                record.requestFailed(id, wrapped ? failure.getCause() : failure);
                            });
        } catch (OutOfMemoryError e) {
            requestsOpen.decrementAndGet(); // injected: there is no stage
        }
    }

    /** The application ends clients, at times twice. */
    private void disconnect(Random random) {
        LockSupport.parkNanos(random.nextInt(4_000_000));
        String secret = StressSlot.secretOf(token(random, SLOTS));
        try {
            Optional<CometClient> one = manager.findClientByPrivateToken(secret);
            one.ifPresent(manager::disconnect);
            if (random.nextInt(4) == 0) {
                one.ifPresent(manager::disconnect);
            }
        } catch (CometException e) {
            StressSlot.expect(e, Reason.PROVIDER_UNAVAILABLE);
        }
    }

    // ---- the end

    /** Nobody sends any more, and whoever holds a request has been told of everything. */
    private void quiet() {
        store.recovers();
        executor.recovers();
        settle();
        slots.forEach(StressSlot::hold);
        settle();
        // What was slow reads what it was sent.
        for (boolean more = true; more; settle()) {
            more = false;
            for (StressSlot slot : slots) {
                more |= slot.reads();
            }
        }
        slots.forEach(StressSlot::finish);
    }

    /** Until the threads of the manager have nothing to do. */
    private void settle() {
        do {
            clock.awaitAllParked();
        } while (StoreThreads.await(manager));
    }

    private void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                record.fault("in vain for 10 s: " + what);
                return;
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private StressTotals end() throws InterruptedException {
        slots.forEach(StressSlot::hold);
        long drained = 0;
        long closed = 0;
        if (seed % 2 == 0) {
            drained = holding();
            CompletableFuture<Void> done =
                    manager.drain(Duration.ofSeconds(1)).toCompletableFuture();
            for (int i = 0; i < 120; i++) {
                clock.advance(STEP);
                LockSupport.parkNanos(100_000);
            }
            await("drain completes", done::isDone);
        }
        // Requests have their deadlines.
        for (int i = 0; i < 300 && requestsOpen.get() > 0; i++) {
            clock.advance(STEP);
            LockSupport.parkNanos(100_000);
        }
        await("each request to a client ends", () -> requestsOpen.get() == 0);
        settle();
        slots.forEach(StressSlot::finish);
        for (CometClient one : manager.clients()) {
            manager.disconnect(one);
        }
        settle();
        clock.advance(
                Duration.ofSeconds(2)); // looks that the store has refused were to be repeated
        settle();
        requireNothingIsLeft();
        CometStatistics statistics = manager.statistics();
        if (seed % 2 != 0) {
            slots.forEach(StressSlot::connect);
            slots.forEach(StressSlot::hold);
            closed = holding();
        }
        manager.close();
        slots.forEach(this::requireAnswered);
        if (!executor.finish()) {
            record.fault("events do not end");
        }
        return totals(statistics, drained, closed);
    }

    private long holding() {
        return slots.stream().filter(slot -> slot.unanswered() > 0 || slot.streams()).count();
    }

    private void requireAnswered(StressSlot slot) {
        if (slot.unanswered() > 0) {
            record.fault(slot.token + " has a poll that was not answered");
        }
        if (slot.streams()) {
            record.fault(slot.token + " has a stream that was not ended");
        }
    }

    private void requireNothingIsLeft() throws InterruptedException {
        slots.forEach(this::requireAnswered);
        CometStatistics now = manager.statistics();
        require("held requests", now.held().polls());
        require("open streams", now.held().streams());
        require("pending requests", now.requests().pending());
        require("clients", now.clients().existing());
        await("events are told", () -> manager.statistics().events().pending() == 0);
        // A wait thread that has died does not answer.
        CompletableFuture<PoolFootprint> footprint = new CompletableFuture<>();
        Thread asking =
                new Thread(
                        () -> {
                            try {
                                footprint.complete(Footprint.of(manager));
                            } catch (InterruptedException e) {
                                footprint.completeExceptionally(e);
                            }
                        },
                        "stress-footprint");
        asking.start();
        try {
            PoolFootprint found = footprint.get(10, TimeUnit.SECONDS);
            if (!found.equals(new PoolFootprint(0, 0, 0, 1))) {
                record.fault("left behind: " + found);
            }
        } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
            record.fault("a wait thread has died");
            asking.interrupt();
        }
    }

    private void require(String what, long left) {
        if (left != 0) {
            record.fault("left behind: " + left + " " + what);
        }
    }

    private StressTotals totals(CometStatistics statistics, long drained, long closed) {
        Verdict verdict = record.judge();
        long[] ends = new long[3];
        for (Incarnation one : record.lived()) {
            EndReason reason = one.reason();
            if (reason != null) {
                ends[reason == EndReason.OVERFLOW ? 2 : 0]++;
            } else if (one.wasKilled()) {
                ends[1]++;
            }
        }
        long reuses = slots.stream().mapToLong(slot -> Math.max(0, slot.begun.get() - 1)).sum();
        return StressTotals.of(
                statistics,
                verdict.received(),
                ends,
                drained,
                closed,
                reuses,
                executor.refusals.get(),
                store.injected.get(),
                record.faults());
    }
}
