package dev.comet.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.comet.benchmarks.server.Server;
import dev.comet.benchmarks.server.ServerMain;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server in a JVM of its own, on a processor of its own where the system can do that. Ends with
 * this JVM at the latest.
 */
final class ServerProcess implements AutoCloseable {

    private static final long END_SECONDS = 5;
    private static final int LOG_CHARACTERS = 1_000;

    private final Path log;
    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final int port;
    private final ProcessHandle serving;

    ServerProcess(Server server, Path log, List<String> jvmOptions) throws IOException {
        this.log = log;
        List<String> command = new ArrayList<>(Cores.prefixForServer());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(
                List.of(
                        "-classpath",
                        System.getProperty("java.class.path"),
                        ServerMain.class.getName(),
                        server.name()));
        process =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        commands = new OutputStreamWriter(process.getOutputStream(), US_ASCII);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        port = (int) number();
        serving = ProcessHandle.of(number()).orElseThrow();
    }

    int port() {
        return port;
    }

    List<String> newClients(int count, int roomSize) throws IOException {
        tell("clients " + count + " " + roomSize);
        long tokens = number();
        List<String> result = new ArrayList<>();
        for (int i = 0; i < tokens; i++) {
            result.add(line());
        }
        return result;
    }

    void broadcast() throws IOException {
        tell("broadcast");
    }

    /** Begins to broadcast; {@link #paced} waits for the end. */
    void pace(long intervalNanos, int count) throws IOException {
        tell("pace " + intervalNanos + " " + count);
    }

    void paced() throws IOException {
        number();
    }

    /** The size of what is broadcast from now on. */
    void messageBytes(int bytes) throws IOException {
        tell("size " + bytes);
    }

    /** How many have been broadcast. */
    long broadcasts() throws IOException {
        tell("number");
        return number();
    }

    /** Bytes; NaN if what serves has none. */
    double heapAfterCollection() throws IOException {
        tell("heap");
        long bytes = number();
        return serving.pid() == process.pid() ? bytes : Double.NaN;
    }

    /** Processor time used so far. */
    Duration cpu() {
        return serving.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Memory that is in RAM; 0 where only Linux could tell. */
    long residentBytes() throws IOException {
        Path status = Path.of("/proc", Long.toString(serving.pid()), "status");
        if (Files.exists(status)) {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1_024;
                }
            }
        }
        return 0;
    }

    private void tell(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    private long number() throws IOException {
        return Long.parseLong(line());
    }

    private String line() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new EOFException("the server has ended; its log: " + endOfLog());
        }
        return line;
    }

    private String endOfLog() throws IOException {
        String text = Files.readString(log);
        return text.substring(Math.max(0, text.length() - LOG_CHARACTERS));
    }

    @Override
    public void close() throws IOException {
        try {
            commands.close();
        } catch (IOException e) {
            // It has ended already.
        }
        process.onExit().completeOnTimeout(process, END_SECONDS, TimeUnit.SECONDS).join();
        process.destroyForcibly().onExit().join();
    }
}
