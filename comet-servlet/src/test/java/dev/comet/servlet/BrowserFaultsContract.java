package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.TimeoutError;
import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.http.ConnectRequest;
import dev.comet.js.Chromium;
import dev.comet.servlet.ChaosProxy.Fault;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.NginxProxy;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pages in a real browser, before a real server, with a bad network between them: what each page
 * saw is a history without a fault. The same in every container.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
abstract class BrowserFaultsContract {

    // Ids go to pages as doubles: Playwright takes no longs, and they are below 2^53.
    private static final String BASE = "/app/comet";

    /** Begins to receive, and writes down what comes: ids, and gaps as pairs. */
    private static final String BEGIN =
            """
            async ([session, transport]) => {
              const { Comet } = await import("/app/comet/comet.js");
              const asked = (url) => Number(new URL(url, location).searchParams.get("hold") ?? NaN);
              const platform = {
                fetch: (url, init) => {
                  holds.push(asked(url));
                  if (/lastMessageId=/.test(url)) window.receiving = url;
                  return fetch(url, init);
                },
              };
              Object.assign(window, { seen: [], failures: [], transports: [], holds: [] });
              window.comet = Comet.adopt("/app/comet", session, { transport, platform });
              comet.on("*", ({ id }) => seen.push(id));
              comet.on("comet.gap", ({ contents: { from, to } }) => seen.push([from, to]));
              comet.on("comet.failure", ({ contents: { error } }) => failures.push(error.code));
              comet.on("comet.transport", ({ contents: { to } }) => transports.push(to));
            }
            """;

    private Chromium chromium;
    private ServletRig rig;

    abstract Container container() throws Exception;

    @BeforeAll
    void start() throws Exception {
        chromium = Chromium.launch("pages behind a bad network");
        rig =
                new ServletRig(
                        container(),
                        options -> options.heartbeat(Duration.ofSeconds(1)),
                        (comet, app) ->
                                app.cookieTokens(true)
                                        .onConnect(BrowserFaultsContract::described)
                                        .onRequest("who", (client, m) -> client.displayName()),
                        context -> {
                            ServletRegistration.Dynamic page =
                                    context.addServlet("page", new EmptyPage());
                            page.addMapping("/page");
                        });
    }

    /** Held for longer than a page waits in a test. */
    private static CometClient described(ConnectRequest request) {
        return CometClient.builder()
                .displayName(request.text("displayName", "?"))
                .connectionTimeoutSeconds(60)
                .build();
    }

    @AfterAll
    void stop() throws Exception {
        if (chromium != null) {
            chromium.close();
        }
        if (rig != null) {
            rig.stop();
        }
    }

    private static final class EmptyPage extends HttpServlet {

        private static final long serialVersionUID = 1L;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            response.setContentType("text/html");
            response.getWriter().print("<!doctype html><title>page</title>");
        }
    }

    /** Waits by a timer: frames may be few in a window that nobody sees. */
    private static void awaitIn(Page page, String condition, @Nullable Object argument) {
        page.waitForFunction(
                condition, argument, new Page.WaitForFunctionOptions().setPollingInterval(20));
    }

    /** A page of a client of its own, behind something of its own. */
    private final class Visitor {

        final CometClient client;
        final Page page;
        final HistoryChecker history = new HistoryChecker();
        long last;

        Visitor(String name, int port, String transport) {
            client = rig.client(name, 25, 60);
            page = chromium.open("http://127.0.0.1:" + port + "/app/page");
            long born = rig.comet.confirmedMessageId(client);
            history.born(name, born);
            page.evaluate(BEGIN, List.of(session(born), transport));
            await("() => comet.state === 'connected'", null);
        }

        private Map<String, Object> session(long born) {
            return Map.of(
                    "publicToken", client.publicToken(),
                    "privateToken", client.privateToken(),
                    "connectionTimeoutSeconds", client.connectionTimeoutSeconds(),
                    "lastMessageId", (double) born);
        }

        void send(int number) {
            last = rig.comet.sendMessage(client.publicToken(), "n", number);
            history.accepted(last, Audience.one(client.publicToken()));
        }

        void await(String condition, @Nullable Object argument) {
            try {
                awaitIn(page, condition, argument);
            } catch (TimeoutError e) {
                String state =
                        "[comet.state, comet.transport, failures, transports, holds.length, seen.length]";
                throw new AssertionError(condition + ": " + page.evaluate(state), e);
            }
        }

        String transport() {
            return (String) page.evaluate("comet.transport");
        }

        /** All that was sent is there or was announced; nothing else came. */
        void check() {
            await("last => comet.lastMessageId >= last", (double) last);
            for (Object entry : (List<?>) page.evaluate("seen")) {
                if (entry instanceof List<?> gap) {
                    history.gap(client.publicToken(), id(gap.get(0)), id(gap.get(1)));
                } else {
                    history.received(client.publicToken(), id(entry));
                }
            }
            assertThat(history.check().faults())
                    .as("%s; failures %s", client, page.evaluate("failures"))
                    .isEmpty();
            assertThat((List<?>) page.evaluate("seen.filter(Array.isArray)")).as("gaps").isEmpty();
            page.context().close();
        }

        private long id(Object number) {
            return ((Number) number).longValue();
        }
    }

    private static void pause(long millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Test
    @DisplayName("L2 L6 with every fault on the way each message comes once and in order")
    void page_everyFault_losesNothing() throws Exception {
        Map<Fault, ChaosProxy> proxies = new EnumMap<>(Fault.class);
        Map<Fault, Visitor> visitors = new EnumMap<>(Fault.class);
        try {
            for (Fault fault : Fault.values()) {
                ChaosProxy proxy = new ChaosProxy(rig.container.port(), fault.name().hashCode());
                proxies.put(fault, proxy);
                visitors.put(fault, new Visitor(fault.name(), proxy.port(), "auto"));
            }
            proxies.forEach((fault, proxy) -> proxy.misbehave(fault));
            for (int number = 0; number < 150; number++) {
                for (Visitor visitor : visitors.values()) {
                    visitor.send(number);
                }
                pause(40);
            }
            visitors.get(Fault.BUFFERS).await("() => comet.transport === 'poll'", null);
            for (Fault fault : List.of(Fault.NONE, Fault.DELAYS)) {
                assertThat(visitors.get(fault).transport())
                        .as("with %s", fault)
                        .isEqualTo("stream");
            }
            for (Fault fault : List.of(Fault.CUTS, Fault.RESETS, Fault.BAD_GATEWAY)) {
                assertThat((List<?>) visitors.get(fault).page.evaluate("failures"))
                        .as("failures with %s", fault)
                        .isNotEmpty();
            }
            proxies.values().forEach(proxy -> proxy.misbehave(Fault.NONE));
            visitors.values().forEach(Visitor::check);
        } finally {
            for (ChaosProxy proxy : proxies.values()) {
                proxy.close();
            }
        }
    }

    @Test
    @DisplayName("L7 polls that are cut after 4.5 s: it asks for shorter holds, and probes upwards")
    void page_pollsAreCut_learnsToAskForShorterHolds() throws Exception {
        try (ChaosProxy proxy = new ChaosProxy(rig.container.port(), 7)) {
            Visitor visitor = new Visitor("patient", proxy.port(), "poll");
            proxy.misbehave(Fault.CUTS_LATE);
            visitor.page.evaluate("failures.length = 0");
            // Cut at 4.5 s: 3 s lives, 5 s is cut, 3 s again; on a slow machine perhaps others. A
            // browser that repeats what was cut makes 9 s of each: more than the usual wait.
            visitor.page.setDefaultTimeout(90_000);
            visitor.await(
                    """
                    () => {
                      const shorter = holds.filter((hold) => hold > 0 && hold < 25);
                      const probe = shorter.findIndex((hold, i) => hold > shorter[i - 1]);
                      return probe > 0 && shorter.slice(probe).some((hold) => hold < shorter[probe]);
                    }
                    """,
                    null);
            assertThat((List<?>) visitor.page.evaluate("failures")).hasSizeLessThan(5);
            visitor.send(1);
            visitor.check();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"poll", "stream"})
    @DisplayName("L3 its own request, repeated on the way and arriving late, does not stop it")
    void page_itsRequestIsRepeated_goesOn(String transport) throws Exception {
        Visitor visitor = new Visitor("repeated-" + transport, rig.container.port(), transport);
        visitor.await("way => receiving.includes(way)", transport);
        visitor.await("() => !receiving.includes('hold=0')", null);
        URI again =
                URI.create(
                        "http://127.0.0.1:"
                                + rig.container.port()
                                + visitor.page.evaluate("receiving"));
        HttpRequest ghost =
                HttpRequest.newBuilder(again)
                        .header("Authorization", "Bearer " + visitor.client.privateToken())
                        .build();
        var gone = HttpClient.newHttpClient().sendAsync(ghost, BodyHandlers.ofString());
        visitor.await("() => failures.includes('overtaken')", null);
        visitor.await("() => comet.state === 'connected'", null);
        visitor.send(1);
        visitor.check();
        assertThat(gone.get(30, TimeUnit.SECONDS).body()).contains("comet.superseded");
    }

    @Test
    @DisplayName("L6 changing transport again and again under messages: each comes once, in order")
    void page_changesTransport_losesNothing() {
        Visitor visitor = new Visitor("switcher", rig.container.port(), "stream");
        int number = 0;
        for (int change = 0; change < 30; change++) {
            String way = change % 2 == 0 ? "poll" : "stream";
            for (int i = 0; i < 5; i++) {
                visitor.send(number++);
            }
            visitor.page.evaluate("way => comet.use(way)", way);
            for (int i = 0; i < 5; i++) {
                visitor.send(number++);
            }
            visitor.await("way => comet.transport === way", way);
        }
        // An own request that was given up may arrive after the newer one.
        assertThat((List<?>) visitor.page.evaluate("failures.filter(code => code !== 'overtaken')"))
                .isEmpty();
        visitor.check();
    }

    @Test
    @DisplayName("L8 a page in the back/forward cache, or reloaded, goes on where it was")
    void page_goesAndComesBack_goesOn() {
        Visitor visitor = new Visitor("traveller", rig.container.port(), "auto");
        visitor.send(1);
        visitor.await("last => comet.lastMessageId >= last", (double) visitor.last);
        visitor.page.evaluate(
                "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
        visitor.send(2);
        assertThat(visitor.page.evaluate("seen.length")).isEqualTo(1);
        visitor.page.evaluate(
                "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
        visitor.check();
    }

    @Test
    @DisplayName(
            "M2 M7 the browser's own EventSource reads the stream, and comes back by its cursor")
    void eventSource_cutOff_goesOnByItself() throws Exception {
        try (ChaosProxy proxy = new ChaosProxy(rig.container.port(), 7)) {
            Visitor visitor = new Visitor("native", proxy.port(), "auto");
            // With the cookie, as connect would have set it.
            visitor.page
                    .context()
                    .addCookies(
                            List.of(
                                    new com.microsoft.playwright.options.Cookie(
                                                    "comet-token", visitor.client.privateToken())
                                            .setDomain("127.0.0.1")
                                            .setPath(BASE)));
            visitor.page.evaluate(
                    """
                    () => {
                      comet.unsubscribe();
                      window.source = new EventSource("/app/comet/stream");
                      source.onmessage = ({ data }) => {
                        const { id, contents } = JSON.parse(data);
                        if (id > (seen.at(-1) ?? 0)) seen.push(id);
                      };
                    }
                    """);
            visitor.await("() => source.readyState === 1", null);
            for (int number = 0; number < 50; number++) {
                visitor.send(number);
                if (number == 20) {
                    visitor.await("() => seen.length > 10", null);
                    proxy.misbehave(Fault.NONE);
                }
            }
            visitor.await("last => seen.at(-1) === last", (double) visitor.last);
            assertThat(visitor.page.evaluate("seen.length")).isEqualTo(50);
            visitor.page.context().close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "proxy_buffering off;", "proxy_ignore_headers X-Accel-Buffering;"})
    @DisplayName("L6 behind nginx: the stream gets through, or polls do; nothing is lost")
    void page_behindNginx_losesNothing(String setting) throws Exception {
        try (NginxProxy nginx = NginxProxy.start(rig.container.port(), setting)) {
            Visitor visitor = new Visitor("nginx-" + setting.length(), nginx.port(), "auto");
            for (int number = 0; number < 100; number++) {
                visitor.send(number);
                pause(5);
            }
            visitor.await("last => comet.lastMessageId >= last", (double) visitor.last);
            assertThat(visitor.transport())
                    .isEqualTo(setting.contains("ignore") ? "poll" : "stream");
            visitor.check();
        }
    }

    /** What the browser's tabs do is tried with real tabs. */
    @Test
    @DisplayName("L8 tabs of one browser share one connection, and another takes over")
    void tabs_share_oneConnection() {
        Page first = chromium.open(pageAddress());
        List<Page> tabs =
                Stream.of(first, first.context().newPage(), first.context().newPage()).toList();
        tabs.get(1).navigate(pageAddress());
        tabs.get(2).navigate(pageAddress());
        CometClient client = rig.client("tabs", 25, 60);
        long born = rig.comet.confirmedMessageId(client);
        for (Page tab : tabs) {
            tab.evaluate(
                    """
                    async (session) => {
                      const { Comet } = await import("/app/comet/comet.js");
                      // In the place of connect, which here nobody answers: always the same session.
                      const answer = () => Promise.resolve(new Response(JSON.stringify(session), { headers: { "Content-Type": "application/json" } }));
                      const real = (url, init) => (url.endsWith("/connect") ? (connects++, answer()) : fetch(url, init));
                      Object.assign(window, { seen: [], connects: 0 });
                      window.comet = await Comet.connect("/app/comet", {}, { share: "tabs", platform: { fetch: real } });
                      comet.on("*", ({ id }) => seen.push(id));
                    }
                    """,
                    Map.of(
                            "publicToken",
                            "tabs",
                            "privateToken",
                            client.privateToken(),
                            "connectionTimeoutSeconds",
                            25,
                            "lastMessageId",
                            (double) born));
        }
        awaitIn(tabs.get(0), "() => comet.state === 'connected'", null);
        List<Long> sent = new ArrayList<>();
        sent.add(rig.comet.sendMessage("tabs", "n", 1));
        for (Page tab : tabs) {
            awaitIn(tab, "() => seen.length === 1", null);
        }
        assertThat(tabs.stream().map(tab -> tab.evaluate("connects"))).containsExactly(1, 0, 0);

        tabs.get(0).close();
        for (int i = 0; i < 20; i++) {
            sent.add(rig.comet.sendMessage("tabs", "n", i));
        }
        for (Page tab : tabs.subList(1, 3)) {
            awaitIn(tab, "() => seen.length === 21", null);
            assertThat(
                            ((List<?>) tab.evaluate("seen"))
                                    .stream().map(id -> ((Number) id).longValue()))
                    .isEqualTo(sent);
        }
        first.context().close();
    }

    /** Two pages with different details and one cookie. */
    @ParameterizedTest
    @ValueSource(strings = {"poll", "stream", "ack"})
    @DisplayName("H17 a page whose cookie was replaced notices at once, and leaves the other alone")
    void page_cookieWasReplaced_isLostAtOnce(String noticedBy) {
        String transport = noticedBy.equals("poll") ? "poll" : "stream";
        Page ada = chromium.open(pageAddress());
        Page bob = ada.context().newPage();
        bob.navigate(pageAddress());
        connect(ada, "Ada", transport);
        connect(bob, "Bob", transport);

        if (noticedBy.equals("ack")) {
            rig.comet.sendMessage((String) ada.evaluate("comet.publicToken"), "n", 1);
        } else {
            assertThat(ada.evaluate("comet.send('who', 1).catch(({ code }) => code)"))
                    .isEqualTo("client-replaced");
        }
        awaitIn(ada, "() => comet.state === 'lost'", null);
        assertThat(ada.evaluate("lost[0].current === null")).isEqualTo(true);
        assertThat(ada.evaluate("connects")).isEqualTo(1);
        assertThat(bob.evaluate("comet.send('who', 1)")).isEqualTo("Bob");

        ada.evaluate("comet.subscribe()"); // as its user would say
        awaitIn(ada, "() => comet.state === 'connected'", null);
        assertThat(ada.evaluate("comet.send('who', 1)")).isEqualTo("Ada");
        bob.evaluate("comet.send('who', 1).catch(() => {})");
        awaitIn(bob, "() => comet.state === 'lost'", null);
        assertThat(bob.evaluate("connects")).isEqualTo(1);
        ada.context().close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"poll", "stream"})
    @DisplayName("H17 a page whose cookie is gone gets another at once")
    void page_cookieIsGone_connectsAgainAtOnce(String transport) {
        Page page = chromium.open(pageAddress());
        connect(page, "Ada", transport);
        page.context().clearCookies();
        assertThat(page.evaluate("comet.send('who', 1).catch(({ code }) => code)"))
                .isEqualTo("token-missing");
        awaitIn(page, "() => lost.length === 1 && comet.state === 'connected'", null);
        assertThat(page.evaluate("comet.send('who', 1)")).isEqualTo("Ada");
        page.context().close();
    }

    private static void connect(Page page, String name, String transport) {
        page.setDefaultTimeout(15_000); // less than a hold
        page.evaluate(
                """
                async ([displayName, transport]) => {
                  const { Comet } = await import("/app/comet/comet.js");
                  Object.assign(window, { lost: [], connects: 0 });
                  const counted = (url, init) => (url.endsWith("/connect") && connects++, fetch(url, init));
                  window.comet = await Comet.connect("/app/comet", { displayName }, { transport, platform: { fetch: counted } });
                  const answered = new Promise((resolve) => comet.on("comet.success", resolve));
                  comet.on("comet.sessionlost", ({ contents }) => lost.push(contents));
                  if (transport === "stream") await answered; // the poll is held
                }
                """,
                List.of(name, transport));
    }

    private String pageAddress() {
        return "http://127.0.0.1:" + rig.container.port() + "/app/page";
    }
}
