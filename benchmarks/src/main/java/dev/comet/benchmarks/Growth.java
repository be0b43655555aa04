package dev.comet.benchmarks;

import dev.comet.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the server's processor time for a delivery grows with the number of clients, the size of
 * messages and their rate: a plot for each, {@code mvn -Pbenchmark -Dplots=<folder>}.
 */
final class Growth {

    private static final List<Integer> CLIENTS = List.of(100, 300, 1_000, 3_000, 10_000, 18_000);
    private static final List<Integer> BYTES = List.of(100, 300, 1_000, 3_000, 10_000);
    private static final List<Integer> RATES = List.of(1, 3, 10, 30, 100, 300, 1_000);

    /** What is varied. */
    private enum Along {
        CLIENTS("clients", "clients, closed"),
        BYTES("message-size", "bytes a message, closed, 1,000 clients"),
        RATE("rate", "broadcasts a second to 1,000 clients");

        private final String file;
        private final String axis;

        Along(String file, String axis) {
            this.file = file;
            this.axis = axis;
        }
    }

    private final Plan plan;
    private final Path log;
    private final Map<Along, Map<Server, Map<Integer, Double>>> micros = new EnumMap<>(Along.class);

    Growth(Plan plan, Path log) {
        this.plan = plan;
        this.log = log;
    }

    void measure() throws IOException {
        for (Server server : plan.servers()) {
            System.err.printf("%tT %s%n", System.currentTimeMillis(), server);
            try (Run run = new Run(server, Course.jvm(plan), log)) {
                measure(server, run);
            }
        }
    }

    private void measure(Server server, Run run) throws IOException {
        run.connectUpTo(plan.clients());
        run.closed(Duration.ofSeconds(plan.warmUpSeconds()));
        for (int rate : RATES) {
            run.broadcast(rate, plan.seconds()); // as in a search: the compilers decide anew
            // So many that the processor time, which comes in hundredths of a second, tells.
            int seconds = Math.max(plan.seconds(), 10 / rate);
            take(server, Along.RATE, rate, run.measure(run::broadcast, rate, seconds));
        }
        for (int bytes : BYTES) {
            run.messageBytes(bytes);
            run.closed(Duration.ofSeconds(1));
            take(server, Along.BYTES, bytes, closed(run));
        }
        run.messageBytes(Payload.BYTES);
        // Fewer clients than before need a server of their own.
        for (int clients : CLIENTS) {
            if (clients < run.connected()) {
                try (Run few = new Run(server, Course.jvm(plan), log)) {
                    few.connectUpTo(clients);
                    few.closed(Duration.ofSeconds(plan.warmUpSeconds()));
                    take(server, Along.CLIENTS, clients, closed(few));
                }
            } else {
                run.connectUpTo(clients);
                run.closed(Duration.ofSeconds(plan.seconds()));
                take(server, Along.CLIENTS, clients, closed(run));
            }
        }
    }

    private Result closed(Run run) throws IOException {
        return run.closed(Duration.ofSeconds(plan.seconds()));
    }

    private void take(Server server, Along along, int at, Result result) {
        System.err.printf(
                "  %s %,d: %.2f µs a delivery%s%n",
                along.file,
                at,
                result.serverMicrosPerDelivery(),
                result.faults().none() ? "" : ", " + result.faults());
        micros.computeIfAbsent(along, unused -> new EnumMap<>(Server.class))
                .computeIfAbsent(server, unused -> new TreeMap<>())
                .put(at, result.serverMicrosPerDelivery());
    }

    /** A file for each plot. */
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (Map.Entry<Along, Map<Server, Map<Integer, Double>>> plot : micros.entrySet()) {
            Map<String, Map<Integer, Double>> lines = new TreeMap<>();
            plot.getValue().forEach((server, line) -> lines.put(server.toString(), line));
            Path file = folder.resolve("cost-by-" + plot.getKey().file + ".svg");
            Files.writeString(
                    file,
                    new Plot("processor time for a delivery, µs", plot.getKey().axis, lines).svg());
            System.out.println(file);
        }
    }
}
