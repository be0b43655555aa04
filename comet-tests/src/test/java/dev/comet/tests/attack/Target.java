package dev.comet.tests.attack;

import dev.comet.tests.held.ChildServer;
import dev.comet.tests.held.Container;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The server that is attacked, in a process of its own with a small heap. */
final class Target implements AutoCloseable {

    private static final List<String> OPTIONS = List.of("-Xmx160m", "-XX:+ExitOnOutOfMemoryError");

    private final ChildServer server;
    private final Path log;

    Target(Container container, Path directory, long maxSeconds) throws IOException {
        log = directory.resolve(container.name() + ".log");
        server =
                new ChildServer(
                        AttackServer.class,
                        OPTIONS,
                        List.of(container.name()),
                        directory,
                        log,
                        maxSeconds);
    }

    int port() {
        return server.port();
    }

    URI uri(String endpoint) {
        return URI.create("http://127.0.0.1:" + port() + "/comet/" + endpoint);
    }

    boolean isAlive() {
        return server.isAlive();
    }

    /** Bytes in use after a full collection. */
    long heapAfterGc() {
        return tell("heap");
    }

    /** How long a drain took that was given two seconds. */
    long drainNanos() {
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

    private long tell(String command) {
        server.tell(command);
        return server.number();
    }

    @Override
    public void close() {
        server.close();
    }
}
