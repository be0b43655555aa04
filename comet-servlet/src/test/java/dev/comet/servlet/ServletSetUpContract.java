package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.http.CometHttpHandler;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.ServletRig.Answer;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.UnavailableException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How the servlet gets on with what stands around it: the context, filters, an application that
 * sets it up wrongly or ends; the same in every container.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServletSetUpContract {

    /** Stopped when all tests have run. */
    final List<ServletRig> rigs = new ArrayList<>();

    abstract Container container() throws Exception;

    interface InContext {
        void setUp(ServletContext context, CometStateManager comet);
    }

    /** A server whose context the test sets up itself. */
    private ServletRig serve(InContext setUp) throws Exception {
        CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
        Container container = container();
        container.start((classes, context) -> setUp.setUp(context, comet));
        ServletRig rig = new ServletRig(container, comet);
        rigs.add(rig);
        return rig;
    }

    @AfterAll
    void stop() throws Exception {
        for (ServletRig started : rigs) {
            started.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/stream"})
    void servlet_withoutAsyncSupport_saysWhatToConfigure(String target) throws Exception {
        ServletRig rig = serveWithoutAsyncSupport();
        CometClient ada = rig.client("ada");

        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            Answer answer =
                    rig.send(
                            rig.request(target)
                                    .header("Authorization", "Bearer " + ada.privateToken()));

            assertThat(answer.status()).isEqualTo(500);
            assertThat(log.onlyThrowable())
                    .hasMessageContaining("<async-supported>true</async-supported>");
            assertThat(log.text()).doesNotContain("secret-of-ada");
        }
        assertThat(rig.comet.statistics().held().polls()).isZero();
        assertThat(rig.comet.statistics().held().streams()).isZero();
    }

    @Test
    @DisplayName("W1 without asynchronous requests a long answer is still whole, or an error")
    void servlet_withoutAsyncSupport_answersWhatNeedNotWait() throws Exception {
        ServletRig rig = serveWithoutAsyncSupport();
        CometClient ada = rig.client("ada");
        String large = "x".repeat(200_000);
        rig.comet.sendMessage("ada", "large", large);

        Answer poll = rig.poll(ada, "");
        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.contents().asString()).isEqualTo(large);
        assertThat(poll.header("Content-Length")).isNotNull();
        assertThat(rig.send(rig.request("/comet.js")).text()).contains("export");
    }

    private ServletRig serveWithoutAsyncSupport() throws Exception {
        return serve(
                (context, comet) ->
                        new CometServlet(comet)
                                .addTo(context, "/comet/*")
                                .setAsyncSupported(false));
    }

    @Test
    void addTo_mappingIsNoPrefix_isRefused() throws Exception {
        List<Throwable> refusals = new ArrayList<>();
        serve(
                (context, comet) -> {
                    for (String mapping : List.of("/comet", "/", "", "*.comet", "comet/*")) {
                        assertThatThrownBy(() -> new CometServlet(comet).addTo(context, mapping))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessage(
                                        "mapping is \"%s\"; use a prefix such as /comet/*", mapping)
                                .satisfies(refusals::add);
                    }
                });

        assertThat(refusals).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "*.comet", "/poll"})
    void init_mappingIsNoPrefix_isRefused(String mapping) throws Exception {
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        ServletRig rig =
                serve(
                        (context, comet) -> {
                            ServletRegistration.Dynamic added =
                                    context.addServlet("push", new Refused(comet, refusal));
                            added.setAsyncSupported(true);
                            added.addMapping(mapping);
                        });
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(RawPeer.head("GET /app/poll" + (mapping.startsWith("*") ? ".comet" : "")));
            assertThat(peer.read().status()).isGreaterThanOrEqualTo(400);
        }
        assertThat(refusal.get())
                .isInstanceOf(ServletException.class)
                .hasMessage("mapping is \"%s\"; use a prefix such as /comet/*", mapping);
    }

    /** Keeps what its initialisation threw from the log. */
    private static final class Refused extends CometServlet {

        private static final long serialVersionUID = 1L;

        private final transient AtomicReference<Throwable> refusal;

        Refused(CometStateManager comet, AtomicReference<Throwable> refusal) {
            super(comet);
            this.refusal = refusal;
        }

        @Override
        public void init(ServletConfig config) throws ServletException {
            try {
                super.init(config);
            } catch (ServletException e) {
                refusal.set(e);
                throw new UnavailableException("as the test expects");
            }
        }
    }

    @Test
    void servlet_mappedToTheWholeContext_isThere() throws Exception {
        ServletRig rig =
                serve(
                        (context, comet) ->
                                new CometServlet(comet, ServletSetUpContract::withCookies)
                                        .addTo(context, "/*"));

        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(RawPeer.head("POST /app/connect", "Content-Length: 0"));
            RawPeer.Response connect = peer.read();
            assertThat(connect.status()).isEqualTo(200);
            assertThat(connect.headers().get("Set-Cookie")).contains("; Path=/app;");
        }
    }

    @Test
    @DisplayName("H4 the cookie is found where HTTP/2 has sent each cookie in a header of its own")
    void poll_eachCookieInAHeader_findsTheToken() throws Exception {
        ServletRig rig = serveWithCookies(context -> {});
        CometClient ada = rig.client("ada");

        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(
                    RawPeer.head(
                            "GET /app/comet/poll?hold=0",
                            "Cookie: theme=dark",
                            "Cookie: comet-token=" + ada.privateToken(),
                            "Cookie: a=b",
                            "Comet-Request: 1"));
            assertThat(peer.read().status()).isEqualTo(200);
        }
    }

    @Test
    @DisplayName("H4 pages of the own origin are known where the container shows no Host of HTTP/2")
    void connect_noHostHeader_ownOriginIsAdmitted() throws Exception {
        ServletRig rig =
                serveWithCookies(
                        context ->
                                WaitingFilter.add(
                                        context,
                                        (request, response, chain) ->
                                                chain.doFilter(
                                                        new WithoutHost(
                                                                (HttpServletRequest) request),
                                                        response)));
        String own = "http://127.0.0.1:" + rig.container.port();

        for (String origin : List.of(own, "http://127.0.0.1", "http://evil.example")) {
            Answer connect =
                    rig.send(
                            rig.post("/connect", "application/json", "{}")
                                    .header("Origin", origin));
            assertThat(connect.status()).as(origin).isEqualTo(origin.equals(own) ? 200 : 403);
        }
    }

    /** What Jetty makes of a request over HTTP/2, unless told otherwise. */
    private static final class WithoutHost extends HttpServletRequestWrapper {

        WithoutHost(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getHeader(String name) {
            return name.equalsIgnoreCase("Host") ? null : super.getHeader(name);
        }
    }

    @Test
    @DisplayName("H13 cookies and Vary of filters before the servlet survive")
    void connect_filtersSetCookiesAndVary_theySurvive() throws Exception {
        ServletRig rig =
                serveWithCookies(
                        context ->
                                WaitingFilter.add(
                                        context,
                                        (request, response, chain) -> {
                                            HttpServletResponse http =
                                                    (HttpServletResponse) response;
                                            http.addCookie(new Cookie("XSRF-TOKEN", "x1"));
                                            http.addHeader("Vary", "Accept-Language");
                                            http.setHeader("Cache-Control", "public");
                                            http.addCookie(new Cookie("session", "s1"));
                                            chain.doFilter(request, response);
                                        }));

        Answer connect = rig.send(rig.post("/connect", "application/json", "{}"));

        assertThat(connect.status()).as(connect.text()).isEqualTo(200);
        assertThat(connect.response().headers().allValues("Set-Cookie"))
                .anyMatch(cookie -> cookie.startsWith("XSRF-TOKEN=x1"))
                .anyMatch(cookie -> cookie.startsWith("session=s1"))
                .anyMatch(cookie -> cookie.startsWith("comet-token="));
        assertThat(connect.response().headers().allValues("Vary"))
                .anyMatch(vary -> vary.contains("Accept-Language"));
        assertThat(connect.response().headers().allValues("Cache-Control"))
                .containsExactly("no-store");
    }

    @Test
    @DisplayName("H13 the cookie is for the path that the page knows, behind a proxy or a forward")
    void connect_askedForUnderAnotherPath_theCookieIsForThatPath() throws Exception {
        ServletRig rig =
                serveWithCookies(
                        context -> {
                            WaitingFilter.add(
                                    context,
                                    (request, response, chain) -> {
                                        HttpServletRequest http = (HttpServletRequest) request;
                                        chain.doFilter(
                                                http.getHeader("X-Forwarded-Prefix") == null
                                                        ? http
                                                        : new WithPrefix(http),
                                                response);
                                    });
                            ServletRegistration.Dynamic old =
                                    context.addServlet("old", new Forwarding());
                            old.addMapping("/old/*");
                            old.setAsyncSupported(true);
                        });

        assertThat(cookieOf(rig, "/app/comet/connect", "x: y")).contains("; Path=/app/comet;");
        assertThat(cookieOf(rig, "/app/old/connect", "x: y")).contains("; Path=/app/old;");
        assertThat(cookieOf(rig, "/app/comet/connect", "X-Forwarded-Prefix: /shop"))
                .contains("; Path=/shop/app/comet;");
        assertThat(cookieOf(rig, "/app/comet;a=b/connect", "x: y")).contains("; Path=/app/comet;");
    }

    private static String cookieOf(ServletRig rig, String target, String header) throws Exception {
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(RawPeer.head("POST " + target, "Content-Length: 0", header));
            RawPeer.Response connect = peer.read();
            assertThat(connect.status()).as(target).isEqualTo(200);
            return connect.headers().get("Set-Cookie");
        }
    }

    /** What a filter makes of a request that believes a proxy. */
    private static final class WithPrefix extends HttpServletRequestWrapper {

        WithPrefix(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getRequestURI() {
            return getHeader("X-Forwarded-Prefix") + super.getRequestURI();
        }

        @Override
        public String getContextPath() {
            return getHeader("X-Forwarded-Prefix") + super.getContextPath();
        }
    }

    private static final class Forwarding extends HttpServlet {

        private static final long serialVersionUID = 1L;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws ServletException, IOException {
            request.getRequestDispatcher("/comet" + request.getPathInfo())
                    .forward(request, response);
        }
    }

    @Test
    @DisplayName("H13 a host that a filter has accepted from a proxy is the own one")
    void connect_filterAcceptsAHost_itsPagesAreTheOwn() throws Exception {
        ServletRig rig =
                serveWithCookies(
                        context ->
                                WaitingFilter.add(
                                        context,
                                        (request, response, chain) ->
                                                chain.doFilter(
                                                        new Public((HttpServletRequest) request),
                                                        response)));

        for (String origin : List.of("https://shop.example", "https://evil.example")) {
            Answer connect =
                    rig.send(
                            rig.post("/connect", "application/json", "{}")
                                    .header("Origin", origin));
            assertThat(connect.status()).as(origin).isEqualTo(origin.contains("shop") ? 200 : 403);
        }
    }

    /** What a filter makes of a request that believes a proxy. */
    private static final class Public extends HttpServletRequestWrapper {

        Public(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getServerName() {
            return "shop.example";
        }

        @Override
        public int getServerPort() {
            return 443;
        }

        @Override
        public String getScheme() {
            return "https";
        }
    }

    private ServletRig serveWithCookies(Consumer<ServletContext> more) throws Exception {
        return serve(
                (context, comet) -> {
                    new CometServlet(comet, ServletSetUpContract::withCookies)
                            .addTo(context, "/comet/*");
                    more.accept(context);
                });
    }

    private static void withCookies(CometApplication app) {
        app.cookieTokens(true).onConnect(request -> CometClient.builder().build());
    }

    @Test
    @DisplayName("W13 a filter that fails after a poll is held ends it, and not the client")
    void poll_filterFailsWhileHeld_isAbandoned() throws Exception {
        ServletRig rig =
                serve(
                        (context, comet) -> {
                            new CometServlet(comet).addTo(context, "/comet/*");
                            WaitingFilter.add(
                                    context,
                                    (request, response, chain) -> {
                                        chain.doFilter(request, response);
                                        throw new ServletException("a filter's fault (expected)");
                                    });
                        });
        CometClient ada = rig.client("ada");

        assertThat(rig.poll(ada, "").status()).isEqualTo(500);

        await().until(() -> rig.comet.statistics().held().abandoned() == 1);
        assertThat(rig.comet.statistics().held().polls()).isZero();
        assertThat(rig.comet.findClientByPrivateToken(ada.privateToken())).isPresent();
    }

    @Test
    @DisplayName(
            "W12 a manager that is closed by a context that ends leaves nothing held or logged")
    void stop_contextClosesTheManager_endsHeldRequestsQuietly() throws Exception {
        ServletRig rig =
                serve(
                        (context, comet) -> {
                            new CometServlet(comet).addTo(context, "/comet/*");
                            context.addListener(
                                    new ServletContextListener() {
                                        @Override
                                        public void contextDestroyed(ServletContextEvent event) {
                                            comet.close();
                                        }
                                    });
                        });
        rigs.remove(rig);
        CompletableFuture<Answer> poll = rig.held(rig.client("ada"));

        try (LogCapture log = new LogCapture("dev.comet.Completion", Level.WARN)) {
            rig.container.stop();

            await().until(() -> rig.comet.statistics().held().polls() == 0);
            assertThat(log.text()).isEmpty();
        }
        // With 503, or with what its container sends or closes before it ends the context.
        assertThat(poll.handle((answer, cut) -> true).get(20, TimeUnit.SECONDS)).isTrue();
    }
}
