package dev.comet.examples.relay;

import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.CometServlet;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cloud, in a Jetty of its own. System properties say where and how: {@code port} (default
 * 8080), {@code host} (default {@code localhost}), {@code gateways} (how many simulated ones,
 * default 3), {@code heartSeconds} (default 30), {@code cleanSeconds} (default 300).
 */
public final class RelayServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RelayServer.class);

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider()).build();
    private final Server jetty = new Server();
    private final ServerConnector connector;
    private final Relay relay;
    private final Jobs jobs;
    private final List<SimulatedGateway> gateways = new ArrayList<>();

    private RelayServer(String host, int port, Relay.Options options, Jobs.Intervals intervals)
            throws Exception {
        relay = new Relay(comet, options, Clock.systemUTC());
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setHeaderCacheSize(0); // thousands of connections that wait; see docs/containers.md
        connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        jetty.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(new ServletHolder(new CometServlet(comet, relay::install)), "/comet/*");
        ServletHolder devices = new ServletHolder(new DeviceEndpoints(comet, relay));
        devices.setAsyncSupported(true);
        context.addServlet(devices, "/relay/*");
        context.addServlet(PageServlet.holder(), "/");
        jetty.setHandler(context);
        jobs = Jobs.start(relay::clean, relay::heart, intervals);
    }

    /**
     * Opens the relay.
     *
     * @param port 0 for any that is free
     */
    static RelayServer start(String host, int port, Relay.Options options, Jobs.Intervals intervals)
            throws Exception {
        RelayServer server = new RelayServer(host, port, options, intervals);
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
        for (int number = 1; number <= count; number++) {
            gateways.add(SimulatedGateway.start(comet(), number));
        }
    }

    @Override
    public void close() {
        gateways.forEach(SimulatedGateway::close);
        jobs.close();
        comet.close();
        try {
            jetty.stop();
        } catch (Exception e) {
            LOG.warn("Jetty did not stop as it should", e);
        }
    }

    public static void main(String[] args) throws Exception {
        RelayServer server =
                start(
                        System.getProperty("host", "localhost"),
                        Integer.getInteger("port", 8080),
                        Relay.Options.DEFAULT,
                        new Jobs.Intervals(
                                Duration.ofSeconds(Integer.getInteger("cleanSeconds", 300)),
                                Duration.ofSeconds(Integer.getInteger("heartSeconds", 30))));
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
        server.simulate(Integer.getInteger("gateways", 3));
        LOG.info("The relay is at {}", server.uri());
        server.jetty.join();
    }
}
