package dev.comet.benchmarks.server;

import dev.comet.benchmarks.Payload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Runs one server and obeys its standard input, a command a line; ends when that does. */
public final class ServerMain {

    private final PushServer server;
    private final PrintStream answers;
    private long number;
    private String filler = "";

    private ServerMain(PushServer server, PrintStream answers) {
        this.server = server;
        this.answers = answers;
    }

    /**
     * @param args the server's {@link Server} name
     */
    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err); // what a framework prints is no answer
        PushServer server = Server.valueOf(args[0]).start();
        answers.println(server.port());
        answers.println(server.pid());
        new ServerMain(server, answers)
                .obey(
                        new BufferedReader(
                                new InputStreamReader(System.in, StandardCharsets.US_ASCII)));
        System.exit(0);
    }

    private void obey(BufferedReader commands) throws IOException {
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "clients" ->
                        newClients(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                case "broadcast" -> broadcast(System.nanoTime());
                case "pace" -> pace(Long.parseLong(words[1]), Integer.parseInt(words[2]));
                case "size" -> filler = ".".repeat(Integer.parseInt(words[1]) - Payload.BYTES);
                case "number" -> answers.println(number);
                case "heap" -> answers.println(heapAfterCollection());
                default -> throw new IllegalArgumentException(line);
            }
        }
    }

    /**
     * @param roomSize 0 for clients without a room
     */
    private void newClients(int count, int roomSize) {
        List<String> rooms = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rooms.add(roomSize == 0 ? "" : "room-" + i / roomSize);
        }
        List<String> tokens = server.newClients(rooms);
        answers.println(tokens.size());
        tokens.forEach(answers::println);
    }

    private void broadcast(long intendedNanos) {
        server.broadcast(Payload.text(0, ++number, intendedNanos) + filler);
    }

    /** One every so often, each stamped with the moment at which it was due, however late it is. */
    private void pace(long intervalNanos, int count) {
        long due = System.nanoTime();
        for (int i = 0; i < count; i++) {
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            broadcast(due);
            due += intervalNanos;
        }
        answers.println(number);
    }

    private static long heapAfterCollection() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
