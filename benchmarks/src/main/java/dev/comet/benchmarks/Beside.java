package dev.comet.benchmarks;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.inproc.InProcCometStateProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * How long a message to one client takes while another thread does something large, without HTTP:
 * {@code mvn -Pbenchmark -Dbeside}. One send every 200 µs; a send that takes longer counts for
 * those that it kept from being made, too.
 */
public final class Beside {

    private static final int MANY = 50_000;
    private static final long EVERY_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final int WARM_UP_SECONDS = 5;
    private static final int SECONDS = 10;
    private static final String GROUP = "all";

    /** Small logs that turn over: what is measured shall not depend on how full they are. */
    private static final CometLimits LIMITS =
            CometLimits.builder()
                    .clientLog(new LogLimits(16, Long.MAX_VALUE, LogLimits.ANY_AGE))
                    .overflow(OverflowPolicy.DROP_OLDEST)
                    .build();

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider()).limits(LIMITS).build();
    private final List<String> receivers = new ArrayList<>();
    private final String other;

    private volatile boolean measuring = true;

    private Beside() {
        for (int i = 0; i < MANY; i++) {
            receivers.add(client());
            comet.joinGroup(receivers.get(i), GROUP);
        }
        other = client();
    }

    private String client() {
        int day = (int) TimeUnit.DAYS.toSeconds(1);
        return comet.initializeClient(
                        CometClient.builder()
                                .connectionTimeoutSeconds(day)
                                .connectionIdleSeconds(day)
                                .build())
                .publicToken();
    }

    /** Measures each, and prints a table. */
    public static void main(String[] args) throws InterruptedException {
        Benchmark.endWithParent();
        System.out.println("| beside | times | p50 µs | p99 µs | p99.9 µs | max µs |");
        System.out.println("|---|---:|---:|---:|---:|---:|");
        new Beside().measure("nothing", () -> LockSupport.parkNanos(EVERY_NANOS));
        Beside list = new Beside();
        list.measure(
                "sends to a list of 50,000",
                () -> list.comet.sendMessage(list.receivers, "bench", "hello"));
        Beside members = new Beside();
        String visitor = members.client();
        members.measure("members of a group of 50,000, and joins", () -> members.look(), visitor);
        System.out.printf("Java %s%n", Runtime.version());
        System.exit(0);
    }

    private void look() {
        if (comet.groupMembers(GROUP).size() < MANY) {
            throw new IllegalStateException("members are missing");
        }
    }

    private void measure(String name, Runnable large, String... visitors)
            throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        long[] times = {0};
        threads.add(
                start(
                        () -> {
                            large.run();
                            times[0]++;
                        }));
        for (String visitor : visitors) {
            threads.add(
                    start(
                            () -> {
                                comet.joinGroup(visitor, GROUP);
                                comet.leaveGroup(visitor, GROUP);
                                LockSupport.parkNanos(EVERY_NANOS);
                            }));
        }
        sendFor(WARM_UP_SECONDS);
        Histogram nanos = sendFor(SECONDS);
        measuring = false;
        for (Thread thread : threads) {
            thread.join();
        }
        comet.close();
        System.out.printf(
                Locale.ROOT,
                "| %s | %,d | %,.1f | %,.1f | %,.1f | %,.1f |%n",
                name,
                times[0],
                nanos.getValueAtPercentile(50) / 1e3,
                nanos.getValueAtPercentile(99) / 1e3,
                nanos.getValueAtPercentile(99.9) / 1e3,
                nanos.getMaxValue() / 1e3);
    }

    private Thread start(Runnable task) {
        Thread thread =
                new Thread(
                        () -> {
                            while (measuring) {
                                task.run();
                            }
                        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private Histogram sendFor(int seconds) {
        Histogram nanos = new Histogram(TimeUnit.SECONDS.toNanos(10), 3);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long now = System.nanoTime(); now < end; now = System.nanoTime()) {
            comet.sendMessage(other, "bench", "hello");
            long took = System.nanoTime() - now;
            nanos.recordValueWithExpectedInterval(took, EVERY_NANOS);
            LockSupport.parkNanos(EVERY_NANOS - took);
        }
        return nanos;
    }
}
