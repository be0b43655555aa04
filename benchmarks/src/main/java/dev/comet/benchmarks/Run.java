package dev.comet.benchmarks;

import dev.comet.benchmarks.Result.Faults;
import dev.comet.benchmarks.Result.PerPoll;
import dev.comet.benchmarks.load.Clients;
import dev.comet.benchmarks.load.LoadClient;
import dev.comet.benchmarks.load.Tally;
import dev.comet.benchmarks.server.Server;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** One server, started anew, its clients, and what can be done with both. */
final class Run implements AutoCloseable {

    static final int ROOM = 10;
    private static final long SECOND = 1_000_000_000;
    private static final Duration SILENCE = Duration.ofSeconds(3);
    private static final int MOST_REST_SECONDS = 15;
    private static final int RESTING_MILLIS = 20;
    private static final Histogram NONE = new Histogram(1);

    private final ServerProcess server;
    private final LoadClient load;
    private final Clients clients;
    private final Tally tally;
    private int connected;

    /** Messages that never came, besides those that the tally saw skipped. */
    private long missing;

    /**
     * @param jvmOptions of the server
     * @param log where its errors go
     */
    Run(Server kind, List<String> jvmOptions, Path log) throws IOException {
        server = new ServerProcess(kind, log, jvmOptions);
        load = new LoadClient(server.port());
        clients = new Clients(load, kind.language());
        tally = load.tally();
    }

    /** What went wrong with requests, and how often. */
    Map<String, Integer> troubles() {
        return load.troubles();
    }

    int connected() {
        return connected;
    }

    /** So many clients in all, who poll for everyone's messages. */
    void connectUpTo(int count) throws IOException {
        int more = count - connected;
        if (more > 0) {
            clients.connect(more, server.newClients(more, 0), server.broadcasts());
            connected = count;
        }
    }

    /** So many clients in rooms of {@link #ROOM}. They receive broadcasts too: no more of these. */
    Step connectInRooms(int count) throws IOException {
        Clients.Posting posting =
                clients.connectInRooms(count, ROOM, server.newClients(count, ROOM));
        return (rate, seconds) -> {
            int posts = rate * seconds;
            long wanted = tally.deliveries() + (long) posts * ROOM;
            posting.post(posts, SECOND / rate);
            await(wanted);
        };
    }

    /** The size of broadcasts from now on. */
    void messageBytes(int bytes) throws IOException {
        server.messageBytes(bytes);
    }

    /** A broadcast, the next when all have it. */
    Result closed(Duration time) throws IOException {
        Window window = new Window();
        long end = System.nanoTime() + time.toNanos();
        do {
            long wanted = tally.deliveries() + connected;
            server.broadcast();
            await(wanted); // what is stranded may come with the next
        } while (System.nanoTime() < end);
        return window.result();
    }

    /** Nothing happens. */
    Result idle(Duration time) throws IOException {
        rest();
        Window window = new Window();
        load.runFor(time);
        return window.result();
    }

    /** Until the compilers are done with what has happened so far. */
    private void rest() throws IOException {
        for (int i = 0; i < MOST_REST_SECONDS; i++) {
            Duration before = server.cpu();
            load.runFor(Duration.ofSeconds(1));
            if (server.cpu().minus(before).toMillis() < RESTING_MILLIS) {
                return;
            }
        }
    }

    /** Sends at a rate for so long, then waits until all has come or nothing comes any more. */
    interface Step {
        void run(int rate, int seconds) throws IOException;
    }

    /** Broadcasts at a rate. */
    void broadcast(int rate, int seconds) throws IOException {
        int count = rate * seconds;
        long wanted = tally.deliveries() + (long) count * connected;
        server.pace(SECOND / rate, count);
        await(wanted);
        server.paced();
    }

    Result measure(Step step, int rate, int seconds) throws IOException {
        Window window = new Window();
        step.run(rate, seconds);
        return window.result();
    }

    private void await(long deliveries) throws IOException {
        if (!load.runUntil(() -> tally.deliveries() >= deliveries, SILENCE)) {
            missing += deliveries - tally.deliveries();
        }
    }

    /** What the server occupies now. */
    Memory memory() throws IOException {
        double heap = server.heapAfterCollection();
        return new Memory(heap, server.residentBytes());
    }

    /**
     * @param heapBytes after a full collection; NaN for what has none
     * @param residentBytes in RAM
     */
    record Memory(double heapBytes, double residentBytes) {

        PerPoll since(Memory before, int polls) {
            return new PerPoll(
                    (heapBytes - before.heapBytes) / polls,
                    (residentBytes - before.residentBytes) / polls);
        }
    }

    /** From here to {@link #result}. */
    private final class Window {

        private final long start = System.nanoTime();
        private final long deliveriesBefore = tally.deliveries();
        private final long answersBefore = tally.answers();
        private final Duration serverBefore = server.cpu();
        private final Duration loadBefore = loadCpu();
        private final Faults faultsBefore = faults();

        Window() {
            tally.forgetTimes();
        }

        Result result() throws IOException {
            long deliveries = tally.deliveries() - deliveriesBefore;
            double nanos = System.nanoTime() - start;
            return new Result(
                    deliveries * 1e9 / nanos,
                    (double) deliveries / Math.max(1, tally.answers() - answersBefore),
                    tally.micros().copy(),
                    NONE,
                    server.cpu().minus(serverBefore).toNanos() / nanos,
                    loadCpu().minus(loadBefore).toNanos() / nanos,
                    server.residentBytes(),
                    faults().since(faultsBefore),
                    PerPoll.NOT_MEASURED);
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
                return Duration.ofNanos(system.getProcessCpuTime() - load.spunNanos());
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
