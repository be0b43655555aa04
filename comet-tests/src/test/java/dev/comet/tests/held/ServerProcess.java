package dev.comet.tests.held;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a {@link HeldPollsServer}, tells it what to do, and ends it: when it is closed, when this
 * JVM ends, or when its time is up, whatever comes first.
 */
final class ServerProcess implements AutoCloseable {

    private static final int CLOCK_READINGS = 1_000;

    private final ChildServer server;

    /**
     * @param directory where it works and writes its log
     * @param maxSeconds how long it lives at most; what is asked of it later fails
     */
    ServerProcess(Container container, int connections, Path directory, long maxSeconds)
            throws IOException {
        server =
                new ChildServer(
                        HeldPollsServer.class,
                        List.of(),
                        List.of(container.name(), Integer.toString(connections)),
                        directory,
                        log(directory),
                        maxSeconds);
    }

    static Path log(Path directory) {
        return directory.resolve("server.log");
    }

    int port() {
        return server.port();
    }

    ProcessFigures figures() {
        return new ProcessFigures(server.handle());
    }

    /** Private tokens of new clients. */
    List<String> initializeClients(int count) {
        server.tell("initialize " + count);
        List<String> tokens = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            tokens.add(server.line());
        }
        return tokens;
    }

    /** How many requests the manager holds now. */
    long heldRequests() {
        server.tell("held");
        return server.number();
    }

    /** Bytes in use after a full collection. */
    long heapAfterGc() {
        server.tell("heap");
        return server.number();
    }

    /** Bytes of buffers outside the heap, in use or pooled. */
    long directBytes() {
        server.tell("direct");
        return server.number();
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
            server.tell("clock");
            long there = server.number();
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
        server.tell("broadcast " + count + " " + intervalMillis);
    }

    /** The number of the last message that {@link #beginBroadcasts} sent. */
    long lastNumber() {
        return server.number();
    }

    @Override
    public void close() {
        server.close();
    }
}
