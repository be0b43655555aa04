package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SendTest {

    record Saying(String text, int volume) {}

    static final class Unencodable {
        @SuppressWarnings("unused")
        public String getText() {
            return List.of("").get(1);
        }
    }

    private final List<String> handled = new ArrayList<>();
    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("say", (client, m) -> handled.add(client + " " + m.contents()))
                                    .on("tell", (c, m) -> comet.sendToAll("told", m.contents()))
                                    .onRequest("echo", (client, message) -> message.contents())
                                    .onRequest("shout", (c, m) -> m.contents(Saying.class).text())
                                    .onRequest("me", (client, message) -> client)
                                    .onRequest(
                                            "unencodable", (client, message) -> new Unencodable())
                                    .on("refuse", (client, message) -> refuse())
                                    .on("fail", (c, m) -> fail(m.contents().asString()))
                                    .on("crash", (c, m) -> crash())
                                    .onRequestLater("later", (c, m) -> new CompletableFuture<>())
                                    .on("whisper", (c, m) -> comet.sendMessage("nobody", "w", 1))
                                    .on(
                                            "leave",
                                            (client, message) -> {
                                                comet.disconnect(client);
                                                comet.joinGroup(client, "room");
                                            }));
    private final CometClient ada = protocol.client("ada");

    private static void refuse() {
        throw new CometException(CometException.Reason.REFUSED, "not today");
    }

    private static void fail(String text) throws Exception {
        throw new Exception(text);
    }

    private static void crash() {
        throw new StackOverflowError("db password");
    }

    @AfterEach
    void close() {
        protocol.close();
    }

    @Test
    void send_hookWithoutReply_isAccepted() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"say\",\"contents\":\"hi\"}");

        assertThat(send.status()).isEqualTo(202);
        assertThat(send.response().body()).isEmpty();
        assertThat(handled).containsExactly("CometClient[ada, ada] \"hi\"");
    }

    @Test
    void send_hookWhoseLambdaHasAValue_repliesNothing() {
        assertThat(protocol.send(ada, "{\"name\":\"tell\",\"contents\":1}").status())
                .isEqualTo(202);
    }

    @Test
    @DisplayName("M5 contents are passed on as they are")
    void send_hookPassesContentsOn_theyArriveUnchanged() {
        String contents = "{\"a\":[1,2.5,true,null,{}],\"ü\":\"\uD83D\uDE00\\u0000\"}";

        protocol.send(ada, "{\"name\":\"tell\",\"contents\":" + contents + "}").response();

        assertThat(protocol.poll(ada, "").text()).endsWith("\"contents\":" + contents + "}]");
    }

    @Test
    void send_hookReplies_theReplyIsTheBody() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"echo\",\"contents\":{\"x\":[1]}}");

        assertThat(send.status()).isEqualTo(200);
        assertThat(send.text()).isEqualTo("{\"x\":[1]}");
    }

    @Test
    void send_contentsAsType_areConverted() {
        FakeExchange send =
                protocol.send(
                        ada, "{\"name\":\"shout\",\"contents\":{\"text\":\"hi\",\"volume\":11}}");
        FakeExchange misfit =
                protocol.send(
                        ada, "{\"name\":\"shout\",\"contents\":{\"text\":\"hi\",\"volume\":{}}}");

        assertThat(send.text()).isEqualTo("\"hi\"");
        misfit.isError(400, "parameters-invalid");
        assertThat(misfit.reason()).contains("contents.volume").doesNotContain("Saying");
    }

    @Test
    @DisplayName("C4 a client in a reply has no private token")
    void send_replyIsAClient_itsSecretStays() {
        assertThat(protocol.send(ada, "{\"name\":\"me\",\"contents\":1}").text())
                .contains("\"publicToken\":\"ada\"")
                .doesNotContain("secret");
    }

    @Test
    void send_array_repliesInOrder() {
        FakeExchange send =
                protocol.send(
                        ada,
                        "[{\"name\":\"echo\",\"contents\":1},{\"name\":\"say\",\"contents\":2},"
                                + "{\"name\":\"echo\",\"contents\":3}]");

        assertThat(send.text()).isEqualTo("[1,null,3]");
        assertThat(handled).hasSize(1);
    }

    @Test
    void send_arrayWithoutReplies_isAccepted() {
        FakeExchange send =
                protocol.send(
                        ada,
                        "[{\"name\":\"say\",\"contents\":1},{\"name\":\"say\",\"contents\":2}]");

        assertThat(send.status()).isEqualTo(202);
        assertThat(handled).hasSize(2);
    }

    @Test
    void send_oneOfAnArrayFails_theErrorSaysWhich() {
        FakeExchange send =
                protocol.send(
                        ada,
                        "[{\"name\":\"say\",\"contents\":1},{\"name\":\"refuse\",\"contents\":2},"
                                + "{\"name\":\"say\",\"contents\":3}]");

        send.isError(403, "refused");
        assertThat(send.only("comet.error").path("index").intValue()).isEqualTo(1);
        assertThat(handled).hasSize(1);
    }

    @Test
    void send_nobodyHandlesTheName_isRefused() {
        protocol.send(ada, "{\"name\":\"what\",\"contents\":1}").isError(404, "no-such-handler");
    }

    @Test
    void send_hookRefuses_theReasonIsTheAnswer() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"refuse\",\"contents\":1}");

        send.isError(403, "refused");
        assertThat(send.reason()).isEqualTo("not today");
    }

    @Test
    @DisplayName("H2 a hook that fails gives 500 without details")
    void send_hookThrows_detailsStayOnTheServer() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"fail\",\"contents\":\"db password\"}");

        send.isError(500, "handler-failed");
        assertThat(send.text()).doesNotContain("password");
        protocol.send(ada, "{\"name\":\"unencodable\",\"contents\":1}")
                .isError(500, "handler-failed");
    }

    @Test
    @DisplayName("H2 an Error of a hook does not get past the protocol to the container's page")
    void send_hookThrowsAnError_isAnsweredLikeAnyFailure() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"crash\",\"contents\":1}");

        send.isError(500, "handler-failed");
        assertThat(send.text()).doesNotContain("password");
    }

    @Test
    void send_hookRepliesWithAFuture_failsInsteadOfDescribingTheFuture() {
        protocol.send(ada, "{\"name\":\"later\",\"contents\":1}")
                .isError(400, "parameters-invalid");
    }

    @Test
    @DisplayName("H7 writing to somebody who has left does not end the sender's session")
    void send_hookWritesToAnUnknownClient_theSenderIsNotToldItIsUnknown() {
        FakeExchange send = protocol.send(ada, "{\"name\":\"whisper\",\"contents\":1}");

        send.isError(403, "refused");
        assertThat(send.reason()).contains("no client");
    }

    @Test
    void send_senderEndsMeanwhile_isToldSo() {
        protocol.send(ada, "{\"name\":\"leave\",\"contents\":1}")
                .isError(404, "client-does-not-exist");
    }

    @Test
    @DisplayName("W1 send without a token, or with an unknown one")
    void send_unknownCaller_isRefused() {
        String json = "{\"name\":\"say\",\"contents\":1}";
        protocol.handle(FakeExchange.post("/send").json(json)).isError(401, "token-missing");
        protocol.handle(FakeExchange.post("/send").json("[" + json + "]"))
                .isError(401, "token-missing");
        protocol.handle(FakeExchange.post("/send").bearer("ada").json(json))
                .isError(404, "client-does-not-exist");
        assertThat(handled).isEmpty();
    }

    @Test
    void send_tokenInTheBody_isRead() {
        FakeExchange send =
                protocol.handle(
                        FakeExchange.post("/send")
                                .json(
                                        "{\"privateToken\":\"secret-of-ada\",\"name\":\"say\","
                                                + "\"contents\":1}"));
        assertThat(send.status()).isEqualTo(202);
    }

    @Test
    void send_afterClose_isRefused() {
        protocol.comet.close();

        protocol.send(ada, "{\"name\":\"say\",\"contents\":1}").isError(503, "closed");
    }

    @Test
    @DisplayName("M7 queue-full reaches the sender")
    void send_recipientsLogIsFull_senderIsTold() {
        try (Protocol small =
                new Protocol(
                        dev.comet.CometLimits.builder()
                                .clientLog(
                                        new dev.comet.LogLimits(
                                                1, 1 << 20, dev.comet.LogLimits.ANY_AGE))
                                .build(),
                        (comet, app) ->
                                app.on(
                                        "tell",
                                        (c, m) -> comet.sendMessage("ada", "told", Map.of())))) {
            CometClient sender = small.client("ada");
            small.send(sender, "{\"name\":\"tell\",\"contents\":1}").response();

            FakeExchange refused = small.send(sender, "{\"name\":\"tell\",\"contents\":1}");

            refused.isError(429, "queue-full");
            assertThat(refused.responseHeader("Retry-After")).isEqualTo("1");
        }
    }
}
