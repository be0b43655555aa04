package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.undertow.Undertow;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One class path starts all three containers, although they bring two versions of the Servlet API.
 */
class ContainersStartTest {

    @Test
    void jetty_started_answers() throws Exception {
        Server jetty = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(new HelloServlet());
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/*");
        jetty.setHandler(context);
        jetty.start();
        try {
            int port = ((NetworkConnector) jetty.getConnectors()[0]).getLocalPort();
            assertThat(get(port)).isEqualTo("hello");
        } finally {
            jetty.stop();
        }
    }

    @Test
    void tomcat_started_answers(@TempDir Path base) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(base.toString());
        tomcat.setHostname("localhost");
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", base.toString());
        Wrapper wrapper = Tomcat.addServlet(context, "hello", new HelloServlet());
        wrapper.setAsyncSupported(true);
        wrapper.addMapping("/*");
        tomcat.start();
        try {
            assertThat(get(tomcat.getConnector().getLocalPort())).isEqualTo("hello");
        } finally {
            tomcat.stop();
            tomcat.destroy();
        }
    }

    @Test
    void undertow_started_answers() throws Exception {
        DeploymentInfo deployment =
                Servlets.deployment()
                        .setClassLoader(getClass().getClassLoader())
                        .setContextPath("/")
                        .setDeploymentName("hello")
                        .addServlet(
                                Servlets.servlet("hello", HelloServlet.class)
                                        .addMapping("/*")
                                        .setAsyncSupported(true));
        DeploymentManager manager = Servlets.newContainer().addDeployment(deployment);
        manager.deploy();
        Undertow undertow =
                Undertow.builder()
                        .addHttpListener(0, "127.0.0.1")
                        .setHandler(manager.start())
                        .build();
        undertow.start();
        try {
            InetSocketAddress address =
                    (InetSocketAddress) undertow.getListenerInfo().get(0).getAddress();
            assertThat(get(address.getPort())).isEqualTo("hello");
        } finally {
            undertow.stop();
            manager.stop();
        }
    }

    private static String get(int port) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + port + "/hello");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** Answers asynchronously, as the adapter does. */
    public static final class HelloServlet extends HttpServlet {
        private static final long serialVersionUID = 1L;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) {
            var async = request.startAsync();
            async.start(
                    () -> {
                        try {
                            async.getResponse().getWriter().print("hello");
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                        async.complete();
                    });
        }
    }
}
