package dev.comet.tests.held;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** What the operating system says of a process. What only Linux tells is NaN elsewhere. */
final class ProcessFigures {

    private final ProcessHandle process;
    private final Path proc;

    ProcessFigures(ProcessHandle process) {
        this.process = process;
        this.proc = Path.of("/proc", Long.toString(process.pid()));
    }

    /** Processor time used so far, in steps of 10 ms on Linux. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Memory that is in RAM. */
    double residentBytes() throws IOException {
        if (!Files.exists(proc)) {
            return Double.NaN;
        }
        List<String> status = Files.readAllLines(proc.resolve("status"));
        return number(status, "VmRSS:") * 1024.0;
    }

    /** How often the threads whose names begin so have given up a processor or lost it. */
    double contextSwitches(String threads) throws IOException {
        if (!Files.exists(proc)) {
            return Double.NaN;
        }
        long switches = 0;
        try (Stream<Path> tasks = Files.list(proc.resolve("task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                switches += contextSwitches(task, threads);
            }
        }
        return switches;
    }

    private static long contextSwitches(Path task, String threads) throws IOException {
        try {
            if (!Files.readString(task.resolve("comm")).startsWith(threads)) {
                return 0;
            }
            List<String> status = Files.readAllLines(task.resolve("status"));
            return number(status, "voluntary_ctxt_switches:")
                    + number(status, "nonvoluntary_ctxt_switches:");
        } catch (NoSuchFileException e) {
            return 0; // it has just ended
        }
    }

    private static long number(List<String> status, String key) {
        for (String line : status) {
            if (line.startsWith(key)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return 0;
    }
}
