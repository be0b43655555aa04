package dev.comet.benchmarks.server;

import jakarta.servlet.ServletException;
import java.util.concurrent.CompletableFuture;
import org.cometd.bayeux.Promise;
import org.cometd.bayeux.server.BayeuxServer;
import org.cometd.bayeux.server.ServerChannel;
import org.cometd.server.ext.AcknowledgedMessagesExtension;
import org.cometd.server.http.jakarta.CometDServlet;

/**
 * CometD with its defaults, but for how long it holds. Clients introduce themselves over HTTP and
 * subscribe to {@code /all} or to their room's channel.
 */
final class CometdServer implements PushServer {

    private static final long MILLIS = 600_000;

    private final CompletableFuture<BayeuxServer> bayeux = new CompletableFuture<>();
    private final int port;

    CometdServer(Containers container, boolean acknowledged) throws Exception {
        port = container.start(new Servlet());
        if (acknowledged) {
            bayeux.join().addExtension(new AcknowledgedMessagesExtension());
        }
        bayeux.join().createChannelIfAbsent("/all", channel -> channel.setPersistent(true));
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public void broadcast(String payload) {
        ServerChannel channel = bayeux.join().getChannel("/all");
        channel.publish(null, payload, Promise.noop());
    }

    private final class Servlet extends CometDServlet {

        private static final long serialVersionUID = 1L;

        @Override
        public void init() throws ServletException {
            super.init();
            bayeux.complete(getBayeuxServer());
        }

        @Override
        protected BayeuxServer newBayeuxServer() {
            BayeuxServer server = super.newBayeuxServer();
            // Longer than a run: nothing times out while it is measured.
            server.setOption("timeout", MILLIS);
            server.setOption("maxInterval", MILLIS);
            return server;
        }
    }
}
