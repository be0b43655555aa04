package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PollTest {

    private final Protocol protocol = new Protocol();
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    @Test
    @DisplayName("W3 a stored message answers a new poll at once, on its own thread")
    void poll_messageStored_isAnsweredWithoutHolding() {
        long id = protocol.comet.sendMessage("ada", "greeting", Map.of("text", "hello"));

        FakeExchange poll = protocol.poll(ada, "?lastMessageId=0");

        assertThat(poll.isAnswered()).isTrue();
        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.text())
                .isEqualTo(
                        "[{\"id\":"
                                + id
                                + ",\"name\":\"greeting\",\"contents\":{\"text\":\"hello\"}}]");
    }

    @Test
    @DisplayName("H5 an answer can be cached by nobody")
    void poll_answer_hasExactlyTheHeadersOfTheProtocol() {
        protocol.comet.sendMessage("ada", "greeting", "hello");

        assertThat(protocol.poll(ada, "").response().headers())
                .containsExactly(
                        new CometResponse.Header("Content-Type", "application/json"),
                        new CometResponse.Header("Cache-Control", "no-store"),
                        new CometResponse.Header("X-Content-Type-Options", "nosniff"));
    }

    @Test
    void poll_nothingThere_isHeldUntilAMessageComes() {
        FakeExchange poll = protocol.poll(ada, "?lastMessageId=0");
        assertThat(poll.isHeld()).isTrue();

        protocol.comet.sendMessage("ada", "greeting", "hello");

        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.json().path(0).path("contents").stringValue()).isEqualTo("hello");
    }

    @Test
    @DisplayName("W2 nothing for connectionTimeoutSeconds: comet.timeout")
    void poll_nothingComes_isAnsweredTimeoutAtTheDeadline() {
        FakeExchange poll = protocol.poll(ada, "?lastMessageId=0");

        protocol.pass(Duration.ofSeconds(24));
        assertThat(poll.isHeld()).isTrue();
        protocol.pass(Duration.ofSeconds(2));

        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.only("comet.timeout").path("lastMessageId").longValue()).isPositive();
    }

    @Test
    void poll_holdIsGiven_isHeldForThatLong() {
        FakeExchange poll = protocol.poll(ada, "?hold=3&lastMessageId=0");

        protocol.pass(Duration.ofSeconds(4));

        poll.only("comet.timeout");
    }

    @ParameterizedTest
    @ValueSource(strings = {"26", "86401", "9223372036854775807"})
    void poll_holdAboveTheClientsOwn_isCutToIt(String hold) {
        FakeExchange poll = protocol.poll(ada, "?hold=" + hold);

        protocol.pass(Duration.ofSeconds(26));

        poll.only("comet.timeout");
    }

    @Test
    void poll_holdIsZero_isAnsweredAtOnce() {
        FakeExchange poll = protocol.poll(ada, "?hold=0");

        assertThat(poll.isAnswered()).isTrue();
        poll.only("comet.timeout");
    }

    @Test
    @DisplayName("M2 a poll confirms what it names and nothing else")
    void poll_withCursor_freesUpToIt() {
        long first = protocol.comet.sendMessage("ada", "n", 1);
        long second = protocol.comet.sendMessage("ada", "n", 2);

        assertThat(protocol.poll(ada, "").json()).hasSize(2);
        assertThat(protocol.poll(ada, "?lastMessageId=0").json()).hasSize(2);
        FakeExchange poll = protocol.poll(ada, "?lastMessageId=" + first);

        assertThat(poll.json()).hasSize(1);
        assertThat(poll.json().path(0).path("id").longValue()).isEqualTo(second);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "?", "?lastMessageId=0", "?lastMessageId=-1", "?lastMessageId=%30"})
    @DisplayName("M1 a first poll with 0, -1 or nothing gets everything")
    void poll_withoutACursor_getsEverything(String query) {
        protocol.comet.sendMessage("ada", "n", 1);

        assertThat(protocol.poll(ada, query).json()).hasSize(1);
    }

    @Test
    @DisplayName("M9 a cursor above the top gets a gap, never silence")
    void poll_cursorAboveTheTop_getsAGap() {
        FakeExchange poll = protocol.poll(ada, "?lastMessageId=9223372036854775807");

        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.json().path(0).path("name").stringValue()).isEqualTo("comet.gap");
        assertThat(poll.json().path(0).path("contents").path("reason").stringValue())
                .isEqualTo("unknown-cursor");
    }

    @Test
    @DisplayName("M9 a number that JavaScript cannot hold is never told to a client")
    void poll_numberAboveTwoToThe53_isNotEchoed() {
        for (String cursor : List.of("9007199254740992", "9223372036854775807")) {
            assertThat(Parameters.ofEncoded("lastMessageId=" + cursor).lastMessageId())
                    .isEqualTo(9007199254740991L);
            assertThat(Parameters.lastEventId(cursor)).isEqualTo(9007199254740991L);
        }
        protocol.poll(ada, "?instance=9007199254740992").isError(400, "parameters-invalid");
        assertThat(protocol.poll(ada, "?instance=9007199254740991").isHeld()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/stream"})
    @DisplayName("W1 HEAD is answered as GET, is never held, and changes nothing")
    void head_isAnsweredAsGetWithoutABody(String path) {
        long id = protocol.comet.sendMessage("ada", "n", 1);
        FakeExchange held = protocol.poll(ada, "?lastMessageId=" + id);

        FakeExchange head =
                protocol.handle(
                        FakeExchange.request("HEAD", path + "?lastMessageId=" + id)
                                .bearer(ada.privateToken()));

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.response().body()).isEmpty();
        assertThat(head.responseHeader("Content-Type"))
                .isEqualTo(
                        path.equals("/poll")
                                ? "application/json"
                                : "text/event-stream;charset=utf-8");
        assertThat(held.isAnswered()).isFalse();
        protocol.handle(FakeExchange.request("HEAD", path)).isError(401, "token-missing");
        protocol.handle(FakeExchange.request("HEAD", path).bearer("nobody"))
                .isError(404, "client-does-not-exist");
        assertThat(protocol.handle(FakeExchange.request("PUT", path)).responseHeader("Allow"))
                .isEqualTo(path.equals("/poll") ? "GET, HEAD, POST" : "GET, HEAD");
    }

    @ParameterizedTest
    @CsvSource({
        "application/x-www-form-urlencoded, lastMessageId=0&privateToken=secret-of-ada",
        "application/x-www-form-urlencoded;charset=UTF-8, privateToken=secret%2Dof-ada",
        "application/json, '{\"lastMessageId\":0,\"privateToken\":\"secret-of-ada\"}'",
        "application/json; charset=utf-8, '{\"privateToken\":\"secret-of-ada\",\"later\":[1]}'",
    })
    void poll_posted_isTheSame(String contentType, String body) {
        protocol.comet.sendMessage("ada", "n", 1);

        FakeExchange poll =
                protocol.handle(FakeExchange.post("/poll").body(contentType, body.getBytes(UTF_8)));

        assertThat(poll.json()).as(poll.text()).hasSize(1);
    }

    @Test
    void poll_postedWithoutABody_takesTheTokenFromTheHeader() {
        FakeExchange poll = protocol.handle(FakeExchange.post("/poll").bearer("secret-of-ada"));

        assertThat(poll.isHeld()).isTrue();
    }

    @Test
    @DisplayName("W5 a second poll completes the first as superseded")
    void poll_again_supersedesTheFirst() {
        FakeExchange first = protocol.poll(ada, "");
        FakeExchange second = protocol.poll(ada, "");

        assertThat(first.status()).isEqualTo(409);
        first.only("comet.superseded");
        assertThat(second.isHeld()).isTrue();
    }

    @Test
    @DisplayName("W5 L3 whoever is superseded is told whose request took over, if that says so")
    void poll_againWithAnInstance_saysWhose() {
        FakeExchange first = protocol.poll(ada, "?instance=5");
        FakeExchange second = protocol.poll(ada, "?instance=7&lastMessageId=0");
        FakeExchange third = protocol.poll(ada, "");

        assertThat(first.only("comet.superseded").path("instance").longValue()).isEqualTo(7);
        assertThat(second.only("comet.superseded").isEmpty()).isTrue();
        assertThat(third.isHeld()).isTrue();
        protocol.poll(ada, "?instance=7&instance=7").isError(400, "parameters-invalid");
        protocol.poll(ada, "?instance=seven").isError(400, "parameters-invalid");
        protocol.handle(
                FakeExchange.post("/poll")
                        .bearer(ada.privateToken())
                        .json("{\"hold\":0,\"instance\":9}"));
        assertThat(third.only("comet.superseded").path("instance").longValue()).isEqualTo(9);
    }

    @Test
    @DisplayName("W6 W13 a peer that goes away releases its request and no newer one")
    void poll_peerGoes_isReleasedWithoutAnAnswer() {
        FakeExchange first = protocol.poll(ada, "");
        FakeExchange second = protocol.poll(ada, "");
        first.response();
        first.peerGoes();
        protocol.settle();
        assertThat(protocol.comet.statistics().held().polls()).isEqualTo(1);

        second.peerGoes();

        await().until(() -> protocol.comet.statistics().held().polls() == 0);
        assertThat(second.isAnswered()).isFalse();
    }

    @Test
    @DisplayName("C6 W13 when the peer goes away the idle time begins")
    void poll_peerGoes_clientIsKilledAfterItsIdleTime() {
        FakeExchange poll = protocol.poll(ada, "");
        poll.peerGoes();

        protocol.pass(Duration.ofSeconds(62));

        await().until(() -> protocol.comet.findClientByPrivateToken("secret-of-ada").isEmpty());
    }

    @Test
    @DisplayName("C10 disconnect answers the held request")
    void poll_clientDisconnects_isAnsweredClosed() {
        FakeExchange poll = protocol.poll(ada, "");

        FakeExchange disconnect =
                protocol.handle(FakeExchange.post("/disconnect").bearer("secret-of-ada"));

        assertThat(disconnect.status()).isEqualTo(204);
        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.only("comet.closed").path("reason").stringValue())
                .isEqualTo("disconnected");
        protocol.poll(ada, "").isError(404, "client-does-not-exist");
    }

    @Test
    @DisplayName("W12 close() answers held requests, and later ones too")
    void poll_managerCloses_isAnswered503() {
        FakeExchange held = protocol.poll(ada, "");

        protocol.comet.close();

        held.isError(503, "closed");
        assertThat(held.responseHeader("Retry-After")).isEqualTo("5");
        protocol.poll(ada, "").isError(503, "closed");
    }

    @Test
    void poll_managerDrains_isSentAway() {
        FakeExchange held = protocol.poll(ada, "");

        protocol.comet.drain(Duration.ZERO);
        protocol.pass(Duration.ofSeconds(1));

        assertThat(held.status()).isEqualTo(200);
        held.only("comet.reconnect");
        protocol.poll(ada, "").only("comet.reconnect");
    }

    @Test
    @DisplayName("W1 an unknown token: a 404 that says what was wrong with the credentials")
    void poll_unknownToken_saysSoToWhomUsesBearers() {
        FakeExchange unknown = protocol.handle(FakeExchange.get("/poll").bearer("nobody"));
        unknown.isError(404, "client-does-not-exist");
        assertThat(unknown.responseHeader("WWW-Authenticate"))
                .isEqualTo("Bearer realm=\"comet\", error=\"invalid_token\"");
    }

    @Test
    @DisplayName("W1 no token: an error answer")
    void poll_withoutAToken_isRefused() {
        FakeExchange none = protocol.handle(FakeExchange.get("/poll"));
        none.isError(401, "token-missing");
        assertThat(none.responseHeader("WWW-Authenticate")).isEqualTo("Bearer realm=\"comet\"");
        protocol.handle(FakeExchange.get("/poll").header("Authorization", "Basic YTpi"))
                .isError(401, "token-missing");
        protocol.handle(FakeExchange.get("/poll").header("Authorization", "Bearer "))
                .isError(401, "token-missing");
        protocol.handle(FakeExchange.post("/poll").form("lastMessageId=0"))
                .isError(401, "token-missing");
    }

    @Test
    @DisplayName("C4 a token in the URL is not read")
    void poll_tokenInTheUrl_isNoToken() {
        protocol.handle(FakeExchange.get("/poll?privateToken=secret-of-ada"))
                .isError(401, "token-missing");
    }

    @Test
    void poll_tokenInTheUrlAllowed_isRead() {
        try (Protocol lax = new Protocol((comet, app) -> app.urlTokens(true))) {
            lax.client("ada");
            FakeExchange poll =
                    lax.handle(
                            FakeExchange.get("/poll?lastMessageId=0&privateToken=secret-of-ada"));
            assertThat(poll.isHeld()).isTrue();
        }
    }

    @Test
    void poll_tokenInHeaderAndBody_theHeaderCounts() {
        FakeExchange poll =
                protocol.handle(
                        FakeExchange.post("/poll")
                                .bearer("secret-of-ada")
                                .form("privateToken=nobody"));
        assertThat(poll.isHeld()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nobody",
                "ada",
                "a b",
                "secret-of-ada,",
                "*",
                "sécret",
                "\"secret-of-ada\"",
                "secret-of-ada\u0000"
            })
    @DisplayName("W1 C4 H6 unknown, malformed and public tokens get one uniform 404")
    void poll_badToken_getsTheUniformAnswer(String token) {
        FakeExchange poll = protocol.handle(FakeExchange.get("/poll").bearer(token));
        FakeExchange unknown = protocol.handle(FakeExchange.get("/poll").bearer("unknown"));

        poll.isError(404, "client-does-not-exist");
        assertThat(poll.text()).isEqualTo(unknown.text());
        assertThat(poll.response().headers()).isEqualTo(unknown.response().headers());
    }

    @Test
    @DisplayName("H1 a token that is too long is unknown")
    void poll_longToken_getsTheUniformAnswer() {
        protocol.handle(FakeExchange.get("/poll").bearer("x".repeat(100_000)))
                .isError(404, "client-does-not-exist");
    }

    @Test
    @DisplayName("C7 a client that never polled is killed, and unknown from then on")
    void poll_clientStaysAway_tokenIsUnknown() {
        protocol.pass(Duration.ofSeconds(62));
        await().until(() -> protocol.comet.findClientByPrivateToken("secret-of-ada").isEmpty());

        protocol.poll(ada, "").isError(404, "client-does-not-exist");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "get"})
    @DisplayName("H2 wrong method")
    void poll_wrongMethod_isRefused(String method) {
        FakeExchange poll =
                protocol.handle(FakeExchange.request(method, "/poll").bearer("secret-of-ada"));

        poll.isError(405, "method-not-allowed");
        assertThat(poll.responseHeader("Allow")).isEqualTo("GET, HEAD, POST");
    }
}
