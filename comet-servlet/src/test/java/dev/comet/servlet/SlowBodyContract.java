package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.http.CometApplication;
import dev.comet.http.CometHttpHandler;
import dev.comet.servlet.ServletRig.Answer;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that send their bodies slowly, partly or not at all; the same in every container. */
@Timeout(60)
abstract class SlowBodyContract {

    /** Far more than the container has threads. */
    private static final int PEERS = 4 * Container.THREADS;

    /** As a log-in of the application's own may keep it. */
    private static final ThreadLocal<Principal> LOGGED_IN = new ThreadLocal<>();

    private static final String JSON = "Content-Type: application/json";
    private static final String ECHO = "{\"name\":\"echo\",\"contents\":\"hello\"}";

    private ServletRig rig;
    private final List<RawPeer> peers = new ArrayList<>();

    abstract Container container() throws Exception;

    private void start() throws Exception {
        start(app -> {}, context -> {});
    }

    private void start(Consumer<CometApplication> options, Consumer<ServletContext> more)
            throws Exception {
        rig =
                new ServletRig(
                        container(),
                        builder -> builder,
                        (comet, app) -> {
                            app.onRequest("echo", (client, message) -> message.contents());
                            options.accept(app);
                        },
                        more);
    }

    @AfterEach
    void stop() throws Exception {
        for (RawPeer peer : peers) {
            peer.close();
        }
        rig.stop();
    }

    private RawPeer peer() throws IOException {
        RawPeer peer = new RawPeer(rig.container.port());
        peers.add(peer);
        return peer;
    }

    private static String bearer(CometClient client) {
        return "Authorization: Bearer " + client.privateToken();
    }

    private void othersGoOn() throws Exception {
        CometClient honest = rig.client("honest-" + rig.comet.clients().size());
        CompletableFuture<Answer> poll = rig.held(honest);
        rig.comet.sendMessage(honest.publicToken(), "n", 1);
        assertThat(poll.get(20, TimeUnit.SECONDS).contents().intValue()).isEqualTo(1);
        assertThat(rig.send(honest, ECHO).text()).isEqualTo("\"hello\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST send known", "POST send unknown", "POST send none", "POST poll known",
                "POST connect none", "POST nothing none", "GET poll known", "GET nothing none",
                "POST send chunked", "POST nothing chunked"
            })
    @DisplayName("H8 peers whose bodies do not come cost no thread")
    void bodies_doNotCome_nobodyElseWaits(String kind) throws Exception {
        start();
        CometClient slow = rig.client("slow");
        String[] words = kind.split(" ", -1);
        String token =
                words[2].equals("none")
                        ? "X-Token: none"
                        : words[2].equals("unknown")
                                ? "Authorization: Bearer nobody"
                                : bearer(slow);
        String head =
                RawPeer.head(
                        words[0] + " /app/comet/" + words[1],
                        JSON,
                        token,
                        words[2].equals("chunked")
                                ? "Transfer-Encoding: chunked"
                                : "Content-Length: 5000");
        for (int i = 0; i < PEERS; i++) {
            peer().send(head + (words[2].equals("chunked") ? "5" : "{"));
        }

        othersGoOn();

        for (RawPeer peer : peers) {
            peer.reset();
        }
        othersGoOnAfterwards();
    }

    private void othersGoOnAfterwards() throws Exception {
        assertThat(rig.send(rig.request("/comet.js")).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"send", "poll", "ack", "reply", "disconnect"})
    @DisplayName("H8 an unknown token is refused at once, and the refusal is not lost")
    void post_unknownToken_isRefusedBeforeTheBodyComes(String endpoint) throws Exception {
        start();
        RawPeer peer = peer();
        peer.send(
                RawPeer.head(
                        "POST /app/comet/" + endpoint,
                        JSON,
                        "Authorization: Bearer nobody",
                        "Content-Length: 5000"));

        assertThat(peer.read().status()).isEqualTo(404);
        peer.send("x".repeat(5_000)); // is read by the server, or the peer would be reset
        assertThat(peer.isEnded()).isTrue();
    }

    @Test
    @DisplayName("H8 a body that comes piece by piece is handled like one that is there")
    void send_bodyComesInPieces_isHandled() throws Exception {
        start();
        CometClient ada = rig.client("ada");
        RawPeer peer = peer();
        for (String framing : List.of("length", "chunks", "continue")) {
            String headers =
                    framing.equals("chunks")
                            ? "Transfer-Encoding: chunked"
                            : "Content-Length: " + ECHO.length();
            if (framing.equals("continue")) {
                headers += "\r\nExpect: 100-continue";
            }
            peer.send(RawPeer.head("POST /app/comet/send", JSON, bearer(ada), headers));
            if (framing.equals("continue")) {
                assertThat(peer.read().status()).isEqualTo(100);
            }
            for (int i = 0; i < ECHO.length(); i++) {
                String piece = ECHO.substring(i, i + 1);
                peer.send(framing.equals("chunks") ? "1\r\n" + piece + "\r\n" : piece);
            }
            peer.send(framing.equals("chunks") ? "0\r\n\r\n" : "");
            RawPeer.Response answer = peer.read();
            assertThat(answer.status()).as("%s: %s", framing, answer).isEqualTo(200);
            assertThat(answer.text()).isEqualTo("\"hello\"");
        }
    }

    @Test
    @DisplayName("H8 W15 a request behind a slow body is another one, with an answer of its own")
    void send_nextRequestBehindASlowBody_hasItsOwnAnswer() throws Exception {
        start();
        CometClient ada = rig.client("ada");
        String head =
                RawPeer.head(
                        "POST /app/comet/send",
                        JSON,
                        bearer(ada),
                        "Content-Length: " + ECHO.length());
        RawPeer peer = peer();
        peer.send(head + ECHO.substring(0, 9));
        othersGoOn();
        peer.send(ECHO.substring(9) + head + ECHO.replace("hello", "again"));

        assertThat(peer.read().text()).isEqualTo("\"hello\"");
        assertThat(peer.read().text()).isEqualTo("\"again\"");
    }

    @Test
    @DisplayName(
            "H8 H17 who is logged in on the request's own thread is so when its body comes late")
    void send_bodyComesLate_isOfTheSameUser() throws Exception {
        start(
                app -> app.cookieTokens(true),
                context ->
                        WaitingFilter.add(
                                context,
                                (request, response, chain) -> {
                                    LOGGED_IN.set(() -> "a.lovelace");
                                    try {
                                        chain.doFilter(asLoggedIn(request), response);
                                    } finally {
                                        LOGGED_IN.remove();
                                    }
                                }));
        CometClient ada =
                rig.comet.initializeClient(CometClient.builder().user("a.lovelace").build());
        RawPeer peer = peer();
        peer.send(
                RawPeer.head(
                                "POST /app/comet/send",
                                JSON,
                                "Cookie: comet-token=" + ada.privateToken(),
                                "Comet-Request: 1",
                                "Content-Length: " + ECHO.length())
                        + ECHO.substring(0, 9));
        othersGoOn();
        peer.send(ECHO.substring(9));

        assertThat(peer.read().text()).isEqualTo("\"hello\"");
    }

    private static HttpServletRequest asLoggedIn(ServletRequest request) {
        return new HttpServletRequestWrapper((HttpServletRequest) request) {
            @Override
            public @Nullable Principal getUserPrincipal() {
                return LOGGED_IN.get();
            }
        };
    }

    @Test
    @DisplayName("H8 a poll whose form comes slowly is held, answered, and survives its peer")
    void poll_formComesSlowly_isHeldAndAnswered() throws Exception {
        start();
        CometClient ada = rig.client("ada");
        String form = "privateToken=" + ada.privateToken() + "&lastMessageId=0";
        String head =
                RawPeer.head(
                        "POST /app/comet/poll",
                        "Content-Type: application/x-www-form-urlencoded",
                        "Content-Length: " + form.length());
        RawPeer peer = peer();
        peer.send(head + form.substring(0, 20));
        othersGoOn();
        peer.send(form.substring(20));
        await().until(() -> rig.comet.statistics().held().polls() == 1);
        rig.comet.sendMessage("ada", "n", 7);
        assertThat(peer.read().text()).contains("\"contents\":7");

        RawPeer leaves = peer();
        leaves.send(head + form.substring(0, 20));
        leaves.reset();
        othersGoOn();
    }

    @Test
    @DisplayName("H1 H8 a body in chunks that grows too long is refused, and the peer reads it")
    void send_chunksGrowTooLong_areRefused() throws Exception {
        start();
        CometClient ada = rig.client("ada");
        RawPeer peer = peer();
        peer.send(
                RawPeer.head(
                        "POST /app/comet/send", JSON, bearer(ada), "Transfer-Encoding: chunked"));
        String chunk = "4000\r\n" + "x".repeat(0x4000) + "\r\n";
        for (int i = 0; i < 5; i++) {
            peer.send(chunk);
        }

        assertThat(peer.read().status()).isEqualTo(413);
    }

    @Test
    @DisplayName("H2 H8 H12 a body that breaks off is no line in the log")
    void send_bodyBreaksOff_isNoLineInTheLog() throws Exception {
        start();
        CometClient ada = rig.client("ada");
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            for (int i = 0; i < 20; i++) {
                RawPeer peer = peer();
                peer.send(
                        RawPeer.head(
                                        "POST /app/comet/send",
                                        JSON,
                                        bearer(ada),
                                        "Content-Length: 5000")
                                + "{");
                if (i % 2 == 0) {
                    peer.reset();
                } else {
                    peer.close();
                }
            }
            othersGoOn();
            assertThat(log.text()).isEmpty();
        }
    }

    @Test
    @DisplayName("H8 a body that is not there at the deadline is given up with 408")
    void send_bodyIsNotThereAtTheDeadline_isGivenUp() throws Exception {
        start(app -> app.bodyTimeout(Duration.ofMillis(200)), context -> {});
        CometClient ada = rig.client("ada");
        for (String framing : List.of("Content-Length: 5000", "Transfer-Encoding: chunked")) {
            RawPeer peer = peer();
            peer.send(RawPeer.head("POST /app/comet/send", JSON, bearer(ada), framing) + "1");

            RawPeer.Response answer = peer.read();

            assertThat(answer.status()).as(framing).isEqualTo(408);
            assertThat(answer.text()).contains("too-slow", "in 0.2 s");
            assertThat(answer.headers()).containsEntry("Connection", "close");
        }
        othersGoOn();
    }

    @ParameterizedTest
    @ValueSource(strings = {"getParameter", "getReader", "getInputStream"})
    @DisplayName("H15 a body that a filter has read is named, never a silent default")
    void poll_aFilterHasReadTheBody_isNamed(String how) throws Exception {
        start(
                app -> {},
                context ->
                        WaitingFilter.add(
                                context,
                                (request, response, chain) -> {
                                    switch (how) {
                                        case "getParameter" -> request.getParameter("x");
                                        case "getReader" ->
                                                request.getReader().lines().forEach(line -> {});
                                        default -> request.getInputStream().readAllBytes();
                                    }
                                    chain.doFilter(request, response);
                                }));
        CometClient ada = rig.client("ada");
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            for (int i = 0; i < 5; i++) {
                Answer poll =
                        rig.send(
                                rig.post(
                                                "/poll",
                                                "application/x-www-form-urlencoded",
                                                "hold=0&lastMessageId=7")
                                        .header("Authorization", "Bearer " + ada.privateToken()));

                assertThat(poll.status()).isEqualTo(400);
                assertThat(poll.contents().path("reason").asString()).contains("announced");
            }
            assertThat(log.text().lines()).singleElement().asString().contains("a filter");
        }
    }
}
