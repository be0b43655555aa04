package dev.comet.client;

import static dev.comet.client.World.beat;
import static dev.comet.client.World.message;
import static dev.comet.client.World.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever request is told that the session is lost, the client notices at once. */
class SessionLostTest {

    private static final CometSession NEXT = new CometSession("pub-2", "secret-2", "", 25, 100);

    private final World world = new World();

    private Comet receiving(CometTransport transport) {
        return world.connected(
                options ->
                        options.transport(transport)
                                .reconnect(() -> CompletableFuture.completedFuture(NEXT)));
    }

    private static void gone(World.Asked request) {
        request.answer(404, "application/json", refusal("client-does-not-exist"));
    }

    /** The paths of what was asked since. */
    private List<String> asked(int since) {
        return world.requests.subList(since, world.requests.size()).stream()
                .map(each -> each.target().replaceFirst("\\?.*", ""))
                .toList();
    }

    /** A stream that is to be confirmed: its request to confirm is the last. */
    private World.Asked acknowledging() {
        World.Asked stream = world.last();
        world.advance(5_000);
        stream.event(message(11));
        assertThat(world.last().target()).isEqualTo("/ack");
        return stream;
    }

    private static String path(CometTransport transport) {
        return transport == CometTransport.POLL ? "/poll" : "/stream";
    }

    @ParameterizedTest
    @CsvSource({
        "STREAM,ack",
        "STREAM,send",
        "STREAM,request",
        "STREAM,reply",
        "POLL,send",
        "POLL,request",
        "POLL,reply"
    })
    @DisplayName("L3 a request of the session is told that it is lost: it is replaced at once")
    void request_isToldThatTheSessionIsLost_itIsReplacedAtOnce(
            CometTransport transport, String what) {
        Comet comet = receiving(transport);
        World.Asked held = world.last();
        switch (what) {
            case "ack" -> acknowledging();
            case "send" -> comet.send("n", 1);
            case "request" -> comet.request("n", 1, Duration.ofSeconds(5));
            default -> {
                comet.on("ask", asked -> asked.reply(1));
                String ask =
                        "{\"id\":11,\"name\":\"ask\",\"correlationId\":\"c-1\",\"contents\":1}";
                if (transport == CometTransport.POLL) {
                    held.json("[" + ask + "]");
                } else {
                    held.event(ask);
                }
            }
        }
        World.Asked told =
                world.requests.stream().filter(each -> each.request.body() != null).toList().get(0);
        int before = world.requests.size();
        gone(told);
        assertThat(asked(before)).as("whether that is so").containsExactly(path(transport));
        gone(world.last());
        assertThat(world.seen.log).contains("lost pub-1 pub-2");
        assertThat(world.seen.log).noneMatch(word -> word.startsWith("failed"));
        assertThat(comet.publicToken()).isEqualTo("pub-2");
        assertThat(world.last().request.headers()).containsEntry("Comet-Token", "secret-2");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    @DisplayName("L3 a send is told while the client waits after failures: it asks at once")
    void send_whileTheClientWaitsAfterFailures_itIsReplacedAtOnce(int failures) {
        Comet comet = receiving(CometTransport.POLL);
        for (int i = 1; i < failures; i++) {
            world.last().fail();
            world.advance(30_000);
            assertThat(world.last().target()).startsWith("/poll");
        }
        world.last().fail();
        comet.send("n", 1);
        int before = world.requests.size();
        gone(world.last());
        assertThat(asked(before)).as("the server is there again").containsExactly("/poll");
        gone(world.last());
        assertThat(comet.publicToken()).isEqualTo("pub-2");
    }

    @Test
    @DisplayName("L3 sends cut one wait short, and no other until there is an answer")
    void send_isToldAgainAndAgainWhileFailuresLast_hurriesOnce() {
        Comet comet = receiving(CometTransport.POLL);
        world.last().fail();
        int polls = 0;
        for (int i = 0; i < 20; i++) {
            CompletionStage<?> unused = comet.send("n", 1);
            int before = world.requests.size();
            gone(world.last());
            polls += asked(before).size();
            if (!asked(before).isEmpty()) {
                world.last().fail();
            }
        }
        assertThat(polls).as("without a moment of waiting").isEqualTo(1);
    }

    @Test
    @DisplayName("L3 a session that is lost as soon as it is made: sends hurry nothing")
    void send_whileASessionThatWasLostTwiceIsWaitedFor_doesNotHurryIt() {
        Comet comet = receiving(CometTransport.POLL);
        gone(world.last());
        gone(world.last());
        comet.send("n", 1);
        int before = world.requests.size();
        gone(world.last());
        assertThat(asked(before)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "403,refused",
        "404,no-such-handler",
        "404,no-such-request",
        "429,too-many-requests",
        "500,handler-failed",
        "503,draining"
    })
    @DisplayName("L3 what else a send is told says nothing of the session")
    void send_isToldSomethingElse_goesOn(int status, String code) {
        Comet comet = receiving(CometTransport.STREAM);
        World.Asked stream = world.last();
        CompletionStage<?> sent = comet.send("n", 1);
        int before = world.requests.size();
        world.last().answer(status, "application/json", refusal(code));
        assertThat(sent.toCompletableFuture()).isCompletedExceptionally();
        assertThat(asked(before)).isEmpty();
        assertThat(stream.aborted).isFalse();
    }

    @Test
    @DisplayName("M2 an ack that may pass the next time is made up for by the next")
    void ack_fails_isMadeUpForByTheNext() {
        receiving(CometTransport.STREAM);
        World.Asked stream = acknowledging();
        world.last().answer(503, "application/json", refusal("draining"));
        world.advance(5_000);
        stream.event(beat(12, 11));
        assertThat(world.last().body().path("lastMessageId").intValue()).isEqualTo(12);
        world.last().fail();
        world.advance(5_000);
        stream.event(beat(12, 11));
        world.last().answer(404, "text/html", "<h1>Not Found</h1>");
        assertThat(stream.aborted).isFalse();
        assertThat(asked(1)).containsOnly("/ack");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 415})
    @DisplayName(
            "M2 an ack is refused for good: the stream is opened again, which confirms as well")
    void ack_refusedForGood_theStreamIsOpenedAgain(int status) {
        Comet comet = receiving(CometTransport.STREAM);
        World.Asked stream = acknowledging();
        world.last().answer(status, "application/json", refusal("refused"));
        assertThat(stream.aborted).isTrue();
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=11");
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }

    @ParameterizedTest
    @EnumSource(
            value = CometTransport.class,
            names = {"POLL", "STREAM"})
    @DisplayName("L3 many sends are told so: one question is asked")
    void sends_manyAreToldThatTheSessionIsLost_oneQuestionIsAsked(CometTransport transport) {
        Comet comet = receiving(transport);
        int first = world.requests.size();
        for (int i = 0; i < 3; i++) {
            comet.send("n", i);
        }
        int before = world.requests.size();
        List.copyOf(world.requests.subList(first, before)).forEach(SessionLostTest::gone);
        assertThat(asked(before)).containsExactly(path(transport));
        assertThat(world.last().aborted).isFalse();
    }

    @Test
    @DisplayName("L3 a send of the session before is answered late: nothing moves")
    void send_ofTheSessionBefore_movesNothing() {
        Comet comet = receiving(CometTransport.POLL);
        World.Asked held = world.last();
        comet.send("n", 1);
        World.Asked sent = world.last();
        gone(held);
        assertThat(comet.publicToken()).isEqualTo("pub-2");
        int before = world.requests.size();
        gone(sent);
        assertThat(asked(before)).isEmpty();
        assertThat(world.last().aborted).isFalse();
    }
}
