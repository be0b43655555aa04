package dev.comet.servlet;

import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.http.CometHttpHandler;
import dev.comet.http.CometHttpStatistics;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The wire protocol (docs/protocol.md) as a servlet. Map it with a prefix, such as {@code
 * /comet/*}.
 *
 * <p>Without web.xml, in a {@code ServletContextListener} or a {@code ServletContainerInitializer}:
 *
 * <pre>{@code
 * new CometServlet(comet, app -> app.onConnect(request -> …)).addTo(context, "/comet/*");
 * }</pre>
 *
 * <p>With web.xml or {@code @WebServlet}, which make the servlet themselves: extend this class with
 * a constructor without parameters, and declare it {@code asyncSupported}. So must be every filter
 * before it. A filter before it must not read parameters either: that would take the body away.
 *
 * <p>Works the same in Jetty 12, Tomcat 11 and Undertow 2.3; docs/containers.md says how to set
 * each of them up. No thread waits for a held request. An answer that fits into a quarter of the
 * container's response buffer is handed to the container in one piece; a longer one is written as
 * the peer reads it, and the container's own timeout cuts off a peer that does not.
 *
 * <p>The {@link CometStateManager} stays the application's to close: after {@link #drain}, before
 * it stops an embedded server, or in {@code contextDestroyed}.
 */
public class CometServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private final transient CometStateManager comet;
    private final transient CometHttpHandler handler;
    final transient AsyncRequests requests;

    /** For applications that initialise clients themselves, and only push to them. */
    public CometServlet(CometStateManager comet) {
        this(comet, application -> {});
    }

    /**
     * @param comet holds the requests
     * @param setUp sets hooks and options; called once, before this constructor returns
     */
    public CometServlet(CometStateManager comet, Consumer<CometApplication> setUp) {
        this(comet, setUp, new AsyncRequests());
    }

    CometServlet(
            CometStateManager comet, Consumer<CometApplication> setUp, AsyncRequests requests) {
        this.requests = requests;
        CometApplication application = new CometApplication();
        setUp.accept(application);
        this.comet = comet;
        this.handler = new CometHttpHandler(comet, application);
    }

    /**
     * Registers this servlet under one prefix mapping, with everything it needs.
     *
     * @param mapping such as {@code /comet/*}
     * @return for further settings
     * @throws IllegalArgumentException if the mapping is none of a prefix
     * @throws IllegalStateException if there is a servlet for that mapping already
     */
    public final ServletRegistration.Dynamic addTo(ServletContext context, String mapping) {
        if (!isPrefix(mapping)) {
            throw new IllegalArgumentException(noPrefix(mapping));
        }
        ServletRegistration.Dynamic registration = context.addServlet("comet " + mapping, this);
        if (registration == null || !registration.addMapping(mapping).isEmpty()) {
            throw new IllegalStateException(
                    "mapping " + mapping + " is taken by another servlet; choose another");
        }
        registration.setAsyncSupported(true);
        return registration;
    }

    private static boolean isPrefix(String mapping) {
        return mapping.startsWith("/") && mapping.endsWith("/*");
    }

    private static String noPrefix(String mapping) {
        return "mapping is \"" + mapping + "\"; use a prefix such as /comet/*";
    }

    /**
     * @throws ServletException if this servlet is mapped otherwise than with a prefix: it would not
     *     find out what a request asks for
     */
    @Override
    public void init(ServletConfig config) throws ServletException {
        ServletRegistration registration =
                config.getServletContext().getServletRegistration(config.getServletName());
        if (registration != null) { // there is none if another servlet passes requests on
            for (String mapping : registration.getMappings()) {
                if (!isPrefix(mapping)) {
                    throw new ServletException(noPrefix(mapping));
                }
            }
        }
        requests.servletDestroyed(false);
        super.init(config);
    }

    /**
     * Sends all clients away, and waits until they have been told. To be called as soon as the
     * container begins to stop, while it still writes; docs/containers.md says where in each. Does
     * what {@link CometStateManager#drain} does: held polls and streams end with {@code
     * comet.reconnect}, whoever comes later is sent on at once. Does not close the manager.
     *
     * <p>Blocks until nothing is held any more and the answers are written: for the spread and half
     * a second at most, since a peer may not read its answer. At once if nobody is there, or if the
     * manager is closed.
     *
     * @param spread over how long the clients are sent away, at least zero; long enough for the
     *     other servers to take them: a thousand clients a second are a good pace
     */
    public final void drain(Duration spread) {
        CompletableFuture<Void> drained;
        try {
            drained = comet.drain(spread).toCompletableFuture();
        } catch (CometException e) {
            if (e.reason() == CometException.Reason.CLOSED) {
                return;
            }
            throw e;
        }
        requests.await(drained, spread);
    }

    /** Called by the container when the context ends; a subclass that overrides it calls this. */
    @Override
    public void destroy() {
        requests.servletDestroyed(true);
        super.destroy();
    }

    /** What it has refused, and how its hooks do. Any thread. */
    public final CometHttpStatistics statistics() {
        return handler.statistics();
    }

    @Override
    protected final void service(HttpServletRequest request, HttpServletResponse response) {
        ServletExchange exchange = new ServletExchange(request, response, requests);
        try {
            handler.handle(exchange);
        } finally {
            exchange.handled();
        }
    }
}
