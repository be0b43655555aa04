package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.http.CometResponse;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.FailingResponse.Place;
import dev.comet.servlet.ServletRig.Answer;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that do not read their answers; the same in every container. */
@Timeout(60)
abstract class UnreadAnswersContract {

    /** More than the buffers of a loopback connection take. */
    private static final int LONG = 12 << 20;

    private static final int BUDGET = 2 * LONG - 1;
    private static final Duration LONG_TIME = Duration.ofMinutes(1);

    private final List<RawPeer> peers = new ArrayList<>();
    private ServletRig rig;

    abstract Container container() throws Exception;

    /** How the peers that do not read end. */
    enum End {
        READS,
        RESETS,
        IS_CUT_OFF, // by the container
        IS_DROPPED
    }

    @AfterEach
    void close() throws Exception {
        for (RawPeer peer : peers) {
            peer.close();
        }
        if (rig != null) {
            rig.stop();
        }
    }

    private void start(Duration stallTimeout) throws Exception {
        Container container = container();
        container.stallTimeout(stallTimeout);
        CometLimits limits =
                CometLimits.builder().maxMessageBytes(16 << 20).maxBytesPerAnswer(16 << 20).build();
        CometStateManager comet =
                CometStateManager.builder(new InProcCometStateProvider()).limits(limits).build();
        rig = new ServletRig(container, comet);
        rig.servlet =
                new CometServlet(
                        comet,
                        app -> app.unreadAnswerBytes(BUDGET),
                        new AsyncRequests(stallTimeout.plusSeconds(1)));
        container.start((classes, context) -> rig.servlet.addTo(context, "/comet/*"));
    }

    private long unread() {
        return rig.servlet.statistics().unreadAnswerBytes();
    }

    private CometClient toldLong(String name) {
        CometClient client = rig.client(name);
        rig.comet.sendMessage(name, "long", "x".repeat(LONG));
        return client;
    }

    private RawPeer doesNotRead(String request) throws IOException {
        RawPeer peer = new RawPeer(rig.container.port(), 4_096);
        peers.add(peer);
        return peer.send(request);
    }

    @ParameterizedTest
    @EnumSource(value = End.class, names = "IS_DROPPED", mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("H20 answers that peers do not read stay within a budget, and others go on")
    void poll_peersDoNotRead_staysWithinTheBudget(End end) throws Exception {
        start(end == End.READS || end == End.RESETS ? LONG_TIME : Duration.ofSeconds(2));
        for (int i = 0; i < 2; i++) { // the budget, and one answer more
            doesNotRead(ServletRig.rawPoll(toldLong("stalled-" + i), 0));
            int stalled = i + 1;
            await().until(() -> unread() > (long) stalled * LONG);
        }
        CometClient ada = toldLong("ada");
        Answer refused = rig.poll(ada, "?lastMessageId=0");
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.code()).isEqualTo("answers-unread");
        assertThat(refused.header("Retry-After")).isEqualTo("1");
        CometClient bob = rig.client("bob");
        CompletableFuture<Answer> held = rig.held(bob);
        rig.comet.sendMessage("bob", "short", 1);
        assertThat(held.get().contents().intValue()).isEqualTo(1);

        for (RawPeer peer : peers) {
            switch (end) {
                case READS -> assertThat(peer.read().text().length()).isGreaterThan(LONG);
                case RESETS -> peer.reset();
                case IS_CUT_OFF, IS_DROPPED -> {
                    // In time.
                }
            }
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> unread() == 0);
        assertThat(rig.poll(ada, "?lastMessageId=0").contents().asString()).hasSize(LONG);
        await().until(() -> unread() == 0);
        await().atMost(Duration.ofSeconds(20)).until(() -> rig.servlet.requests.open() == 0);
    }

    @Test
    @DisplayName("H20 a client whose connection takes nothing is answered over another one")
    void poll_oneAnswerIsStuck_theClientGetsItByAnother() throws Exception {
        start(LONG_TIME);
        CometClient ada = toldLong("ada");
        doesNotRead(ServletRig.rawPoll(ada, 0));
        await().until(() -> unread() > LONG);

        assertThat(rig.poll(ada, "?lastMessageId=0").contents().asString()).hasSize(LONG);
    }

    @Test
    @DisplayName("W18 no stop waits for a stream whose peer does not take its end")
    void stream_endedWhileItsPeerStalls_isAwaitedNoLonger() throws Exception {
        start(Duration.ofSeconds(2));
        CometClient ada = rig.client("ada");
        doesNotRead(
                RawPeer.head(
                        "GET /app/comet/stream", "Authorization: Bearer " + ada.privateToken()));
        await().until(() -> rig.comet.statistics().held().streams() == 1);
        rig.comet.sendMessage("ada", "long", "x".repeat(LONG));
        await().until(() -> rig.comet.statistics().messages().delivered() == 1);

        rig.comet.disconnect(ada);

        await().atMost(Duration.ofSeconds(20)).until(() -> rig.servlet.requests.open() == 0);
    }

    // ---- the exchange

    @ParameterizedTest
    @CsvSource({
        "short, READS",
        "long, READS",
        "long, RESETS",
        "long, IS_CUT_OFF",
        "held, READS",
        "held-long, READS",
        "held-long, RESETS",
        "held-long, IS_CUT_OFF",
        "failing, READS",
        "held-long, IS_DROPPED"
    })
    @DisplayName("H20 W18 that an answer is over is told once, and no stop waits for it any more")
    void answer_over_isToldOnce(String kind, End end) throws Exception {
        Container container = container();
        container.stallTimeout(end == End.IS_CUT_OFF ? Duration.ofSeconds(1) : LONG_TIME);
        AtomicInteger told = new AtomicInteger();
        CountDownLatch answered = new CountDownLatch(1);
        Answering answering =
                new Answering(
                        kind,
                        told,
                        answered,
                        end == End.IS_CUT_OFF || end == End.IS_DROPPED
                                ? Duration.ofSeconds(2)
                                : LONG_TIME);
        container.start(
                (classes, context) -> {
                    ServletRegistration.Dynamic added = context.addServlet("over", answering);
                    added.setAsyncSupported(true);
                    added.addMapping("/comet/*");
                });
        try (RawPeer peer = new RawPeer(container.port(), 4_096)) {
            peer.send(RawPeer.head("GET /app/comet/x"));
            answered.await();
            if (end == End.RESETS) {
                peer.reset();
            } else if (end == End.READS && !kind.equals("failing")) {
                int length = kind.endsWith("long") ? LONG : 1_000;
                assertThat(peer.read().text()).hasSize(length);
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> told.get() > 0);
            await().atMost(Duration.ofSeconds(5)).until(() -> answering.requests.open() == 0);
            if (end == End.IS_DROPPED) { // whoever reads after all gets no half answer as a whole
                assertThatThrownBy(peer::read).isInstanceOf(IOException.class);
            }
        } finally {
            container.stop();
        }
        assertThat(told).hasValue(1);
        assertThat(answering.requests.open()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"long", "held-long"})
    @DisplayName("H20 a connection that stays open does not keep an answer that has been read")
    void answer_readOnAConnectionThatStays_isFreed(String kind) throws Exception {
        Container container = container();
        CountDownLatch answered = new CountDownLatch(1);
        Answering answering = new Answering(kind, new AtomicInteger(), answered, LONG_TIME);
        container.start(
                (classes, context) -> {
                    ServletRegistration.Dynamic added = context.addServlet("over", answering);
                    added.setAsyncSupported(true);
                    added.addMapping("/comet/*");
                });
        try (RawPeer peer = new RawPeer(container.port())) {
            assertThat(peer.send(RawPeer.head("GET /app/comet/x")).read().text()).hasSize(LONG);
            await().atMost(Duration.ofSeconds(20))
                    .until(
                            () -> {
                                System.gc();
                                return answering.body.refersTo(null);
                            });
            assertThat(peer.isCut()).isFalse();
        } finally {
            container.stop();
        }
    }

    @Test
    @DisplayName("H20 a stream does not keep its first piece once that has been read")
    void stream_firstPieceIsRead_isFreed() throws Exception {
        Container container = container();
        Answering answering =
                new Answering("stream-long", new AtomicInteger(), new CountDownLatch(1), LONG_TIME);
        container.start(
                (classes, context) -> {
                    ServletRegistration.Dynamic added = context.addServlet("over", answering);
                    added.setAsyncSupported(true);
                    added.addMapping("/comet/*");
                });
        try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), container.port())) {
            peer.getOutputStream()
                    .write(RawPeer.head("GET /app/comet/x").getBytes(StandardCharsets.US_ASCII));
            peer.getInputStream().skipNBytes(LONG);
            await().atMost(Duration.ofSeconds(10))
                    .until(
                            () -> {
                                System.gc();
                                return answering.body.refersTo(null);
                            });
        } finally {
            container.stop();
        }
    }

    private static final class Answering extends HttpServlet {

        private static final long serialVersionUID = 1L;

        private final String kind;
        private final transient AtomicInteger told;
        private final transient CountDownLatch answered;
        private final transient AsyncRequests requests;
        private transient volatile WeakReference<byte[]> body = new WeakReference<>(null);

        Answering(String kind, AtomicInteger told, CountDownLatch answered, Duration stallTimeout) {
            this.requests = new AsyncRequests(stallTimeout);
            this.kind = kind;
            this.told = told;
            this.answered = answered;
        }

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) {
            HttpServletResponse given = response;
            HttpServletRequest asked = request;
            if (kind.equals("failing")) {
                given = new FailingResponse(response, new AtomicReference<>(Place.WRITE));
                asked = new OwnAnswerContract.ContainersOwn(request, given);
            }
            ServletExchange exchange = new ServletExchange(asked, given, requests);
            int length = kind.endsWith("long") ? LONG : 1_000;
            byte[] bytes = new byte[length];
            body = new WeakReference<>(bytes);
            CometResponse answer = new CometResponse(200, List.of(), bytes);
            if (kind.equals("stream-long")) {
                exchange.hold(() -> {});
                exchange.stream(new CometResponse(200, List.of(), new byte[0]), () -> {})
                        .write(bytes);
            } else if (kind.equals("short") || kind.equals("long")) {
                exchange.respond(answer, told::incrementAndGet);
                answered.countDown();
            } else {
                exchange.hold(() -> {});
                new Thread(
                                () -> {
                                    exchange.respond(answer, told::incrementAndGet);
                                    answered.countDown();
                                })
                        .start();
            }
            exchange.handled();
        }
    }
}
