package dev.comet.chaos;

import dev.comet.redis.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Three nodes, one Redis, 300 clients, and what is done to them for a while. */
final class ChaosRun {

    private static final int JAVA_CLIENTS = 200;
    private static final int JS_CLIENTS = 100;
    private static final int GROUPS = 12;
    private static final int VISITORS = 6; // one in so many
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /**
     * What came of it.
     *
     * @param line all of it
     */
    record Outcome(
            String line,
            List<String> findings,
            long deliveries,
            int clients,
            int nodeKills,
            int redisKills) {}

    private final Store store;
    private final Duration length;
    private final Random random;
    private final List<Slot> slots = new ArrayList<>();
    private final Judge judge;
    private final Path directory;

    ChaosRun(Store store, Duration length, long seed) throws IOException {
        this.store = store;
        this.length = length;
        this.random = new Random(seed);
        this.judge = new Judge(slots, store.forgets());
        this.directory = Files.createTempDirectory("comet-chaos");
    }

    Outcome run() throws InterruptedException {
        try (TestRedis redis = TestRedis.start(store.options());
                Nodes nodes =
                        new Nodes(
                                redis.uri().toURI().toString(),
                                directory,
                                judge::line,
                                this::moved)) {
            // Their randomness is their own: what the faults draw depends on no client.
            Random forClients = new Random(random.nextLong());
            try (JavaClients java = new JavaClients(judge, () -> nodes.anyPort(forClients));
                    JsClients js =
                            JsClients.isThere()
                                    ? new JsClients(judge, directory.resolve("js.log"))
                                    : null) {
                addSlots(java, JAVA_CLIENTS);
                if (js != null) {
                    addSlots(js, JS_CLIENTS);
                }
                nodes.start();
                return drive(redis, nodes);
            }
        }
    }

    private void addSlots(Clients clients, int count) {
        for (int i = 0; i < count; i++) {
            int number = slots.size();
            slots.add(
                    new Slot(
                            number,
                            clients,
                            number % VISITORS == 0,
                            "group-" + number % GROUPS,
                            "room-" + number % (GROUPS + 1)));
        }
    }

    private void moved(int[] ports) {
        slots.stream().map(slot -> slot.clients).distinct().forEach(each -> each.moved(ports));
    }

    private Outcome drive(TestRedis redis, Nodes nodes) throws InterruptedException {
        Driver driver = new Driver(judge, nodes, slots, new Random(random.nextLong()));
        Faults faults =
                new Faults(
                        nodes,
                        redis,
                        new Random(random.nextLong()),
                        judge::storeDied,
                        judge.findings,
                        length.toNanos());
        faults.start();
        driver.drive(System.nanoTime() + length.toNanos());
        faults.stop();
        settle(driver, faults);
        slots.stream().map(slot -> slot.clients).distinct().forEach(Clients::close);
        judge.judge(faults.last());
        List<String> findings = new ArrayList<>(judge.findings.lines());
        if (!findings.isEmpty()) {
            findings.add("what the processes have logged is in " + directory);
        }
        return new Outcome(
                faults + ", " + judge,
                findings,
                judge.deliveries(),
                judge.sessions.count(),
                faults.nodeKills(),
                faults.redisKills());
    }

    /** Everybody comes back, visitors leave for good, and a last message reaches everybody. */
    private void settle(Driver driver, Faults faults) {
        await(
                "all clients are there",
                () -> {
                    driver.look(false);
                    return slots.stream().allMatch(slot -> slot.there() != null);
                },
                () -> slots.stream().filter(slot -> slot.there() == null).toList());
        for (Slot slot : slots) {
            Session session = slot.there();
            if (slot.visitor && session != null) {
                driver.sendAway(session);
            }
        }
        await(
                "all requests have ended",
                () -> judge.requests.waiting().isEmpty(),
                judge.requests::waiting);
        await(
                "all joins and leaves have ended",
                () -> judge.rooms.underWay().isEmpty(),
                judge.rooms::underWay);
        Supplier<Object> untold = () -> judge.sessions.untold(faults.last());
        await("all ends were told", () -> judge.sessions.untold(faults.last()).isEmpty(), untold);
        String last = driver.sendToAll();
        await("the last message was accepted", () -> judge.sends.id(last) != null, () -> last);
        Long id = judge.sends.id(last);
        await(
                "the last message reached everybody",
                () -> slots.stream().map(Slot::there).allMatch(each -> hasSeen(each, id)),
                () -> slots.stream().map(Slot::there).filter(each -> !hasSeen(each, id)).toList());
    }

    private static boolean hasSeen(@Nullable Session session, @Nullable Long id) {
        return session == null || (id != null && session.seen >= id);
    }

    private void await(String what, BooleanSupplier condition, Supplier<Object> still) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                judge.findings.add(
                        "waited in vain for " + PATIENCE.toSeconds() + " s",
                        "until " + what + ": " + still.get());
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
