package dev.comet.examples.chat;

import dev.comet.CometClock;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.redis.RedisCometStateProvider;
import dev.comet.servlet.CometServlet;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chat in a Jetty of its own. The system properties {@code port} (default 8080) and {@code
 * host} (default {@code localhost}; {@code 0.0.0.0} lets other machines in) say where; {@code
 * redis}, such as {@code redis://localhost:6379}, makes it one of several that are one chat.
 */
public final class ChatServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ChatServer.class);

    /** Over how long people are sent away when the chat stops. */
    private static final Duration DRAIN = Duration.ofSeconds(1);

    private final CometStateManager comet;
    private final CometServlet servlet;
    private final Duration drain;
    private final Server jetty = new Server();
    private final ServerConnector connector;

    private ChatServer(
            String host, int port, ICometStateProvider provider, CometClock clock, Duration drain) {
        this.drain = drain;
        comet =
                CometStateManager.builder(provider)
                        .clock(clock)
                        .limits(
                                CometLimits.builder()
                                        .maxGroups(50_000)
                                        .maxGroupsPerClient(
                                                2 * Rooms.MAX_PER_CLIENT + Lookalikes.PER_CLIENT)
                                        // A room's log is its history: a day's, if it fits.
                                        .sharedLog(
                                                new LogLimits(1_000, 2 << 20, Duration.ofDays(1)))
                                        .build())
                        .build();
        Chat chat = new Chat(comet);
        comet.addEventHandler(chat);

        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // Jetty remembers each connection's headers to parse its next request faster. With
        // thousands of connections that wait, those memories are 100 kB each, and slower than
        // parsing.
        http.setHeaderCacheSize(0);
        connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        jetty.addConnector(connector);

        ServletContextHandler context = new ServletContextHandler("/");
        servlet =
                new CometServlet(
                        comet,
                        app -> {
                            chat.install(app);
                            if (host.equals("localhost")) {
                                // No page may reach it by a name that it points to this machine.
                                app.allowedHosts(List.of("localhost", "127.0.0.1", "[::1]"));
                            }
                        });
        context.addServlet(new ServletHolder(servlet), "/comet/*");
        context.addServlet(PageServlet.holder(), "/");
        jetty.setHandler(context);
    }

    /**
     * Opens the chat.
     *
     * @param host the interface to listen on
     * @param port 0 for any that is free
     */
    public static ChatServer start(String host, int port) throws Exception {
        return start(host, port, new InProcCometStateProvider(), CometClock.system(), DRAIN);
    }

    static ChatServer start(
            String host, int port, ICometStateProvider provider, CometClock clock, Duration drain)
            throws Exception {
        ChatServer server = new ChatServer(host, port, provider, clock, drain);
        try {
            server.jetty.start();
        } catch (Exception e) {
            server.close();
            throw e;
        }
        return server;
    }

    /** Where the page is. */
    public URI uri() {
        return URI.create("http://" + connector.getHost() + ":" + connector.getLocalPort() + "/");
    }

    CometStateManager manager() {
        return comet;
    }

    /** Tells the pages to come back later, by stream or poll, then stops: docs/containers.md. */
    @Override
    public void close() {
        servlet.drain(drain); // over at once if nobody is there
        comet.close();
        try {
            jetty.stop();
        } catch (Exception e) {
            LOG.warn("Jetty did not stop as it should", e);
        }
    }

    /** In this process, or for all processes that are given the same Redis. */
    private static ICometStateProvider provider(@Nullable String redis) {
        return redis == null
                ? new InProcCometStateProvider()
                : RedisCometStateProvider.builder().uri(redis).namespace("chat").build();
    }

    public static void main(String[] args) throws Exception {
        ChatServer server =
                start(
                        System.getProperty("host", "localhost"),
                        Integer.getInteger("port", 8080),
                        provider(System.getProperty("redis")),
                        CometClock.system(),
                        DRAIN);
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
        LOG.info("The chat is at {}", server.uri());
        server.jetty.join();
    }
}
