package dev.comet.tests.held;

import dev.comet.servlet.CometServlet;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.Servlet;
import java.net.InetSocketAddress;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.xnio.Options;

/** The servlet containers, each with the settings that many held polls need. */
public enum Container {
    JETTY {
        @Override
        public int start(CometServlet servlet, int connections) throws Exception {
            HttpConfiguration http = new HttpConfiguration();
            http.setHeaderCacheSize(0); // a cache for each connection: more than 100 kB of it
            Server jetty = new Server();
            ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
            connector.setHost(LOOPBACK);
            connector.setAcceptQueueSize(BACKLOG);
            connector.setIdleTimeout(IDLE_MILLIS);
            jetty.addConnector(connector);
            ServletContextHandler context = new ServletContextHandler("/");
            ServletHolder holder = new ServletHolder(servlet);
            holder.setAsyncSupported(true);
            context.addServlet(holder, MAPPING);
            jetty.setHandler(context);
            jetty.start();
            return connector.getLocalPort();
        }
    },

    TOMCAT {
        @Override
        public int start(CometServlet servlet, int connections) throws Exception {
            Tomcat tomcat = new Tomcat();
            tomcat.setBaseDir(".");
            tomcat.setHostname(LOOPBACK);
            tomcat.setPort(0);
            Connector connector = tomcat.getConnector();
            connector.setProperty("address", LOOPBACK);
            connector.setProperty("maxConnections", Integer.toString(connections)); // 8,192
            connector.setProperty("acceptCount", Integer.toString(BACKLOG));
            connector.setProperty("maxKeepAliveRequests", "-1"); // 100, then it hangs up
            connector.setProperty("keepAliveTimeout", Integer.toString(IDLE_MILLIS));
            Context context = tomcat.addContext("", null);
            Wrapper wrapper = Tomcat.addServlet(context, "comet", servlet);
            wrapper.setAsyncSupported(true);
            wrapper.addMapping(MAPPING);
            tomcat.start();
            return connector.getLocalPort();
        }
    },

    UNDERTOW {
        @Override
        public int start(CometServlet servlet, int connections) throws Exception {
            DeploymentInfo deployment =
                    Servlets.deployment()
                            .setClassLoader(Container.class.getClassLoader())
                            .setContextPath("/")
                            .setDeploymentName("comet")
                            .addServlet(
                                    Servlets.servlet(
                                                    "comet",
                                                    CometServlet.class,
                                                    new ImmediateInstanceFactory<Servlet>(servlet))
                                            .addMapping(MAPPING)
                                            .setAsyncSupported(true));
            DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
            manager.deploy();
            Undertow undertow =
                    Undertow.builder()
                            .addHttpListener(0, LOOPBACK)
                            .setSocketOption(Options.BACKLOG, BACKLOG)
                            .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, IDLE_MILLIS)
                            .setHandler(manager.start())
                            .build();
            undertow.start();
            return ((InetSocketAddress) undertow.getListenerInfo().get(0).getAddress()).getPort();
        }
    };

    private static final String LOOPBACK = "127.0.0.1";
    private static final String MAPPING = "/comet/*";

    /** Connections that come faster than they are accepted. */
    private static final int BACKLOG = 1_024;

    /** Between polls. */
    private static final int IDLE_MILLIS = 60_000;

    /**
     * Starts it, for good.
     *
     * @param connections how many it must take
     * @return its port on the loopback interface
     */
    public abstract int start(CometServlet servlet, int connections) throws Exception;
}
