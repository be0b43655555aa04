package dev.comet.servlet;

import jakarta.servlet.ServletContainerInitializer;
import java.time.Duration;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty 12.1, set up as docs/containers.md advises. */
final class JettyContainer implements Container {

    private final Server server = new Server(new QueuedThreadPool(THREADS, THREADS));
    private final ServerConnector connector;

    JettyContainer() {
        HttpConfiguration http = new HttpConfiguration();
        http.setHeaderCacheSize(0);
        http.setSendServerVersion(false);
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
    }

    @Override
    public void start(ServletContainerInitializer initializer) throws Exception {
        ServletContextHandler context = new ServletContextHandler("/app");
        context.addServletContainerInitializer(initializer);
        server.setHandler(context);
        server.start();
    }

    @Override
    public void stallTimeout(Duration timeout) {
        connector.setIdleTimeout(timeout.toMillis());
    }

    @Override
    public void beforeStop(Runnable action) {
        server.setStopTimeout(60_000);
        server.addEventListener(
                new LifeCycle.Listener() {
                    @Override
                    public void lifeCycleStopping(LifeCycle event) {
                        action.run();
                    }
                });
    }

    ServerConnector connector() {
        return connector;
    }

    @Override
    public int port() {
        return connector.getLocalPort();
    }

    @Override
    public void stop() throws Exception {
        server.stop();
    }
}
