package dev.comet.benchmarks;

import java.io.IOException;
import java.util.List;

/**
 * Who runs on which processor: the server on the first, the load on the last. Without {@code
 * taskset}, or with one processor, everybody runs everywhere.
 */
final class Cores {

    private static final int COUNT = Runtime.getRuntime().availableProcessors();
    private static final boolean CAN_PIN = COUNT > 1 && pins();

    private Cores() {}

    static List<String> prefixForServer() {
        return CAN_PIN ? List.of("taskset", "-c", "0") : List.of();
    }

    /** Moves all threads of this process. */
    static void pinLoad() throws IOException, InterruptedException {
        if (CAN_PIN) {
            run(
                    "taskset",
                    "-a",
                    "-cp",
                    Integer.toString(COUNT - 1),
                    Long.toString(ProcessHandle.current().pid()));
        }
    }

    static String describe() {
        return CAN_PIN
                ? "server on processor 0, load on processor " + (COUNT - 1) + " of " + COUNT
                : "not pinned, " + COUNT + " processors";
    }

    private static boolean pins() {
        try {
            return run("taskset", "-c", "0", "true") == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
