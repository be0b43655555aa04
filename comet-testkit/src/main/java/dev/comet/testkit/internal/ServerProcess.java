package dev.comet.testkit.internal;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A server of the tests in a JVM of its own, with the class path of this one, on a port of the
 * loopback: to be killed, and started again. It ends with this JVM.
 */
public final class ServerProcess implements AutoCloseable {

    private final List<String> command = new ArrayList<>();
    private final Path output;
    private final int port;
    private Process process;

    private ServerProcess(Class<?> main, String... options) throws IOException {
        port = Listening.freePort();
        output = Files.createTempFile("comet-server", ".log");
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(
                List.of(
                        "-Xmx256m",
                        "-Dport=" + port,
                        "-Dhost=127.0.0.1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName()));
        process = started();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> process.destroyForcibly()));
    }

    /**
     * Starts it, and waits until it takes connections.
     *
     * @param main goes by the system properties {@code host} and {@code port}
     * @param options of the JVM, such as other system properties
     */
    public static ServerProcess start(Class<?> main, String... options) throws IOException {
        ServerProcess server = new ServerProcess(main, options);
        Listening.await(server.process, server.port, server.output);
        return server;
    }

    private Process started() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .start();
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /** Its root. */
    public URI uri() {
        return URI.create("http://127.0.0.1:" + port + "/");
    }

    /** SIGKILL, where there are signals. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** On the same port, once it was killed. */
    public void startAgain() throws IOException {
        process = started();
        Listening.await(process, port, output);
    }

    /** Kills it. */
    @Override
    public void close() throws IOException {
        kill();
        Files.delete(output);
    }
}
