package dev.comet.benchmarks;

import dev.comet.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Comet, its rivals and the bare containers under the same load: {@code mvn -Pbenchmark}, see
 * docs/performance.md. Servers take turns, so that whatever else happens on the machine meets all
 * of them.
 */
public final class Benchmark {

    private Benchmark() {}

    /** Measures as the system properties of {@link Plan} say, and prints a table per scenario. */
    public static void main(String[] args) throws Exception {
        endWithParent();
        Plan plan = Plan.fromProperties();
        Cores.pinLoad();
        Path log = Files.createTempFile("comet-benchmark-servers", ".log");
        if (plan.plots().isEmpty()) {
            compare(plan, log);
        } else {
            draw(plan, log);
        }
        plan.leftOut()
                .forEach(
                        server ->
                                System.out.println(
                                        "Left out: " + server + ", which needs " + server.lacks()));
        System.out.printf(
                "Java %s, %s; %d run(s), %d s warm-up. Servers' log: %s%n",
                Runtime.version(), Cores.describe(), plan.runs(), plan.warmUpSeconds(), log);
        System.exit(0);
    }

    private static void compare(Plan plan, Path log) throws IOException {
        Report report = new Report(plan);
        for (int run = 1; run <= plan.runs(); run++) {
            for (Server server : plan.servers()) {
                System.err.printf("run %d of %d: %s%n", run, plan.runs(), server);
                report.add(server, new Course(server, plan, log).results());
            }
        }
        System.out.println(report.markdown());
    }

    private static void draw(Plan plan, Path log) throws IOException {
        Growth growth = new Growth(plan, log);
        growth.measure();
        growth.write(Path.of(plan.plots()));
    }

    /** Whether a system property is there, and neither blank nor false. */
    public static boolean isSet(String property) {
        String value = System.getProperty(property, "");
        return !value.isBlank() && !value.equals("false");
    }

    /** Whoever ends Maven means this too; the plugin that started it does not say so. */
    public static void endWithParent() {
        ProcessHandle.current()
                .parent()
                .ifPresent(
                        parent -> {
                            var unused = parent.onExit().thenRun(() -> System.exit(1));
                        });
    }
}
