package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometStateManager;
import dev.comet.http.BodyLimits;
import dev.comet.http.CometApplication;
import dev.comet.http.CometExchange;
import dev.comet.http.CometResponse;
import dev.comet.servlet.FailingResponse.Place;
import dev.comet.testkit.ManualClock;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every byte of an answer belongs to its own request, however the request ends and however late its
 * own thread is; the same in every container.
 */
@Timeout(240)
abstract class OwnAnswerContract {

    private static final int PAIRS = 10_000;
    private static final int PEERS = 4;

    abstract Container container() throws Exception;

    private ServletRig start(UnaryOperator<CometStateManager.Builder> options) throws Exception {
        return new ServletRig(
                container(),
                builder ->
                        options.apply(builder)
                                .eventExecutor(Runnable::run)
                                .eventHandler(new WaitsWhileSubscribing()),
                OwnAnswerContract::setUp,
                WaitingFilter::addTo);
    }

    /** Between the moment when others know of a request and the moment when it first looks. */
    private static final class WaitsWhileSubscribing implements CometClientEventHandler {

        @Override
        public void clientSubscribed(CometClient client) {
            WaitingFilter.pause(100_000);
        }
    }

    private static void setUp(CometStateManager comet, CometApplication app) {
        app.sendsPerClient(1_000_000, 1_000_000)
                .sendsPerAddress(1_000_000, 1_000_000)
                .unknownTokensPerAddress(1_000_000, 1_000_000)
                .onRequest(
                        "echo",
                        (client, message) ->
                                message.contents(String.class) + " for " + client.publicToken());
    }

    @Test
    @DisplayName("W15 two requests of one client at once, and every end of them")
    void answers_pairsOfRequestsEndAtOnce_areTheirOwn() throws Exception {
        ManualClock clock = new ManualClock();
        ServletRig rig =
                start(
                        options ->
                                options.clock(clock)
                                        .heartbeat(Duration.ofHours(1))
                                        .stallTimeout(Duration.ofHours(1)));
        try {
            List<PairingPeer> peers = new ArrayList<>();
            for (int i = 0; i < PEERS; i++) {
                peers.add(new PairingPeer(rig, clock, "peer-" + i, PAIRS / PEERS, i));
            }
            ServletRig.runAll(peers, 200);

            Map<String, Integer> ends = new TreeMap<>();
            peers.forEach(peer -> peer.ends().forEach((k, n) -> ends.merge(k, n, Integer::sum)));
            assertThat(ends)
                    .containsKeys(
                            "stream comet.superseded",
                            "stream comet.closed",
                            "stream comet.error",
                            "poll comet.superseded",
                            "poll comet.closed",
                            "poll comet.error",
                            "poll own");
        } finally {
            rig.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W15 requests that meet the end of the server")
    void answers_requestsMeetDrainOrClose_areTheirOwn(boolean drain) throws Exception {
        for (int round = 0; round < 5; round++) {
            ServletRig rig = start(options -> options);
            try {
                CountDownLatch sent = new CountDownLatch(8);
                List<Callable<Void>> peers = new ArrayList<>();
                IntStream.range(0, 8).forEach(i -> peers.add(() -> meetsTheEnd(rig, i, sent)));
                peers.add(
                        () -> {
                            sent.await();
                            if (drain) {
                                rig.comet.drain(Duration.ZERO);
                            } else {
                                rig.comet.close();
                            }
                            return null;
                        });
                ServletRig.runAll(peers, 30);
            } finally {
                rig.stop();
            }
        }
    }

    private static Void meetsTheEnd(ServletRig rig, int number, CountDownLatch sent)
            throws Exception {
        CometClient client = rig.client("client-" + number);
        boolean stream = number % 4 != 0;
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(PairingPeer.asking(client, stream));
            sent.countDown();
            if (stream) {
                OwnAnswer.ofStream(client, peer.read());
            } else {
                OwnAnswer.ofPoll(client, peer.read());
            }
        }
        return null;
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    @DisplayName("W16 an answer that cannot be written ends its held request all the same")
    void answer_memoryRunsOut_nobodyWaits(Place place) throws Exception {
        AtomicReference<Place> failing = new AtomicReference<>();
        ServletRig rig =
                new ServletRig(
                        container(),
                        options -> options,
                        OwnAnswerContract::setUp,
                        context -> failAt(context, failing));
        try (RawPeer poll = new RawPeer(rig.container.port());
                RawPeer stream = new RawPeer(rig.container.port())) {
            CometClient ada = rig.client("ada");
            poll.send(PairingPeer.asking(ada, false));
            await().until(() -> rig.comet.statistics().held().polls() == 1);
            failing.set(place);
            rig.comet.sendMessage("ada", "own", "ada");
            isAnError(poll);
            assertThat(failing.get()).as("it failed").isNull();

            CometClient bob = rig.client("bob");
            failing.set(place == Place.LENGTH ? Place.WRITE : place); // a stream has no length
            stream.send(PairingPeer.asking(bob, true));
            isAnError(stream);
            assertThat(failing.get()).as("it failed").isNull();
            await().until(() -> rig.comet.statistics().held().streams() == 0);
        } finally {
            rig.stop();
        }
    }

    private static void failAt(ServletContext context, AtomicReference<Place> place) {
        WaitingFilter.add(
                context,
                (request, response, chain) -> {
                    HttpServletResponse failing =
                            new FailingResponse((HttpServletResponse) response, place);
                    chain.doFilter(
                            new ContainersOwn((HttpServletRequest) request, failing), failing);
                });
    }

    /** Has a response for the container's own, as which it goes on when the filter returns. */
    static final class ContainersOwn extends HttpServletRequestWrapper {

        private final HttpServletResponse own;

        ContainersOwn(HttpServletRequest request, HttpServletResponse own) {
            super(request);
            this.own = own;
        }

        @Override
        public AsyncContext startAsync() {
            AsyncContext context = super.startAsync();
            HttpServletResponse noWrapper = passingOn(HttpServletResponse.class, own, Map.of());
            return passingOn(AsyncContext.class, context, Map.of("getResponse", noWrapper));
        }

        private static <T> T passingOn(Class<T> type, T to, Map<String, ?> results) {
            return type.cast(
                    Proxy.newProxyInstance(
                            type.getClassLoader(),
                            new Class<?>[] {type},
                            (proxy, method, arguments) -> {
                                Object result = results.get(method.getName());
                                try {
                                    return result == null ? method.invoke(to, arguments) : result;
                                } catch (InvocationTargetException e) {
                                    throw e.getCause();
                                }
                            }));
        }
    }

    /** Status 500, or nothing whole: never an answer that could be taken for one. */
    private static void isAnError(RawPeer peer) throws IOException {
        try {
            RawPeer.Response answer = peer.read();
            assertThat(answer.status()).as("%s", answer).isEqualTo(500);
        } catch (EOFException | SocketException cut) {
            // That is an end, too.
        }
    }

    @Test
    @DisplayName("W15 an exchange that is used too late, or twice, throws and touches nothing")
    void exchange_usedAgainstTheRule_throwsAndTouchesNothing() throws Exception {
        CometResponse own = response("own");
        CometResponse foreign = response("foreign");
        List<Consumer<CometExchange>> later =
                List.of(
                        exchange -> exchange.respond(foreign),
                        exchange -> exchange.stream(foreign, () -> {}),
                        exchange -> exchange.hold(() -> {}),
                        exchange -> readBody(exchange));
        List<ServletExchange> kept = new CopyOnWriteArrayList<>();
        List<Throwable> unexpected = new CopyOnWriteArrayList<>();
        Container container = container();
        HttpServlet servlet =
                new HttpServlet() {
                    @Override
                    protected void service(
                            HttpServletRequest request, HttpServletResponse response) {
                        ServletExchange exchange =
                                new ServletExchange(request, response, new AsyncRequests());
                        try {
                            kept.forEach(old -> later.forEach(call -> refuses(old, call)));
                            CompletableFuture.runAsync(
                                            () -> later.forEach(call -> refuses(exchange, call)))
                                    .join();
                            refuses(exchange, open -> open.stream(foreign, () -> {}));
                            exchange.respond(own);
                            later.forEach(call -> refuses(exchange, call));
                        } catch (Throwable e) {
                            unexpected.add(e);
                        }
                        kept.add(exchange);
                        exchange.handled();
                        refuses(exchange, CometExchange::method);
                    }
                };
        container.start(
                (classes, context) -> {
                    ServletRegistration.Dynamic added = context.addServlet("rule", servlet);
                    added.setAsyncSupported(true);
                    added.addMapping("/comet/*");
                });
        try (RawPeer peer = new RawPeer(container.port())) {
            for (int i = 0; i < 3; i++) {
                peer.send(RawPeer.head("GET /app/comet/x"));
                RawPeer.Response answer = peer.read();
                assertThat(unexpected).isEmpty();
                assertThat(answer.text()).isEqualTo("own");
                assertThat(answer.headers()).containsEntry("X-Whose", "own");
            }
        } finally {
            container.stop();
        }
    }

    private static CometResponse response(String whose) {
        return new CometResponse(
                200, List.of(new CometResponse.Header("X-Whose", whose)), whose.getBytes(UTF_8));
    }

    private static void readBody(CometExchange exchange) {
        exchange.readBody(
                new BodyLimits(1, Duration.ofSeconds(1), 0),
                new CometExchange.BodyReceiver() {
                    @Override
                    public void received(byte[] body) {}

                    @Override
                    public void tooSlow() {}

                    @Override
                    public void broken() {}
                });
    }

    private static void refuses(ServletExchange exchange, Consumer<CometExchange> call) {
        assertThatThrownBy(() -> call.accept(exchange)).isInstanceOf(IllegalStateException.class);
    }
}
