package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.CometReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests from and to clients, as they travel. */
class RequestTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final List<String> correlations = new ArrayList<>();
    private final CompletableFuture<Object> later = new CompletableFuture<>();
    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("note", (client, m) -> correlations.add(m.correlationId()))
                                    .onRequest("echo", (client, m) -> m.contents())
                                    .onRequestLater("later", (client, m) -> later)
                                    .onRequestLater(
                                            "light",
                                            (client, m) ->
                                                    comet.request(
                                                            "lamp",
                                                            "light.set",
                                                            m.contents(),
                                                            TIMEOUT,
                                                            String.valueOf(m.correlationId()))));
    private final CometClient lamp = protocol.client("lamp");
    private final CometClient phone = protocol.client("phone");

    @AfterEach
    void close() {
        protocol.close();
    }

    private FakeExchange request(String name, String contents) {
        return request(name, "c-1", contents);
    }

    private FakeExchange request(String name, String correlationId, String contents) {
        return protocol.send(
                phone,
                "{\"name\":\"%s\",\"correlationId\":\"%s\",\"contents\":%s}"
                        .formatted(name, correlationId, contents));
    }

    private FakeExchange reply(CometClient client, String json) {
        return protocol.handle(
                FakeExchange.post("/reply").bearer(client.privateToken()).json(json));
    }

    private String polled(CometClient client) {
        return protocol.poll(client, "?hold=0").text();
    }

    private String replyText(String correlationId, String rest) {
        return "{\"correlationId\":\"" + correlationId + "\"," + rest + "}";
    }

    @Test
    @DisplayName("M10: a request to a client carries its correlation id, and its reply comes back")
    void reply_toARequest_reachesTheCaller() {
        CompletionStage<CometReply> stage =
                protocol.comet.request("lamp", "light.set", Map.of("on", true), TIMEOUT, "c-7");
        assertThat(polled(lamp))
                .contains("\"name\":\"light.set\",\"correlationId\":\"c-7\",\"contents\":{\"on\"");
        FakeExchange reply = reply(lamp, replyText("c-7", "\"contents\":[1,null]"));
        assertThat(reply.status()).isEqualTo(204);
        assertThat(stage.toCompletableFuture().join().contentsJson())
                .asString()
                .isEqualTo("[1,null]");

        FakeExchange again = reply(lamp, replyText("c-7", "\"contents\":2"));
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.text()).contains("already-replied");
        FakeExchange foreign = reply(phone, replyText("c-7", "\"contents\":2"));
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.text()).contains("no-such-request");
    }

    @Test
    @DisplayName("M10: a refusal reaches the caller in the client's words")
    void reply_refused_reachesTheCaller() {
        CompletionStage<CometReply> stage =
                protocol.comet.request("lamp", "light.set", 1, TIMEOUT, "c-7");
        assertThat(reply(lamp, replyText("c-7", "\"refused\":\"broken\"")).status()).isEqualTo(204);
        assertThat(stage.toCompletableFuture())
                .isCompletedExceptionally()
                .failsWithin(Duration.ofSeconds(1))
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("broken");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"contents\":1}",
                "{\"correlationId\":7,\"contents\":1}",
                "{\"correlationId\":\"a b\",\"contents\":1}",
                "{\"correlationId\":\"c\",\"refused\":7}",
                "[1]"
            })
    @DisplayName("H2: a malformed reply is refused with a reason")
    void reply_malformed_isRefused(String json) {
        assertThat(reply(lamp, json).status()).isEqualTo(400);
        assertThat(reply(lamp, json).text()).contains("parameters-invalid");
    }

    @Test
    @DisplayName("W1: a reply without a token, or with an unknown one, is answered")
    void reply_unknownToken_isAnswered() {
        String json = replyText("c-7", "\"contents\":1");
        assertThat(protocol.handle(FakeExchange.post("/reply").json(json)).status()).isEqualTo(401);
        assertThat(protocol.handle(FakeExchange.post("/reply").bearer("x").json(json)).status())
                .isEqualTo(404);
        assertThat(protocol.handle(FakeExchange.get("/reply")).status()).isEqualTo(405);
    }

    @Test
    @DisplayName("M10: what a hook replies at once is the answer")
    void send_request_isAnsweredAtOnce() {
        FakeExchange echo = request("echo", "[1]");
        assertThat(echo.status()).isEqualTo(200);
        assertThat(echo.text()).isEqualTo("[1]");
        FakeExchange note = request("note", "1");
        assertThat(note.status()).isEqualTo(200);
        assertThat(note.text()).isEqualTo("null");
        assertThat(correlations).containsExactly("c-1");
        assertThat(protocol.send(phone, "{\"name\":\"note\",\"contents\":1}").status())
                .isEqualTo(202);
        assertThat(correlations).containsExactly("c-1", null);
    }

    @Test
    @DisplayName("M10: what a hook replies later comes as a message")
    void send_requestRepliedLater_isAMessage() {
        FakeExchange answer = request("later", "1");
        assertThat(answer.status()).isEqualTo(202);
        later.complete(Map.of("done", true));
        assertThat(polled(phone))
                .contains(
                        "\"name\":\"comet.reply\",\"correlationId\":\"c-1\",\"contents\":{\"done\":true}}]");
    }

    @Test
    @DisplayName("M10: a failure says which, and nothing that is none of the client's business")
    void send_requestFailsLater_isRefused() {
        request("later", "1");
        later.completeExceptionally(new IllegalStateException("db password"));
        assertThat(polled(phone))
                .contains("\"name\":\"comet.refused\",\"correlationId\":\"c-1\"")
                .contains("handler-failed")
                .doesNotContain("password");
    }

    @Test
    @DisplayName("M10: phone, server, lamp and back: two hops, one correlation id")
    void send_requestToAnotherClient_comesBack() {
        assertThat(request("light", "{\"on\":true}").status()).isEqualTo(202);
        assertThat(polled(lamp)).contains("\"correlationId\":\"c-1\",\"contents\":{\"on\":true}");
        reply(lamp, replyText("c-1", "\"contents\":{\"lumen\":800}"));
        assertThat(polled(phone))
                .contains("comet.reply\",\"correlationId\":\"c-1\",\"contents\":{\"lumen\":800}");
        assertThat(polled(lamp)).doesNotContain("comet.reply");
    }

    @Test
    @DisplayName("M10: a refusal, a lost client and a timeout are told apart at the other end")
    void send_requestToAnotherClient_failsInItsOwnWay() {
        request("light", "1");
        reply(lamp, replyText("c-1", "\"refused\":\"broken\""));
        assertThat(polled(phone)).contains("\"code\":\"refused\",\"reason\":\"broken\"");

        request("light", "c-2", "1");
        protocol.comet.disconnect(lamp);
        assertThat(polled(phone)).contains("\"code\":\"client-does-not-exist\"");
        // At once, too, for a client that is not there.
        request("light", "c-3", "1");
        List<CometMessage> all =
                protocol.comet
                        .endpoint()
                        .beginSubscribe(phone.privateToken(), 0, Duration.ZERO, 0)
                        .answer()
                        .batch()
                        .messages();
        assertThat(all).hasSize(3);
    }

    @Test
    @DisplayName("M10: requests are sent alone, and plain sends wait for nobody")
    void send_requestWhereNoneMayBe_isRefused() {
        FakeExchange array =
                protocol.send(
                        phone, "[{\"name\":\"echo\",\"correlationId\":\"c\",\"contents\":1}]");
        assertThat(array.status()).isEqualTo(400);
        assertThat(array.text()).contains("alone");
        assertThat(protocol.send(phone, "{\"name\":\"later\",\"contents\":1}").status())
                .isEqualTo(400);
        String bad = "{\"name\":\"echo\",\"correlationId\":\"a b\",\"contents\":1}";
        assertThat(protocol.send(phone, bad).status()).isEqualTo(400);
    }

    /** Kept so that a reason added here is given a status. */
    @Test
    void refusal_everyReason_hasAStatus() {
        for (CometException.Reason reason : CometException.Reason.values()) {
            assertThat(HttpErrorException.of(new CometException(reason, "text")).code())
                    .isEqualTo(reason.code());
        }
    }

    @Test
    @DisplayName(
            "H19 a client whose requests are not replied to takes a share of the places, no more")
    void request_oneClientAsksTooMuch_isRefusedAndOthersAreNot() {
        for (int i = 0; i < 100; i++) {
            assertThat(request("later", "c-" + i, "1").status()).isEqualTo(202);
        }
        protocol.pass(Duration.ofSeconds(2)); // so that it is not the rate that refuses
        FakeExchange tooMany = request("later", "c-too-many", "1");
        assertThat(tooMany.status()).isEqualTo(429);
        assertThat(tooMany.text()).contains("wait for a reply");
        CometClient other = protocol.client("other");
        FakeExchange others =
                protocol.send(other, "{\"name\":\"later\",\"correlationId\":\"c\",\"contents\":1}");
        assertThat(others.status()).isEqualTo(202);

        later.complete("done");

        assertThat(request("echo", "c-again", "1").status()).isEqualTo(200);
        assertThat(request("later", "c-later", "1").status()).isEqualTo(202);
    }
}
