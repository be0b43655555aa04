package dev.comet.tests.attack;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.CometServlet;
import dev.comet.tests.held.Container;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * An application as anybody would write it, with the defaults of everything, in a process of its
 * own. Obeys the lines of its standard input and ends with it.
 */
final class AttackServer {

    private static final Duration ASKED_FOR = Duration.ofSeconds(30);
    private static final Duration DRAIN = Duration.ofSeconds(2);
    private static final int CONNECTIONS = 2_000;

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider()).build();

    private AttackServer() {}

    /**
     * Serves until its input ends.
     *
     * @param args the container
     */
    public static void main(String[] args) throws Exception {
        // What is logged must not come between the answers.
        PrintStream answers = System.out;
        System.setOut(System.err);
        Logger.getLogger("").setLevel(Level.WARNING);

        AttackServer server = new AttackServer();
        answers.println(
                Container.valueOf(args[0])
                        .start(new CometServlet(server.comet, server::install), CONNECTIONS));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            answers.println(server.obey(line));
            answers.flush();
        }
        server.comet.close();
        System.exit(0); // containers have threads that go on
    }

    private void install(CometApplication application) {
        application
                .onConnect(request -> CometClient.builder().build())
                .on(
                        "echo",
                        (client, message) ->
                                comet.sendMessage(client.publicToken(), "echo", message.contents()))
                .on(
                        "join",
                        (client, message) ->
                                comet.joinGroup(
                                        client.publicToken(), message.contents(String.class)))
                .on(
                        "say",
                        (client, message) ->
                                comet.sendToGroup(
                                        message.contents().get("room").stringValue(),
                                        "said",
                                        message.contents().get("text").stringValue()))
                .onRequestLater(
                        "ask",
                        (client, message) ->
                                comet.request(
                                        message.contents(String.class),
                                        "asked",
                                        client.publicToken(),
                                        ASKED_FOR));
    }

    private long obey(String command) {
        return switch (command) {
            case "heap" -> heapAfterGc();
            case "drain" -> {
                long begin = System.nanoTime();
                comet.drain(DRAIN).toCompletableFuture().join();
                yield System.nanoTime() - begin;
            }
            default -> throw new IllegalArgumentException("no such command: " + command);
        };
    }

    private static long heapAfterGc() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
