package dev.comet.tests.attack;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.comet.tests.held.Container;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The server that is attacked, in a process of its own with a small heap. It ends when this is
 * closed, when this JVM ends, or when its time is up, whatever comes first.
 */
final class Target implements AutoCloseable {

    private static final String HEAP = "-Xmx160m";
    private static final long END_SECONDS = 10;

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final Path log;
    private final int port;

    Target(Container container, Path directory, long maxSeconds) throws IOException {
        log = directory.resolve(container.name() + ".log");
        process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                HEAP,
                                "-XX:+ExitOnOutOfMemoryError",
                                "-classpath",
                                System.getProperty("java.class.path"),
                                AttackServer.class.getName(),
                                container.name())
                        .directory(directory.toFile())
                        .redirectError(log.toFile())
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        CompletableFuture.delayedExecutor(maxSeconds, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
        commands = new OutputStreamWriter(process.getOutputStream(), US_ASCII);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        port = (int) answer();
    }

    int port() {
        return port;
    }

    URI uri(String endpoint) {
        return URI.create("http://127.0.0.1:" + port + "/comet/" + endpoint);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Bytes in use after a full collection. */
    long heapAfterGc() throws IOException {
        return tell("heap");
    }

    /** How long a drain took that was given two seconds. */
    long drainNanos() throws IOException {
        return tell("drain");
    }

    /** What it has logged until now. */
    Logged logged() throws IOException {
        long lines = 0;
        long frames = 0;
        for (String line : Files.readAllLines(log)) {
            lines++;
            if (line.startsWith("\tat ")) {
                frames++;
            }
        }
        return new Logged(lines, frames);
    }

    /**
     * @param lines all of them
     * @param frames those of stack traces
     */
    record Logged(long lines, long frames) {}

    private long tell(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        return answer();
    }

    private long answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new EOFException("the server has ended; " + log + " says why");
        }
        return Long.parseLong(line);
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
