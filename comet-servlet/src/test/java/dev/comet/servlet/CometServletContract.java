package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.http.CometExchange;
import dev.comet.servlet.ServletRig.Answer;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the protocol promises, over real sockets; the same in every container. One class, because
 * its tests share one server of each container.
 */
abstract class CometServletContract extends ServletSetUpContract {

    private ServletRig rig;

    @BeforeAll
    void start() throws Exception {
        rig = start(CometLimits.defaults());
    }

    @AfterEach
    void forgetClients() {
        rig.comet.clients().forEach(client -> rig.comet.disconnect(client));
    }

    /** A server of a test's own, because the test ends or overloads it. */
    private ServletRig start(CometLimits limits) throws Exception {
        ServletRig started = new ServletRig(container(), limits, CometServletContract::setUp);
        rigs.add(started);
        return started;
    }

    private static void setUp(CometStateManager comet, CometApplication app) {
        app.allowedOrigins(List.of("https://app.example"))
                .maxBodyBytes(1 << 20)
                .unknownTokensPerAddress(1, 20)
                .clientAddress(CometServletContract::addressOfTest)
                .onConnect(
                        request ->
                                CometClient.builder()
                                        .displayName(request.text("name", "?"))
                                        .publicToken(request.text("as", "nn"))
                                        .build())
                .on("say", (client, message) -> comet.sendToAll("said", message.contents()))
                .on("fail", (client, message) -> fail())
                .onRequest("echo", (client, message) -> message.contents());
    }

    /** The tests share one address, but not its limits. */
    private static String addressOfTest(CometExchange exchange) {
        String address = exchange.header("Address-Of-Test");
        return address == null ? "each-its-own-" + System.nanoTime() : address;
    }

    private static void fail() {
        throw new IllegalStateException("db password");
    }

    private static Answer answer(CompletableFuture<Answer> poll) throws Exception {
        return poll.get(30, TimeUnit.SECONDS);
    }

    // ---- clients

    @Test
    @DisplayName("C3 C5 C10 connect, poll, send and disconnect")
    void wholeLife_works() throws Exception {
        Answer session = rig.send(rig.post("/connect", "application/json", "{\"name\":\"Ada\"}"));
        assertThat(session.status()).as(session.text()).isEqualTo(200);
        CometClient ada =
                rig.comet
                        .findClientByPrivateToken(session.json().path("privateToken").asString())
                        .orElseThrow();
        long cursor = session.json().path("lastMessageId").longValue();

        CompletableFuture<Answer> poll = rig.held(ada);
        assertThat(rig.send(ada, "{\"name\":\"say\",\"contents\":\"hi\"}").status()).isEqualTo(202);
        assertThat(answer(poll).contents().asString()).isEqualTo("hi");
        assertThat(answer(poll).json().path(0).path("id").longValue()).isGreaterThan(cursor);
        assertThat(rig.send(ada, "{\"name\":\"echo\",\"contents\":[1]}").text()).isEqualTo("[1]");

        cursor = answer(poll).json().path(0).path("id").longValue();
        CompletableFuture<Answer> next = rig.begin(ada, "?lastMessageId=" + cursor);
        await().until(() -> rig.comet.statistics().held().polls() == 1);
        Answer bye =
                rig.send(
                        rig.post(
                                "/disconnect",
                                "application/x-www-form-urlencoded",
                                "privateToken=" + ada.privateToken()));
        assertThat(bye.status()).isEqualTo(204);
        assertThat(answer(next).status()).isEqualTo(200);
        assertThat(answer(next).name()).isEqualTo("comet.closed");
        assertThat(rig.poll(ada, "").status()).isEqualTo(404);
    }

    @Test
    @DisplayName("C1 C2 a blank name or a token in use is refused")
    void connect_badClient_isRefused() throws Exception {
        Answer blank = rig.send(rig.post("/connect", "application/json", "{\"name\":\" \"}"));
        assertThat(blank.status()).isEqualTo(400);
        assertThat(blank.contents().path("reason").asString()).contains("breaks a rule");

        assertThat(rig.send(rig.post("/connect", "application/json", "{}")).status())
                .isEqualTo(200);
        Answer taken = rig.send(rig.post("/connect", "application/json", "{}"));
        assertThat(taken.status()).isEqualTo(409);
        assertThat(taken.code()).isEqualTo("client-already-exists");
    }

    @Test
    @DisplayName("C4 H7 a public token can neither read, confirm, send nor disconnect")
    void publicToken_isNoKey() throws Exception {
        CometClient ada = rig.client("ada");
        long id = rig.comet.sendMessage("ada", "n", 1);
        List<Answer> answers =
                List.of(
                        rig.send(
                                rig.request("/poll?hold=0&lastMessageId=" + id)
                                        .header("Authorization", "Bearer ada")),
                        rig.send(
                                rig.post(
                                        "/poll",
                                        "application/x-www-form-urlencoded",
                                        "privateToken=ada&lastMessageId=" + id)),
                        rig.send(
                                rig.post(
                                                "/send",
                                                "application/json",
                                                "{\"name\":\"echo\",\"contents\":1}")
                                        .header("Authorization", "Bearer ada")),
                        rig.send(
                                rig.post(
                                        "/disconnect",
                                        "application/x-www-form-urlencoded",
                                        "privateToken=ada")));

        assertThat(answers)
                .allMatch(answer -> answer.status() == 404)
                .allMatch(answer -> answer.code().equals("client-does-not-exist"));
        assertThat(rig.comet.confirmedMessageId(ada)).isLessThan(id);
        assertThat(rig.poll(ada, "").json().path(0).path("id").longValue()).isEqualTo(id);
    }

    @Test
    @DisplayName("C6 C7 C8 C9 idle clients are killed, held ones never, and their tokens are free")
    void client_staysAway_isKilledButNotWhileItIsHeld() throws Exception {
        CometClient held = rig.client("held", 3, 1);
        rig.client("away", 3, 1);
        CompletableFuture<Answer> poll = rig.held(held);

        await().until(() -> rig.comet.findClientByPublicToken("away").isEmpty());
        assertThat(answer(poll).status()).isEqualTo(200);
        assertThat(answer(poll).name()).isEqualTo("comet.timeout");
        await().until(() -> rig.comet.findClientByPublicToken("held").isEmpty());

        assertThat(rig.poll(held, "").status()).isEqualTo(404);
        CometClient again = rig.client("held", 3, 1);
        assertThat(rig.poll(again, "?hold=0").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("C11 a client that is ended has its held request answered")
    void client_isEnded_heldRequestIsAnswered() throws Exception {
        CometClient ada = rig.client("ada");
        CompletableFuture<Answer> poll = rig.held(ada);

        rig.comet.disconnect(ada);

        assertThat(answer(poll).name()).isEqualTo("comet.closed");
    }

    // ---- holding

    @Test
    @DisplayName("W1 missing and malformed parameters are answered")
    void poll_malformed_isAnswered() throws Exception {
        CometClient ada = rig.client("ada");
        assertThat(rig.send(rig.request("/poll")).status()).isEqualTo(401);
        Answer cursor = rig.poll(ada, "?lastMessageId=1e3");
        assertThat(cursor.status()).isEqualTo(400);
        assertThat(cursor.contents().path("reason").asString()).contains("lastMessageId");
        assertThat(rig.poll(ada, "?lastMessageId=1&lastMessageId=2").status()).isEqualTo(400);
        assertThat(rig.send(rig.request("/nothing")).status()).isEqualTo(404);
        assertThat(rig.send(rig.request("")).status()).isEqualTo(404);
        assertThat(rig.send(rig.request("/send")).header("Allow")).isEqualTo("POST");
    }

    @Test
    @DisplayName("W2 nothing comes: comet.timeout")
    void poll_nothingComes_isAnsweredTimeout() throws Exception {
        CometClient ada = rig.client("ada", 1, 60);

        Answer timeout = rig.poll(ada, "");

        assertThat(timeout.status()).isEqualTo(200);
        assertThat(timeout.name()).isEqualTo("comet.timeout");
    }

    @Test
    @DisplayName("W3 M1 M2 stored messages come at once, in order, until they are confirmed")
    void poll_messagesStored_getsThoseAboveTheCursor() throws Exception {
        CometClient ada = rig.client("ada");
        long first = rig.comet.sendMessage("ada", "n", 1);
        long second = rig.comet.sendMessage("ada", "n", 2);

        for (String query : List.of("", "?lastMessageId=0", "?lastMessageId=-1")) {
            Answer all = rig.poll(ada, query);
            assertThat(all.json().path(0).path("id").longValue()).isEqualTo(first);
            assertThat(all.json().path(1).path("id").longValue()).isEqualTo(second);
        }
        assertThat(rig.poll(ada, "?lastMessageId=" + first).json()).hasSize(1);
        assertThat(rig.poll(ada, "?lastMessageId=" + first).json()).hasSize(1);
        assertThat(rig.poll(ada, "?hold=0&lastMessageId=" + second).name())
                .isEqualTo("comet.timeout");
    }

    @Test
    @DisplayName("W5 W6 the newest poll wins, and the end of an old one never removes it")
    void poll_again_supersedesTheFirst() throws Exception {
        CometClient ada = rig.client("ada");
        CompletableFuture<Answer> first = rig.held(ada);
        CompletableFuture<Answer> second = rig.begin(ada, "");

        assertThat(answer(first).status()).isEqualTo(409);
        assertThat(answer(first).name()).isEqualTo("comet.superseded");
        rig.comet.sendMessage("ada", "n", 1);
        assertThat(answer(second).contents().intValue()).isEqualTo(1);
    }

    @Test
    @DisplayName("W12 close() answers every held request with 503")
    void close_heldRequests_areAnswered() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        CompletableFuture<Answer> ada = rig.held(rig.client("ada"));
        CompletableFuture<Answer> bob = rig.held(rig.client("bob"));

        rig.comet.close();

        assertThat(answer(ada).status()).isEqualTo(503);
        assertThat(answer(ada).code()).isEqualTo("closed");
        assertThat(answer(ada).header("Retry-After")).isNotNull();
        assertThat(answer(bob).status()).isEqualTo(503);
        assertThat(rig.send(rig.post("/connect", "application/json", "{}")).status())
                .isEqualTo(503);
    }

    @Test
    void drain_heldRequests_areSentAway() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        CompletableFuture<Answer> ada = rig.held(rig.client("ada"));

        rig.comet.drain(Duration.ofMillis(10));

        assertThat(answer(ada).name()).isEqualTo("comet.reconnect");
        Answer connect = rig.send(rig.post("/connect", "application/json", "{}"));
        assertThat(connect.status()).isEqualTo(503);
        assertThat(connect.code()).isEqualTo("draining");
        assertThat(connect.header("Retry-After")).isEqualTo("5");
    }

    // ---- messages

    @Test
    @DisplayName("M5 1 MiB, Unicode and bytes arrive as they were sent, held or not")
    void poll_anyContents_arriveUnchanged() throws Exception {
        CometClient ada = rig.client("ada");
        byte[] bytes = new byte[1 << 20];
        new Random(1).nextBytes(bytes);
        String unicode = "\u0000\u2028é漢\uD83D\uDE00</script>\r\n".repeat(2_000);

        CompletableFuture<Answer> held = rig.held(ada);
        long id = rig.comet.sendMessage("ada", "bytes", bytes);
        assertThat(answer(held).contents().binaryValue()).isEqualTo(bytes);
        assertThat(answer(held).header("Content-Length"))
                .isEqualTo(Integer.toString(answer(held).response().body().length));

        rig.comet.sendMessage("ada", "text", Map.of("text", unicode, "empty", Map.of()));
        Answer stored = rig.poll(ada, "?lastMessageId=" + id);
        assertThat(stored.contents().path("text").asString()).isEqualTo(unicode);
        assertThat(stored.contents().path("empty").isObject()).isTrue();
    }

    @Test
    @DisplayName("M3 M5 a client's own send: 1 MiB arrives, null does not")
    void send_anyContents_arriveUnchanged() throws Exception {
        CometClient ada = rig.client("ada");
        String large = "\"" + "ü€\uD83D\uDE00".repeat(1 << 16) + "\"";

        Answer echo = rig.send(ada, "{\"name\":\"echo\",\"contents\":" + large + "}");

        assertThat(echo.status()).isEqualTo(200);
        assertThat(echo.text()).isEqualTo(large);
        assertThat(rig.send(ada, "{\"name\":\"echo\",\"contents\":null}").status()).isEqualTo(400);
        assertThat(rig.send(ada, "{\"name\":\"comet.x\",\"contents\":1}").status()).isEqualTo(400);
    }

    @Test
    @DisplayName("M9 a cursor above the top gets a gap")
    void poll_cursorAboveTheTop_getsAGap() throws Exception {
        Answer gap = rig.poll(rig.client("ada"), "?lastMessageId=9007199254740991");

        assertThat(gap.name()).isEqualTo("comet.gap");
        assertThat(gap.contents().path("reason").asString()).isEqualTo("unknown-cursor");
    }

    // ---- answers as they are on the wire

    @Test
    @DisplayName("H5 an answer has its length, no charset riddle, and can be cached by nobody")
    void answer_ofEveryKind_hasTheHeadersOfTheProtocol() throws Exception {
        CometClient ada = rig.client("ada");
        CompletableFuture<Answer> held = rig.held(ada);
        rig.comet.sendMessage("ada", "n", 1);
        List<Answer> answers =
                List.of(
                        answer(held),
                        rig.poll(ada, ""),
                        rig.poll(ada, "?lastMessageId=x"),
                        rig.send(ada, "{\"name\":\"echo\",\"contents\":1}"));

        for (Answer answer : answers) {
            assertThat(answer.header("Content-Type")).isEqualTo("application/json");
            assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
            assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(answer.header("Vary")).isEqualTo("Origin");
            assertThat(answer.header("Content-Length"))
                    .isEqualTo(Integer.toString(answer.response().body().length));
            assertThat(answer.header("Transfer-Encoding")).isNull();
            assertThat(answer.header("Set-Cookie")).isNull();
        }
        Answer accepted = rig.send(ada, "{\"name\":\"say\",\"contents\":1}");
        assertThat(accepted.header("Content-Type")).isNull();
        assertThat(accepted.header("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void script_isServedOnceAndThenConfirmed() throws Exception {
        Answer script = rig.send(rig.request("/comet.js"));
        assertThat(script.status()).isEqualTo(200);
        assertThat(
                        script.header("Content-Type")
                                .toLowerCase(java.util.Locale.ROOT)
                                .replace(" ", ""))
                .isEqualTo("text/javascript;charset=utf-8");
        assertThat(script.text()).contains("export");

        Answer again =
                rig.send(rig.request("/comet.js").header("If-None-Match", script.header("ETag")));
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.header("ETag")).isEqualTo(script.header("ETag"));
        Answer head =
                rig.send(
                        rig.request("/comet.js")
                                .method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Length")).isEqualTo(script.header("Content-Length"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/stream"})
    @DisplayName("W1 HEAD has the headers of GET, which does not know its length yet")
    void head_ofAnAnswerThatIsNotThereYet_hasNoLength(String path) throws Exception {
        CometClient ada = rig.client("ada");
        for (int i = 0; i < 3; i++) { // over one connection
            Answer head =
                    rig.send(
                            rig.request(path)
                                    .header("Authorization", "Bearer " + ada.privateToken())
                                    .method("HEAD", HttpRequest.BodyPublishers.noBody()));
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("Content-Type")).isNotNull();
            assertThat(head.header("Content-Length")).isNull();
        }
        assertThat(rig.poll(ada, "?hold=0").name()).isEqualTo("comet.timeout");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 10", "Transfer-Encoding: chunked"})
    @DisplayName("H14 a peer that breaks off its body is not taken for a filter")
    void send_peerBreaksOff_noFilterIsBlamed(String framing) throws Exception {
        ServletRig own = start(CometLimits.defaults());
        CometClient ada = own.client("ada");
        try (LogCapture log = new LogCapture(CometServlet.class);
                RawPeer peer = new RawPeer(own.container.port())) {
            peer.send(send(ada, framing) + "5");
            await().until(() -> own.servlet.requests.open() == 1);
            peer.reset();
            await().until(() -> own.servlet.requests.open() == 0);
            assertThat(log.text()).isEmpty();
        }
    }

    @Test
    @DisplayName("H2 H14 a chunk without end is answered 400, or its connection is closed")
    void send_chunkIsTooLong_isRefused() throws Exception {
        CometClient ada = rig.client("ada");
        try (LogCapture log = new LogCapture(CometServlet.class);
                RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(send(ada, "Transfer-Encoding: chunked") + "f".repeat(19) + "\r\nab");
            isRefusedOrCut(peer);
            assertThat(log.text()).isEmpty();
        }
    }

    private static String send(CometClient client, String framing) {
        return RawPeer.head(
                "POST /app/comet/send",
                "Authorization: Bearer " + client.privateToken(),
                "Content-Type: application/json",
                framing);
    }

    private static void isRefusedOrCut(RawPeer peer) throws IOException {
        try {
            assertThat(peer.read().status()).isEqualTo(400);
        } catch (EOFException | SocketException cut) {
            // Undertow closes the connection itself.
        }
    }

    @Test
    @DisplayName("H4 foreign origins are refused, listed ones told")
    void origin_isChecked() throws Exception {
        CometClient ada = rig.client("ada");
        Answer foreign =
                rig.send(
                        rig.request("/poll?hold=0")
                                .header("Authorization", "Bearer " + ada.privateToken())
                                .header("Origin", "https://evil.example"));
        assertThat(foreign.status()).isEqualTo(403);
        assertThat(foreign.header("Access-Control-Allow-Origin")).isNull();

        Answer listed =
                rig.send(
                        rig.request("/poll?hold=0")
                                .header("Authorization", "Bearer " + ada.privateToken())
                                .header("Origin", "https://app.example"));
        assertThat(listed.status()).isEqualTo(200);
        assertThat(listed.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");

        Answer own =
                rig.send(
                        rig.request("/poll?hold=0")
                                .header("Authorization", "Bearer " + ada.privateToken())
                                .header("Origin", "http://127.0.0.1:" + rig.container.port()));
        assertThat(own.status()).isEqualTo(200);

        Answer preflight =
                rig.send(
                        rig.request("/poll")
                                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                                .header("Origin", "https://app.example")
                                .header("Access-Control-Request-Method", "GET"));
        assertThat(preflight.status()).isEqualTo(204);
        assertThat(preflight.header("Access-Control-Max-Age")).isEqualTo("7200");
    }

    // ---- broken and hostile peers

    @Test
    @DisplayName("H1 a body above its limit is refused, declared or chunked")
    void send_longBody_isRefused() throws Exception {
        CometClient ada = rig.client("ada");
        // The head alone: it is refused by its length, before the body comes. A peer that goes on
        // sending may be reset before it has read the answer.
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(
                    RawPeer.head(
                            "POST /app/comet/send",
                            "Authorization: Bearer " + ada.privateToken(),
                            "Content-Type: application/json",
                            "Content-Length: 1048577"));
            assertThat(peer.read().status()).isEqualTo(413);
        }

        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(
                    RawPeer.head(
                            "POST /app/comet/connect",
                            "Content-Type: application/json",
                            "Transfer-Encoding: chunked"));
            String chunk = "1000\r\n" + "x".repeat(4096) + "\r\n";
            peer.send(chunk + chunk + chunk + "0\r\n\r\n");
            assertThat(peer.read().status()).isEqualTo(413);
        }
    }

    @Test
    @DisplayName("H2 broken framing and broken text end with 4xx and no stack trace")
    void request_broken_isRefusedByServerOrProtocol() throws Exception {
        CometClient ada = rig.client("ada");
        String token = "Authorization: Bearer " + ada.privateToken();
        String json = "Content-Type: application/json";
        String send = "POST /app/comet/send";
        for (String request :
                List.of(
                        RawPeer.head(send, json, token, "Content-Length: 2") + "{}",
                        RawPeer.head(send, json, token, "Content-Length: 2") + "\u00e9",
                        RawPeer.head(send, json, token, "Content-Length: x"),
                        RawPeer.head(send, json, token, "Content-Length: -1"),
                        RawPeer.head(send, json, token, "Content-Length: 99999999999999999999"),
                        RawPeer.head("GET /app/comet/poll", "Bad Header"),
                        RawPeer.head("GET /app/comet/%zz"),
                        RawPeer.head("GET /app/comet/poll?lastMessageId=%zz", token),
                        "nonsense\r\n\r\n")) {
            try (RawPeer peer = new RawPeer(rig.container.port())) {
                RawPeer.Response response = peer.send(request).read();
                assertThat(response.status()).as(request).isBetween(400, 499);
                assertThat(response.text()).as(request).doesNotContain("Exception", "\tat ");
            }
        }
        assertThat(rig.poll(ada, "?hold=0").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("H2 a body that is badly framed is refused, or its connection ended")
    void send_badChunk_isRefusedOrCutOff() throws Exception {
        CometClient ada = rig.client("ada");
        String head =
                RawPeer.head(
                        "POST /app/comet/send",
                        "Content-Type: application/json",
                        "Authorization: Bearer " + ada.privateToken(),
                        "Transfer-Encoding: chunked");
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            RawPeer.Response response = peer.send(head + "zz\r\n\r\n").read();
            assertThat(response.status()).isBetween(400, 499);
            assertThat(response.text()).doesNotContain("Exception", "\tat ");
        } catch (EOFException e) {
            // Now and then Tomcat ends the connection before its answer is written.
            assertThat(rig.container).isInstanceOf(TomcatContainer.class);
        }
        assertThat(rig.poll(ada, "?hold=0").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("H2 a hook that fails gives 500 without details")
    void send_hookFails_detailsStayOnTheServer() throws Exception {
        Answer failed = rig.send(rig.client("ada"), "{\"name\":\"fail\",\"contents\":1}");

        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.code()).isEqualTo("handler-failed");
        assertThat(failed.text()).doesNotContain("password");
    }

    @Test
    @DisplayName("H5 CR, LF and NUL in what a client chose forge nothing")
    void connect_controlCharactersInNames_areRefused() throws Exception {
        for (String name : List.of("a\\r\\nSet-Cookie: x=y", "a\\u0000b")) {
            Answer connect =
                    rig.send(rig.post("/connect", "application/json", "{\"as\":\"" + name + "\"}"));
            assertThat(connect.status()).isEqualTo(400);
            assertThat(connect.header("Set-Cookie")).isNull();
        }
    }

    @Test
    @DisplayName("H6 one uniform answer for tokens that nobody has, then 429")
    void poll_guesses_areAlikeAndThenRefused() throws Exception {
        Answer first = guess("a");
        Answer second = guess("a b,c");
        assertThat(first.status()).isEqualTo(404);
        assertThat(first.text()).isEqualTo(second.text());

        int status = 404;
        for (int i = 0; i < 100 && status == 404; i++) {
            status = guess("a").status();
        }

        assertThat(status).isEqualTo(429);
    }

    @Test
    @DisplayName("H9 who guesses does not lock out those behind the same proxy")
    void poll_guessesFromThere_holdersOfTokensPass() throws Exception {
        CometClient ada = rig.client("ada");
        int status = 404;
        for (int i = 0; i < 100 && status == 404; i++) {
            status = guess("nobody", "192.0.2.2").status();
        }
        assertThat(status).isEqualTo(429);

        Answer poll =
                rig.send(
                        rig.request("/poll?hold=0")
                                .header("Comet-Token", ada.privateToken())
                                .header("Address-Of-Test", "192.0.2.2"));
        assertThat(poll.status()).as(poll.text()).isEqualTo(200);
    }

    private Answer guess(String token) throws Exception {
        return guess(token, "192.0.2.1");
    }

    private Answer guess(String token, String address) throws Exception {
        return rig.send(
                rig.request("/poll")
                        .header("Authorization", "Bearer " + token)
                        .header("Address-Of-Test", address));
    }

    @Test
    @DisplayName("W13 a peer that goes away unnoticed is given up when its hold ends")
    void poll_peerVanishes_isReleasedAtTheLatestWhenTheHoldEnds() throws Exception {
        CometClient closes = rig.client("closes", 1, 60);
        CometClient resets = rig.client("resets", 1, 60);
        RawPeer resetting = new RawPeer(rig.container.port());
        try (RawPeer closing = new RawPeer(rig.container.port())) {
            closing.send(ServletRig.rawPoll(closes, 0));
            resetting.send(ServletRig.rawPoll(resets, 0));
            await().until(() -> rig.comet.statistics().held().polls() == 2);
        }
        resetting.reset();

        await().until(() -> rig.comet.statistics().held().polls() == 0);

        long id = rig.comet.sendMessage("closes", "n", 1);
        assertThat(rig.poll(closes, "").json().path(0).path("id").longValue()).isEqualTo(id);
    }

    // ---- races and slow readers

    @Test
    @DisplayName("W7 W5 answers that race with polls, supersedes and each other are never mixed up")
    void stress_everyClientGetsItsOwnMessagesInOrder() throws Exception {
        List<PollingPeer> peers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            peers.add(new PollingPeer(rig, rig.client("peer" + i), 100, i));
        }
        ServletRig.runAll(peers, 60);
    }

    @Test
    @DisplayName("W10 what a peer sends behind a held poll is never handled by a wait thread")
    void poll_nextRequestSentAlready_isHandledByTheContainer() throws Exception {
        BlockingQueue<String> threads = new LinkedBlockingQueue<>();
        ServletRig rig =
                new ServletRig(
                        container(),
                        CometLimits.defaults(),
                        (comet, app) ->
                                app.onConnect(
                                        request -> {
                                            threads.add(Thread.currentThread().getName());
                                            return CometClient.builder().build();
                                        }));
        rigs.add(rig);
        CometClient ada = rig.client("ada");
        String connect = RawPeer.head("POST /app/comet/connect", "Content-Length: 0");
        long cursor = 0;
        // Around the lengths at which containers change their ways.
        for (int length : List.of(10, 3_000, 7_000, 20_000, 60_000, 200_000)) {
            try (RawPeer peer = new RawPeer(rig.container.port())) {
                peer.send(ServletRig.rawPoll(ada, cursor) + connect);
                await().until(() -> rig.comet.statistics().held().polls() == 1);
                cursor = rig.comet.sendMessage("ada", "n", "x".repeat(length));

                assertThat(peer.read().status()).isEqualTo(200);
                assertThat(peer.read().status()).isEqualTo(200);
            }
            assertThat(threads.poll()).as("length %d", length).doesNotStartWith("comet-wait");
        }
    }

    @Test
    @DisplayName(
            "H3 peers that stop reading cost no thread, neither the container's nor the manager's")
    void poll_readersStall_nobodyElseWaits() throws Exception {
        ServletRig rig =
                start(
                        CometLimits.builder()
                                .maxMessageBytes(16 << 20)
                                .maxBytesPerAnswer(16 << 20)
                                .build());
        List<RawPeer> stalled = new ArrayList<>();
        for (int i = 0; i < Container.THREADS + 4; i++) {
            CometClient client = rig.client("stalled" + i);
            rig.comet.joinGroup(client, "room");
            stalled.add(
                    new RawPeer(rig.container.port(), 4_096).send(ServletRig.rawPoll(client, 0)));
        }
        CometClient ada = rig.client("ada");
        rig.comet.joinGroup("ada", "room");
        CompletableFuture<Answer> poll = rig.begin(ada, "");
        await().until(() -> rig.comet.statistics().held().polls() == stalled.size() + 1);
        String large = "x".repeat(12 << 20);

        long id = rig.comet.sendToGroup("room", "large", large);

        assertThat(answer(poll).contents().asString()).hasSize(large.length());
        CompletableFuture<Answer> next = rig.begin(ada, "?lastMessageId=" + id);
        rig.comet.sendMessage("ada", "small", 1);
        assertThat(answer(next).contents().intValue()).isEqualTo(1);

        // Those who read after all get every byte; those who leave are forgotten.
        for (RawPeer peer : stalled.subList(0, 3)) {
            assertThat(peer.read().text().length()).isGreaterThan(large.length());
        }
        for (RawPeer peer : stalled.subList(3, stalled.size())) {
            peer.reset();
        }
        assertThat(rig.poll(ada, "?hold=0").status()).isEqualTo(200);
    }
}
