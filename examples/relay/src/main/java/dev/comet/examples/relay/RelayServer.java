package dev.comet.examples.relay;

import dev.comet.CometClock;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.servlet.CometServlet;
import io.lettuce.core.RedisURI;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.EagerContentHandler;
import org.eclipse.jetty.server.handler.EagerContentHandler.RetainedContentLoaderFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cloud, in a Jetty of its own. System properties say where and how: {@code port} (default
 * 8080), {@code host} (default {@code localhost}), {@code code} (the pairing code, with which
 * devices get their keys; a random one by default), {@code gateways} (how many simulated ones,
 * default 3), {@code heartSeconds} (default 30), {@code cleanSeconds} (default 300); {@code redis},
 * such as {@code redis://localhost:6379}, makes it one of several that are one relay.
 */
public final class RelayServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RelayServer.class);

    /** Requests of those who are in, for each newcomer that may come: each frame is one. */
    private static final int ASKS = 100;

    private static final int MAX_BODY_BYTES = 2 * DeviceEndpoints.MAX_FRAME_DIGITS;

    private final DeviceStore store;
    private final CometStateManager comet;
    private final Server jetty = new Server();
    private final ServerConnector connector;
    private final CometServlet servlet;
    private final DeviceEndpoints devices;
    private final Duration drain;
    private final Relay relay;
    private final Jobs jobs;
    private final List<SimulatedGateway> gateways = new ArrayList<>();

    private RelayServer(
            String host,
            int port,
            String code,
            Relay.Options options,
            Jobs.Intervals intervals,
            Storage storage,
            CometClock clock)
            throws Exception {
        store = storage.devices();
        comet = CometStateManager.builder(storage.comet()).clock(clock).build();
        drain = options.drain();
        relay = new Relay(comet, store, code, options, Clock.systemUTC());
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setHeaderCacheSize(0); // thousands of connections that wait; see docs/containers.md
        connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        jetty.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        servlet =
                new CometServlet(
                        comet,
                        app -> {
                            relay.install(app);
                            if (host.equals("localhost")) {
                                // No page may reach it by a name that it points to this machine.
                                app.allowedHosts(List.of("localhost", "127.0.0.1", "[::1]"));
                            }
                        });
        context.addServlet(new ServletHolder(servlet), "/comet/*");
        devices =
                new DeviceEndpoints(
                        comet,
                        relay,
                        rate(options.connectsPerSecond()),
                        rate(ASKS * options.connectsPerSecond()));
        ServletHolder holder = new ServletHolder(devices);
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/relay/*");
        context.addServlet(PageServlet.holder(), "/");
        jetty.setHandler(withBodies(context));
        jobs = Jobs.start(relay::clean, () -> heart(intervals.heart()), intervals);
    }

    /** One for all nodes. */
    private void heart(Duration interval) {
        try {
            if (store.isTurn("heart", interval)) {
                relay.heart();
            }
        } catch (CometException e) {
            LOG.warn("There is no heart this time: {}", e.getMessage());
        }
    }

    private static AddressRate rate(int perSecond) {
        return new AddressRate(perSecond, 10 * perSecond, System::nanoTime);
    }

    /**
     * Reads the bodies of devices before a servlet is asked, without a thread, so that many slow
     * ones stop nobody. Comet's own servlet does so itself.
     */
    private static Handler withBodies(Handler next) {
        EagerContentHandler bodies =
                new EagerContentHandler(
                        next, new RetainedContentLoaderFactory(MAX_BODY_BYTES, -1, true));
        bodies.includePath("/relay/*");
        return bodies;
    }

    /**
     * Opens the relay.
     *
     * @param port 0 for any that is free
     * @param code with which devices get their keys
     */
    static RelayServer start(
            String host, int port, String code, Relay.Options options, Jobs.Intervals intervals)
            throws Exception {
        return start(host, port, code, options, intervals, Storage.inMemory(), CometClock.system());
    }

    /**
     * @param clock that of who is there and what waits; devices and jobs go by the system's
     */
    static RelayServer start(
            String host,
            int port,
            String code,
            Relay.Options options,
            Jobs.Intervals intervals,
            Storage storage,
            CometClock clock)
            throws Exception {
        RelayServer server = new RelayServer(host, port, code, options, intervals, storage, clock);
        try {
            server.jetty.start();
        } catch (Exception e) {
            server.close();
            throw e;
        }
        return server;
    }

    /** Where the page is. */
    URI uri() {
        return URI.create("http://" + connector.getHost() + ":" + connector.getLocalPort() + "/");
    }

    /** Where Comet is. */
    URI comet() {
        return uri().resolve("comet");
    }

    Relay relay() {
        return relay;
    }

    CometStateManager manager() {
        return comet;
    }

    /** Gateways that live in this process, for those who have none in a house. */
    void simulate(int count) {
        simulate(1, count);
    }

    private void simulate(int first, int count) {
        for (int number = first; number < first + count; number++) {
            String key = relay.keys().issue(SimulatedGateway.mac(number));
            gateways.add(SimulatedGateway.start(comet(), number, key));
        }
    }

    /** Tells pages, phones and gateways to come back later, then stops: docs/containers.md. */
    @Override
    public void close() {
        gateways.forEach(SimulatedGateway::close);
        jobs.close();
        servlet.drain(drain); // over at once if nobody is there
        devices.awaitAnswers();
        comet.close();
        store.close();
        try {
            jetty.stop();
        } catch (Exception e) {
            LOG.warn("Jetty did not stop as it should", e);
        }
    }

    public static void main(String[] args) throws Exception {
        String redis = System.getProperty("redis");
        Storage storage =
                redis == null
                        ? Storage.inMemory()
                        : Storage.inRedis(RedisURI.create(redis), "relay");
        String given = System.getProperty("code");
        String code = given == null ? storage.devices().pairingCode(DeviceKeys.random()) : given;
        RelayServer server =
                start(
                        System.getProperty("host", "localhost"),
                        Integer.getInteger("port", 8080),
                        code,
                        Relay.Options.DEFAULT,
                        new Jobs.Intervals(
                                Duration.ofSeconds(Integer.getInteger("cleanSeconds", 300)),
                                Duration.ofSeconds(Integer.getInteger("heartSeconds", 30))),
                        storage,
                        CometClock.system());
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
        // Each process has gateways of its own, also one that takes the place of one that was
        // killed.
        int first = redis == null ? 1 : ThreadLocalRandom.current().nextInt(1, 1 << 23);
        server.simulate(first, Integer.getInteger("gateways", 3));
        // Not to the log: who has the code can pair. After #, it reaches no server and no proxy.
        System.out.println("The relay is at " + server.uri() + "#code=" + code);
        server.jetty.join();
    }
}
