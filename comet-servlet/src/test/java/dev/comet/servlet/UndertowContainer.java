package dev.comet.servlet;

import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.handlers.GracefulShutdownHandler;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.ServletContainerInitializerInfo;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.ServletContainerInitializer;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import org.xnio.Options;

/** Undertow 2.3 with its servlet module. */
final class UndertowContainer implements Container {

    private final Undertow.Builder builder =
            Undertow.builder()
                    .addHttpListener(0, "127.0.0.1")
                    .setIoThreads(2)
                    .setWorkerThreads(THREADS);
    private Undertow undertow;
    private DeploymentManager manager;
    private GracefulShutdownHandler requests;
    private Runnable beforeStop;

    @Override
    public void start(ServletContainerInitializer initializer) throws Exception {
        DeploymentInfo deployment =
                Servlets.deployment()
                        .setClassLoader(getClass().getClassLoader())
                        .setContextPath("/app")
                        .setDeploymentName("app")
                        .addServletContainerInitializer(
                                new ServletContainerInitializerInfo(
                                        initializer.getClass(),
                                        new ImmediateInstanceFactory<>(initializer),
                                        Set.of()));
        manager = Servlets.newContainer().addDeployment(deployment);
        manager.deploy();
        requests =
                Handlers.gracefulShutdown(Handlers.path().addPrefixPath("/app", manager.start()));
        undertow = builder.setHandler(requests).build();
        undertow.start();
    }

    @Override
    public void stallTimeout(Duration timeout) {
        builder.setSocketOption(Options.READ_TIMEOUT, (int) timeout.toMillis());
        builder.setSocketOption(Options.WRITE_TIMEOUT, (int) timeout.toMillis());
    }

    @Override
    public void beforeStop(Runnable action) {
        beforeStop = action;
    }

    Undertow.Builder builder() {
        return builder;
    }

    @Override
    public int port() {
        return ((InetSocketAddress) undertow.getListenerInfo().get(0).getAddress()).getPort();
    }

    @Override
    public void stop() throws Exception {
        if (beforeStop != null) {
            beforeStop.run();
            requests.shutdown();
            requests.awaitShutdown(60_000);
        }
        undertow.stop();
        manager.stop();
        manager.undeploy();
    }
}
