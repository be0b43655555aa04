package dev.comet.benchmarks.server;

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

/**
 * The servlet containers, each with the settings that docs/containers.md advises; the same for
 * everybody who runs in them.
 */
enum Containers {
    JETTY {
        @Override
        int start(Servlet servlet) throws Exception {
            HttpConfiguration http = new HttpConfiguration();
            http.setHeaderCacheSize(0);
            http.setSendServerVersion(false);
            http.setSendDateHeader(false);
            Server jetty = new Server();
            ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
            connector.setHost(LOOPBACK);
            connector.setAcceptQueueSize(BACKLOG);
            connector.setIdleTimeout(IDLE_MILLIS);
            jetty.addConnector(connector);
            ServletContextHandler context = new ServletContextHandler("/");
            ServletHolder holder = new ServletHolder(servlet);
            holder.setAsyncSupported(true);
            holder.setInitOrder(1);
            context.addServlet(holder, MAPPING);
            jetty.setHandler(context);
            jetty.start();
            return connector.getLocalPort();
        }
    },

    TOMCAT {
        @Override
        int start(Servlet servlet) throws Exception {
            Tomcat tomcat = new Tomcat();
            tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
            tomcat.setHostname(LOOPBACK);
            tomcat.setPort(0);
            Connector connector = tomcat.getConnector();
            connector.setProperty("address", LOOPBACK);
            connector.setProperty("maxConnections", "20000");
            connector.setProperty("processorCache", "20000");
            connector.setProperty("acceptCount", Integer.toString(BACKLOG));
            connector.setProperty("maxKeepAliveRequests", "-1");
            connector.setProperty("keepAliveTimeout", Integer.toString(IDLE_MILLIS));
            Context context = tomcat.addContext("", null);
            Wrapper wrapper = Tomcat.addServlet(context, "push", servlet);
            wrapper.setAsyncSupported(true);
            wrapper.setLoadOnStartup(1);
            wrapper.addMapping(MAPPING);
            tomcat.start();
            return connector.getLocalPort();
        }
    },

    UNDERTOW {
        @Override
        int start(Servlet servlet) throws Exception {
            DeploymentInfo deployment =
                    Servlets.deployment()
                            .setClassLoader(Containers.class.getClassLoader())
                            .setContextPath("/")
                            .setDeploymentName("push")
                            .addServlet(
                                    Servlets.servlet(
                                                    "push",
                                                    servlet.getClass(),
                                                    new ImmediateInstanceFactory<Servlet>(servlet))
                                            .addMapping(MAPPING)
                                            .setLoadOnStartup(1)
                                            .setAsyncSupported(true));
            DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
            manager.deploy();
            Undertow undertow =
                    Undertow.builder()
                            .addHttpListener(0, LOOPBACK)
                            .setSocketOption(Options.BACKLOG, BACKLOG)
                            .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, IDLE_MILLIS)
                            .setServerOption(UndertowOptions.ALWAYS_SET_DATE, false)
                            .setHandler(manager.start())
                            .build();
            undertow.start();
            return ((InetSocketAddress) undertow.getListenerInfo().get(0).getAddress()).getPort();
        }
    };

    private static final String LOOPBACK = "127.0.0.1";
    private static final String MAPPING = "/push/*";
    private static final int BACKLOG = 1_024;
    private static final int IDLE_MILLIS = 600_000;

    /** Returns the port. */
    abstract int start(Servlet servlet) throws Exception;
}
