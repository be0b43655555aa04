package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.atmosphere.cache.UUIDBroadcasterCache;
import org.atmosphere.cpr.ApplicationConfig;
import org.atmosphere.cpr.AtmosphereFramework;
import org.atmosphere.cpr.AtmosphereResource;
import org.atmosphere.cpr.AtmosphereServlet;
import org.atmosphere.handler.AbstractReflectorAtmosphereHandler;

/**
 * Atmosphere's long polling with the cache that its documents advise, so that a message that comes
 * between two polls of a client waits for it. Clients name themselves and their room in each
 * request.
 */
final class AtmosphereServer implements PushServer {

    /**
     * How long a poll is held. Short, for now and then a client that polls again at once is
     * forgotten, and gets what it missed when it comes again.
     */
    private static final long MILLIS = 1_000;

    private static final String EVERYONE = "all";

    private final CompletableFuture<AtmosphereFramework> atmosphere = new CompletableFuture<>();
    private final int port;

    AtmosphereServer(Containers container) throws Exception {
        port = container.start(new Servlet());
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void broadcast(String payload) {
        send(EVERYONE, payload);
    }

    private void send(String room, String payload) {
        var unused =
                atmosphere
                        .join()
                        .getBroadcasterFactory()
                        .lookup(room, true)
                        .broadcast("\"" + payload + "\"");
    }

    private final class Polls extends AbstractReflectorAtmosphereHandler {

        @Override
        public void onRequest(AtmosphereResource resource) throws IOException {
            var request = resource.getRequest();
            String room = request.getPathInfo().substring(1);
            if (request.getMethod().equals("POST")) {
                String body = new String(request.getInputStream().readAllBytes(), US_ASCII);
                send(room, body);
                resource.getResponse().setStatus(202);
                return;
            }
            resource.setBroadcaster(atmosphere.join().getBroadcasterFactory().lookup(room, true));
            resource.getResponse().setContentType("application/json");
            resource.resumeOnBroadcast(true).suspend(MILLIS);
        }
    }

    private final class Servlet extends AtmosphereServlet {

        private static final long serialVersionUID = 1L;

        @Override
        public void init(jakarta.servlet.ServletConfig config) throws ServletException {
            framework()
                    .addInitParameter(ApplicationConfig.SCAN_CLASSPATH, "false")
                    .addInitParameter(
                            ApplicationConfig.BROADCASTER_CACHE,
                            UUIDBroadcasterCache.class.getName())
                    .addAtmosphereHandler("/*", new Polls());
            super.init(config);
            atmosphere.complete(framework());
        }
    }
}
