package dev.comet.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.redis.RedisCometStateProvider;
import dev.comet.servlet.CometServlet;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The application, on one node of several, in a process of its own. It obeys the lines of its
 * standard input and ends with it; what it has done it says in lines of its own, before anybody
 * else can know of it.
 */
final class NodeMain implements CometClientEventHandler {

    static final int HOLD_SECONDS = 6;

    private static final Duration LEASE = Duration.ofMillis(1_500);
    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration HEARTBEAT = Duration.ofSeconds(3);
    private static final Duration REPLY = Duration.ofSeconds(5);
    private static final int MANY = 1_000_000;
    private static final int SENDERS = 12;

    private final PrintStream out;
    private final CometStateManager comet;
    private final ExecutorService senders = Executors.newFixedThreadPool(SENDERS);

    private NodeMain(PrintStream out, String redis) {
        this.out = out;
        this.comet =
                CometStateManager.builder(
                                RedisCometStateProvider.builder()
                                        .uri(redis)
                                        .namespace("chaos")
                                        .lease(LEASE)
                                        .commandTimeout(COMMAND_TIMEOUT)
                                        .build())
                        .waitThreads(2)
                        .heartbeat(HEARTBEAT)
                        .eventHandler(this)
                        .build();
    }

    /**
     * Serves until its input ends.
     *
     * @param args where Redis is
     */
    public static void main(String[] args) throws Exception {
        // What is logged must not come between the lines.
        PrintStream out = new PrintStream(System.out, false, UTF_8);
        System.setOut(System.err);
        NodeMain node;
        try {
            node = new NodeMain(out, args[0]);
            node.say("port " + node.serve());
        } catch (Exception e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1); // threads of libraries would go on
            return;
        }
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", -1);
            node.senders.execute(() -> node.obey(words));
        }
        Runtime.getRuntime().halt(0);
    }

    private synchronized void say(String line) {
        out.println(line);
        out.flush();
    }

    private int serve() throws Exception {
        Server jetty = new Server(new QueuedThreadPool(64));
        ServerConnector connector = new ServerConnector(jetty, 1, 1);
        connector.setHost("127.0.0.1");
        connector.setAcceptQueueSize(1_024);
        jetty.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(new CometServlet(comet, this::install));
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/comet/*");
        jetty.setHandler(context);
        jetty.start();
        return connector.getLocalPort();
    }

    /** All clients have one address here. */
    private void install(CometApplication application) {
        application
                .connectsPerAddress(MANY, MANY)
                .newcomers(MANY, MANY)
                .sendsPerAddress(MANY, MANY)
                .unknownTokensPerAddress(MANY, MANY)
                .onConnect(
                        request ->
                                CometClient.builder()
                                        .connectionTimeoutSeconds(HOLD_SECONDS)
                                        .connectionIdleSeconds(
                                                Integer.parseInt(request.text("idle", "")))
                                        .build())
                .onConnected((client, request) -> welcome(client, request.text("group", "")))
                .onRequest("echo", (client, message) -> message.contents())
                .onRequestLater(
                        "ask",
                        (client, message) ->
                                comet.request(
                                        message.contents().get("to").stringValue(),
                                        "asked",
                                        message.contents().get("key").stringValue(),
                                        REPLY,
                                        message.correlationId()));
    }

    private void welcome(CometClient client, String group) {
        long birth = comet.confirmedMessageId(client);
        long joined = comet.joinGroup(client, group);
        say("born " + client.publicToken() + " " + birth + " " + group + " " + joined);
    }

    private void obey(String[] words) {
        try {
            String key = words[1];
            switch (words[0]) {
                case "one" -> send(key, () -> comet.sendMessage(words[2], "n", key));
                case "several" ->
                        send(key, () -> comet.sendMessage(List.of(words[2].split(",")), "n", key));
                case "group" -> send(key, () -> comet.sendToGroup(words[2], "n", key));
                case "all" -> send(key, () -> comet.sendToAll("n", key));
                case "but" -> send(key, () -> comet.sendToAllExcept(words[2], "n", key));
                case "join" -> join(key, words[2], words[3]);
                case "leave" -> leave(key, words[2], words[3]);
                case "request" -> request(key, words[2]);
                case "end" -> end(key, words[2]);
                default -> throw new IllegalArgumentException("no such command: " + words[0]);
            }
        } catch (RuntimeException e) {
            say("fault " + e.toString().replace('\n', ' '));
        }
    }

    /** Returns whether it was accepted. */
    private boolean send(String key, LongSupplier sending) {
        try {
            say("sent " + key + " " + sending.getAsLong());
            return true;
        } catch (CometException e) {
            say("refused " + key + " " + e.reason());
            return false;
        }
    }

    private void join(String key, String token, String group) {
        try {
            say("joined " + key + " " + comet.joinGroup(token, group));
        } catch (CometException e) {
            say("unchanged " + key + " " + e.reason());
        }
    }

    /** Between two messages to the client, whose ids say when it left. */
    private void leave(String key, String token, String group) {
        if (!send(key + ".a", () -> comet.sendMessage(token, "n", key + ".a"))) {
            say("unchanged " + key + " " + Reason.REFUSED);
            return;
        }
        try {
            comet.leaveGroup(token, group);
        } catch (CometException e) {
            say("unchanged " + key + " " + e.reason());
            return;
        }
        send(key + ".b", () -> comet.sendMessage(token, "n", key + ".b"));
        say("left " + key);
    }

    private void request(String key, String token) {
        comet.request(token, "asked", key, REPLY)
                .whenComplete(
                        (reply, failure) -> {
                            if (reply != null) {
                                say("replied " + key + " " + reply.contents());
                            } else {
                                say("unreplied " + key + " " + reasonOf(failure));
                            }
                        });
    }

    private static String reasonOf(Throwable failure) {
        return failure instanceof CometException known
                ? known.reason().code()
                : failure.toString().replace('\n', ' ');
    }

    private void end(String key, String token) {
        String outcome;
        try {
            outcome =
                    comet.findClientByPublicToken(token).map(comet::disconnect).orElse(false)
                            ? "yes"
                            : "no";
        } catch (CometException e) {
            outcome = e.reason().code();
        }
        say("ended " + key + " " + token + " " + outcome);
    }

    // ---- events

    @Override
    public void clientInitialized(CometClient client) {
        say("event initialized " + client.publicToken());
    }

    @Override
    public void idleClientKilled(CometClient client) {
        say("event killed " + client.publicToken());
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        say("event " + reason.code() + " " + client.publicToken());
    }
}
