package dev.comet.tests.held;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Holds many polls, one connection each, and prints what that costs and whether every message
 * arrives: {@code mvn -Pheld}, see docs/held-polls.md. Its exit status is 0 if nothing was lost,
 * repeated or reordered and every poll was answered; no time counts.
 */
public final class HeldPolls {

    /** Descriptors that a JVM and a container need for themselves. */
    private static final int OWN_DESCRIPTORS = 500;

    /** Beyond watching: connecting, two rounds of time-outs, broadcasts, and patience. */
    private static final long MAX_SECONDS = 600;

    private HeldPolls() {}

    /**
     * Measures, and exits.
     *
     * @param args the container, the number of clients, how many seconds to watch them idle
     */
    public static void main(String[] args) throws Exception {
        Container container = Container.valueOf(args[0].toUpperCase(Locale.ROOT));
        int clients = atLeast(2, "clients", args[1]);
        int seconds = atLeast(1, "seconds", args[2]);
        requireDescriptors(clients);
        endWithParent();
        Path directory = Files.createTempDirectory("held-polls");
        List<String> faults;
        try (ServerProcess server =
                        new ServerProcess(
                                container, clients + 100, directory, seconds + MAX_SECONDS);
                PollingClients load =
                        new PollingClients(server.port(), server.clockOffsetNanos())) {
            Table table = new Table();
            table.row("container, Java", container + ", " + Runtime.version());
            table.row("processors, load of the machine before", machine());
            faults = new Measurement(server, load, clients, seconds, table).run();
            table.row("processors, load of the machine after", machine());
            List<String> log = Files.readAllLines(ServerProcess.log(directory));
            table.row("lines in the server's log", log.size());
        } finally {
            System.err.print(Files.readString(ServerProcess.log(directory)));
            delete(directory);
        }
        faults.forEach(fault -> System.out.println("FAILED: " + fault));
        System.exit(faults.isEmpty() ? 0 : 1);
    }

    /** Whoever shares the processors shows in every time that is measured. */
    private static String machine() {
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        return system.getAvailableProcessors() + ", " + system.getSystemLoadAverage();
    }

    private static int atLeast(int least, String name, String value) {
        int number = Integer.parseInt(value);
        if (number < least) {
            throw new IllegalArgumentException(name + " is " + number + "; use at least " + least);
        }
        return number;
    }

    /** Whoever ends Maven means this too; the plugin that started it does not say so. */
    private static void endWithParent() {
        ProcessHandle.current()
                .parent()
                .ifPresent(
                        parent -> {
                            var unused = parent.onExit().thenRun(() -> System.exit(1));
                        });
    }

    private static void requireDescriptors(int clients) {
        if (ManagementFactory.getOperatingSystemMXBean()
                instanceof UnixOperatingSystemMXBean system) {
            long most = system.getMaxFileDescriptorCount() - OWN_DESCRIPTORS;
            if (clients > most) {
                throw new IllegalArgumentException(
                        "clients is %d; use at most %d, or allow more descriptors (ulimit -n)"
                                .formatted(clients, most));
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
