package dev.comet.benchmarks;

import dev.comet.benchmarks.Result.Faults;
import dev.comet.benchmarks.load.Clients;
import dev.comet.benchmarks.load.LoadClient;
import dev.comet.benchmarks.load.Tally;
import dev.comet.benchmarks.server.Server;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** One server, started anew, goes through the scenarios one after the other. */
final class Run implements AutoCloseable {

    private static final Duration SILENCE = Duration.ofSeconds(3);
    private static final int LOWEST_TRIES = 3;
    private static final int ROOM = 10;
    private static final long SECOND = 1_000_000_000;
    private static final int FIRST_BROADCASTS = 50;
    private static final int FIRST_POSTS = 500;
    private static final List<String> JVM =
            List.of("-XX:+UseG1GC", "-Xms256m", "-Xmn128m", "-Xmx4g");

    private final Plan plan;
    private final ServerProcess server;
    private final LoadClient load;
    private final Clients clients;
    private final Tally tally;
    private final Map<Scenario, Result> results = new EnumMap<>(Scenario.class);
    private int connected;

    /** Messages that never came, besides those that the tally saw skipped. */
    private long missing;

    private double heapBefore;
    private long residentBefore;

    Run(Server kind, Plan plan, Path log) throws IOException {
        this.plan = plan;
        server = new ServerProcess(kind, log, jvm(plan));
        load = new LoadClient(server.port());
        clients = new Clients(load, kind.language());
        tally = load.tally();
    }

    private static List<String> jvm(Plan plan) {
        List<String> options = new ArrayList<>(JVM);
        options.addAll(plan.serverOptions());
        return options;
    }

    Map<Scenario, Result> measure() throws IOException {
        heapBefore = server.heapAfterCollection();
        residentBefore = server.residentBytes();
        connect(plan.clients());
        closed(Duration.ofSeconds(plan.warmUpSeconds()));
        if (wants(Scenario.CLOSED)) {
            results.put(Scenario.CLOSED, closed(Duration.ofSeconds(plan.seconds())));
        }
        if (wants(Scenario.SATURATED)) {
            results.put(Scenario.SATURATED, highest(FIRST_BROADCASTS, SECOND, this::broadcasts));
        }
        if (wants(Scenario.CLOSED_MANY) || wants(Scenario.IDLE)) {
            connect(plan.many() - connected);
            Result many = closed(Duration.ofSeconds(2L * plan.seconds()));
            if (wants(Scenario.CLOSED_MANY)) {
                results.put(Scenario.CLOSED_MANY, many);
            }
        }
        if (wants(Scenario.IDLE)) {
            results.put(Scenario.IDLE, idle());
        }
        if (wants(Scenario.ROOMS)) {
            rooms(); // the last: who is in a room would receive broadcasts too
        }
        return results;
    }

    Map<String, Integer> troubles() {
        return load.troubles();
    }

    private boolean wants(Scenario scenario) {
        return plan.scenarios().contains(scenario);
    }

    private void connect(int more) throws IOException {
        clients.connect(more, server.newClients(more, 0));
        connected += more;
    }

    // ---- scenarios

    private Result closed(Duration time) throws IOException {
        Window window = new Window();
        long end = System.nanoTime() + time.toNanos();
        do {
            long wanted = tally.deliveries() + connected;
            server.broadcast();
            await(wanted); // what is stranded may come with the next
        } while (System.nanoTime() < end);
        return window.result();
    }

    private void rooms() throws IOException {
        Clients.Posting posting =
                clients.connectInRooms(
                        plan.clients(), ROOM, server.newClients(plan.clients(), ROOM));
        Step posts =
                (rate, seconds) -> {
                    int count = rate * seconds;
                    long wanted = tally.deliveries() + (long) count * ROOM;
                    posting.post(count, SECOND / rate);
                    return await(wanted);
                };
        posts.run(FIRST_POSTS, plan.seconds()); // the compilers see the new path
        results.put(Scenario.ROOMS, highest(FIRST_POSTS, SECOND / 10, posts));
    }

    private Result idle() throws IOException {
        double heap = server.heapAfterCollection();
        long resident = server.residentBytes();
        load.runFor(Duration.ofSeconds(2));
        Window window = new Window();
        load.runFor(Duration.ofSeconds(2L * plan.seconds()));
        return window.result(
                (heap - heapBefore) / connected, (resident - residentBefore) / (double) connected);
    }

    // ---- a highest rate

    /** Sends at a rate for so long, then waits until all has come. Returns whether it came. */
    private interface Step {
        boolean run(int rate, int seconds) throws IOException;
    }

    private boolean broadcasts(int rate, int seconds) throws IOException {
        int count = rate * seconds;
        long wanted = tally.deliveries() + (long) count * connected;
        server.pace(SECOND / rate, count);
        boolean complete = load.runUntil(() -> tally.deliveries() >= wanted, SILENCE);
        server.paced();
        missing += complete ? 0 : wanted - tally.deliveries();
        return complete;
    }

    /**
     * Doubles the rate until it is too much, then halves the distance. Too much is also a rate at
     * which something is lost, repeated or out of order.
     *
     * @param p99Nanos what is too much
     * @return what was delivered at the highest rate that was not
     */
    private Result highest(int first, long p99Nanos, Step step) throws IOException {
        Result best = null;
        int good = 0;
        int bad = 0;
        int rate = first;
        for (int halvings = 0; halvings <= plan.halvings(); ) {
            Window window = new Window();
            boolean complete = step.run(rate, plan.seconds());
            Result result = window.result();
            boolean kept =
                    complete
                            && result.faults().none()
                            && result.micros().getValueAtPercentile(99) <= p99Nanos / 1_000;
            if (kept) {
                good = rate;
                best = best == null || result.perSecond() > best.perSecond() ? result : best;
            } else {
                bad = rate;
            }
            if (best == null && rate <= first >> LOWEST_TRIES) {
                return result.atRate(0);
            }
            if (bad == 0) {
                rate *= 2;
            } else {
                halvings += good > 0 ? 1 : 0;
                rate = (good + bad) / 2;
            }
        }
        return best == null ? new Window().result().atRate(0) : best;
    }

    private boolean await(long deliveries) throws IOException {
        boolean complete = load.runUntil(() -> tally.deliveries() >= deliveries, SILENCE);
        missing += complete ? 0 : deliveries - tally.deliveries();
        return complete;
    }

    /** From here to {@link #result}. */
    private final class Window {

        private final long start = System.nanoTime();
        private final long deliveriesBefore = tally.deliveries();
        private final Duration serverBefore = server.cpu();
        private final Duration loadBefore = loadCpu();
        private final Faults faultsBefore = faults();

        Window() {
            tally.forgetTimes();
        }

        Result result() throws IOException {
            return result(Double.NaN, Double.NaN);
        }

        Result result(double heapPerPoll, double residentPerPoll) throws IOException {
            double nanos = System.nanoTime() - start;
            Histogram micros = tally.micros().copy();
            return new Result(
                    (tally.deliveries() - deliveriesBefore) * 1e9 / nanos,
                    micros,
                    server.cpu().minus(serverBefore).toNanos() / nanos,
                    loadCpu().minus(loadBefore).toNanos() / nanos,
                    server.residentBytes(),
                    heapPerPoll,
                    residentPerPoll,
                    faults().since(faultsBefore));
        }

        private Faults faults() {
            return new Faults(
                    tally.skipped() + missing,
                    tally.duplicated(),
                    tally.reordered(),
                    tally.announced());
        }

        private Duration loadCpu() {
            if (ManagementFactory.getOperatingSystemMXBean()
                    instanceof com.sun.management.OperatingSystemMXBean system) {
                return Duration.ofNanos(system.getProcessCpuTime());
            }
            return Duration.ZERO;
        }
    }

    @Override
    public void close() throws IOException {
        load.close();
        server.close();
    }
}
