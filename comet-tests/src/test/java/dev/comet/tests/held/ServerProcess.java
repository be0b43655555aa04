package dev.comet.tests.held;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Starts a {@link HeldPollsServer}, tells it what to do, and ends it: when it is closed, when this
 * JVM ends, or when its time is up, whatever comes first.
 */
final class ServerProcess implements AutoCloseable {

    private static final long END_SECONDS = 10;
    private static final int CLOCK_READINGS = 1_000;

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final int port;

    /**
     * @param directory where it works and writes its log
     * @param maxSeconds how long it lives at most; what is asked of it later fails
     */
    ServerProcess(Container container, int connections, Path directory, long maxSeconds)
            throws IOException {
        process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-classpath",
                                System.getProperty("java.class.path"),
                                HeldPollsServer.class.getName(),
                                container.name(),
                                Integer.toString(connections))
                        .directory(directory.toFile())
                        .redirectError(log(directory).toFile())
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        CompletableFuture.delayedExecutor(maxSeconds, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
        commands = new OutputStreamWriter(process.getOutputStream(), US_ASCII);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        port = (int) answer();
    }

    static Path log(Path directory) {
        return directory.resolve("server.log");
    }

    int port() {
        return port;
    }

    ProcessFigures figures() {
        return new ProcessFigures(process.toHandle());
    }

    /** Private tokens of new clients. */
    List<String> initializeClients(int count) {
        tell("initialize " + count);
        List<String> tokens = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            tokens.add(line());
        }
        return tokens;
    }

    /** How many requests the manager holds now. */
    long heldRequests() {
        tell("held");
        return answer();
    }

    /** Bytes in use after a full collection. */
    long heapAfterGc() {
        tell("heap");
        return answer();
    }

    /** Bytes of buffers outside the heap, in use or pooled. */
    long directBytes() {
        tell("direct");
        return answer();
    }

    /**
     * What to add to the server's {@link System#nanoTime()} for that of this process; off by half a
     * round trip at most. On Linux both read the same clock.
     */
    long clockOffsetNanos() {
        long shortest = Long.MAX_VALUE;
        long offset = 0;
        for (int i = 0; i < CLOCK_READINGS; i++) {
            long before = System.nanoTime();
            tell("clock");
            long there = answer();
            long roundTrip = System.nanoTime() - before;
            if (roundTrip < shortest) {
                shortest = roundTrip;
                offset = before + roundTrip / 2 - there;
            }
        }
        return offset;
    }

    /** Begins to broadcast; {@link #lastNumber} waits for the end. */
    void beginBroadcasts(int count, long intervalMillis) {
        tell("broadcast " + count + " " + intervalMillis);
    }

    /** The number of the last message that {@link #beginBroadcasts} sent. */
    long lastNumber() {
        return answer();
    }

    private void tell(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long answer() {
        return Long.parseLong(line());
    }

    private String line() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new EOFException("the server has ended; its log says why");
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            commands.close();
        } catch (IOException e) {
            // It has ended already.
        }
        process.onExit().completeOnTimeout(process, END_SECONDS, TimeUnit.SECONDS).join();
        process.destroyForcibly().onExit().join();
    }
}
