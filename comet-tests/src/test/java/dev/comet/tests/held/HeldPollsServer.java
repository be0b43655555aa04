package dev.comet.tests.held;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.CometServlet;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The server that is measured, in a process of its own. Obeys the lines of its standard input, as
 * {@link ServerProcess} writes them, and ends with it, so that it cannot outlive whoever started
 * it.
 */
final class HeldPollsServer {

    /** Longer than any hold that is asked for: polls choose theirs with {@code hold}. */
    private static final int CONNECTION_TIMEOUT_SECONDS = 600;

    private static final String PADDING = "x".repeat(48);

    /** What a message says; about a hundred bytes as JSON. */
    record Numbered(long number, long sentNanos, String padding) {}

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider()).build();
    private long sent;

    private HeldPollsServer() {}

    /**
     * Serves until its input ends.
     *
     * @param args the container, and how many connections it must take
     */
    public static void main(String[] args) throws Exception {
        // What is logged must not come between the answers.
        PrintStream answers = System.out;
        System.setOut(System.err);
        Logger.getLogger("").setLevel(Level.WARNING);

        HeldPollsServer server = new HeldPollsServer();
        answers.println(
                Container.valueOf(args[0])
                        .start(new CometServlet(server.comet), Integer.parseInt(args[1])));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            server.obey(line.split(" "), answers);
            answers.flush();
        }
        server.comet.close();
        System.exit(0); // containers have threads that go on
    }

    private void obey(String[] command, PrintStream answers) {
        switch (command[0]) {
            case "initialize" -> {
                for (int i = 0; i < Integer.parseInt(command[1]); i++) {
                    answers.println(initializeClient().privateToken());
                }
            }
            case "held" -> answers.println(comet.statistics().held().polls());
            case "clock" -> answers.println(System.nanoTime());
            case "heap" -> answers.println(heapAfterGc());
            case "direct" -> answers.println(directBytes());
            case "broadcast" -> {
                broadcast(Integer.parseInt(command[1]), Long.parseLong(command[2]));
                answers.println(sent);
            }
            default -> throw new IllegalArgumentException("no such command: " + command[0]);
        }
    }

    private CometClient initializeClient() {
        return comet.initializeClient(
                CometClient.builder().connectionTimeoutSeconds(CONNECTION_TIMEOUT_SECONDS).build());
    }

    private static long heapAfterGc() {
        System.gc();
        System.gc(); // what the first one enqueued
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    private void broadcast(int count, long intervalMillis) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            long due = start + TimeUnit.MILLISECONDS.toNanos(i * intervalMillis);
            while (due - System.nanoTime() > 0) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            comet.sendToAll("held.number", new Numbered(++sent, System.nanoTime(), PADDING));
        }
    }
}
