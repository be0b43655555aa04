package dev.comet.servlet;

import jakarta.servlet.ServletContainerInitializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.ErrorReportValve;

/** Tomcat 11 with the NIO connector, set up as docs/containers.md advises. */
final class TomcatContainer implements Container {

    private final Tomcat tomcat = new Tomcat();
    private final Path base;
    private Runnable beforeStop;

    TomcatContainer() throws Exception {
        base = Files.createTempDirectory("comet-tomcat");
        tomcat.setBaseDir(base.toString());
        tomcat.setHostname("localhost");
        tomcat.setPort(0);
        connector().setProperty("address", "127.0.0.1");
        // Shorter than any hold: it must not apply.
        connector().setAsyncTimeout(100);
        connector().setProperty("maxThreads", Integer.toString(THREADS));
    }

    @Override
    public void start(ServletContainerInitializer initializer) throws Exception {
        ErrorReportValve errors = new ErrorReportValve();
        errors.setShowReport(false);
        errors.setShowServerInfo(false);
        tomcat.getHost().getPipeline().addValve(errors);
        Context context = tomcat.addContext("/app", base.toString());
        context.addServletContainerInitializer(initializer, null);
        if (beforeStop != null) {
            ((StandardContext) context).setUnloadDelay(60_000);
            context.addLifecycleListener(
                    event -> {
                        if (event.getType().equals(Lifecycle.BEFORE_STOP_EVENT)) {
                            beforeStop.run();
                        }
                    });
        }
        tomcat.start();
    }

    @Override
    public void stallTimeout(Duration timeout) {
        connector().setProperty("connectionTimeout", Long.toString(timeout.toMillis()));
    }

    @Override
    public void beforeStop(Runnable action) {
        beforeStop = action;
    }

    Connector connector() {
        return tomcat.getConnector();
    }

    @Override
    public int port() {
        return connector().getLocalPort();
    }

    @Override
    public void stop() throws Exception {
        tomcat.stop();
        tomcat.destroy();
        try (Stream<Path> files = Files.walk(base)) {
            files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        }
    }
}
