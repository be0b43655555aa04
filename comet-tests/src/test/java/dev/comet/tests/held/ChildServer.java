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
 * A server in a process of its own, which obeys the lines that it is told, answers each with lines
 * of its own, and begins by saying its port. It ends when this is closed, when this JVM ends, or
 * when its time is up, whatever comes first.
 */
public final class ChildServer implements AutoCloseable {

    private static final long END_SECONDS = 10;

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final Path log;
    private final int port;

    /**
     * @param main what it runs, with the class path of this JVM
     * @param options of its JVM
     * @param arguments of the program
     * @param directory where it works
     * @param log what it writes as errors
     * @param maxSeconds how long it lives at most; what is asked of it later fails
     */
    public ChildServer(
            Class<?> main,
            List<String> options,
            List<String> arguments,
            Path directory,
            Path log,
            long maxSeconds)
            throws IOException {
        this.log = log;
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-classpath", System.getProperty("java.class.path")));
        command.add(main.getName());
        command.addAll(arguments);
        process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectError(log.toFile())
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        CompletableFuture.delayedExecutor(maxSeconds, TimeUnit.SECONDS)
                .execute(process::destroyForcibly);
        commands = new OutputStreamWriter(process.getOutputStream(), US_ASCII);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
        port = (int) number();
    }

    public int port() {
        return port;
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** Says what to do; its answer is to be read. */
    public void tell(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next line of its answers. */
    public String line() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new EOFException("the server has ended; " + log + " says why");
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next line of its answers, which is a number. */
    public long number() {
        return Long.parseLong(line());
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
