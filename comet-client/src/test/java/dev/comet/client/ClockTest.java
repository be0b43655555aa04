package dev.comet.client;

import static dev.comet.client.World.beat;
import static dev.comet.client.World.message;
import static dev.comet.client.World.own;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The clock of the machine is set, by NTP or by its user: no time has gone by. */
class ClockTest {

    private static final long HOUR = 3_600_000;
    private static final String TIMEOUT = own("timeout", "{\"lastMessageId\":10}");

    private final World world = new World();

    private void advanceToNextRequest() {
        int before = world.requests.size();
        for (int i = 0; i < 600 && world.requests.size() == before; i++) {
            world.advance(100);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {HOUR, -HOUR})
    @DisplayName("L1 a send that is under way is not broken off, and ends in its time")
    void send_clockIsSet_endsInItsTime(long ahead) {
        Comet comet = world.connected();
        CompletableFuture<JsonNode> answered = comet.send("n", 1).toCompletableFuture();
        World.Asked first = world.last();
        CompletableFuture<JsonNode> silent = comet.send("n", 2).toCompletableFuture();
        world.setClock(ahead);
        world.advance(10_000);
        assertThat(answered).isNotDone();
        first.json("7");
        assertThat(answered).isCompletedWithValueMatching(reply -> reply.intValue() == 7);
        world.advance(19_999);
        assertThat(silent).isNotDone();
        world.advance(1);
        assertThat(silent).isCompletedExceptionally();
    }

    @ParameterizedTest
    @ValueSource(longs = {HOUR, -HOUR})
    @DisplayName("L1 a send that waits for its turn is sent, and has the rest of its time")
    void send_waitsAndClockIsSet_isSent(long ahead) {
        Comet comet =
                world.connected(
                        options -> options.maxConcurrentSends(1).timeout(Duration.ofSeconds(10)));
        comet.send("n", 1);
        World.Asked first = world.last();
        CompletableFuture<JsonNode> second = comet.send("n", 2).toCompletableFuture();
        world.advance(4_000);
        world.setClock(ahead);
        first.json("7");
        assertThat(second).isNotDone();
        assertThat(world.last().body().path("contents").intValue()).isEqualTo(2);
        world.advance(5_999);
        assertThat(second).isNotDone();
        world.advance(1);
        assertThat(second).isCompletedExceptionally();
    }

    @Test
    @DisplayName("L2 set back: the end of a hold is not taken for a stale answer")
    void poll_heldAndClockSetBack_isNoFailure() {
        Comet comet = world.connected();
        world.setClock(-HOUR);
        world.advance(25_000);
        world.poll(TIMEOUT);
        assertThat(world.seen.log).containsExactly("timeout 10");
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }

    @Test
    @DisplayName("L2 set forward: a stale answer is not taken for the end of a hold")
    void poll_staleAnswerAndClockSetForward_isAFailure() {
        world.connected();
        world.setClock(HOUR);
        world.poll(TIMEOUT);
        assertThat(world.seen.log).contains("failed answer-invalid 1 250");
    }

    @ParameterizedTest
    @ValueSource(longs = {HOUR, -HOUR})
    @DisplayName("L1 the application is told how long an answer took")
    void poll_clockIsSet_tookAsLongAsItTook(long ahead) {
        Comet comet = world.connected();
        List<Long> took = new ArrayList<>();
        comet.listen(
                new CometListener() {
                    @Override
                    public void succeeded(int messages, long millis) {
                        took.add(millis);
                    }
                });
        world.advance(2_000);
        world.setClock(ahead);
        world.poll(message(11));
        assertThat(took).containsExactly(2_000L);
    }

    @Test
    @DisplayName("L7 set back: how long polls live is learned all the same")
    void polls_cutAndClockSetBack_learnsHowLongTheyLive() {
        world.connected();
        world.setClock(-HOUR);
        world.advance(10_000);
        world.last().fail();
        advanceToNextRequest();
        world.poll(TIMEOUT);
        assertThat(world.last().target()).endsWith("&hold=7");
        world.setClock(-HOUR);
        world.advance(7_000);
        world.poll(TIMEOUT);
        assertThat(world.last().target()).endsWith("&hold=11");
    }

    @Test
    @DisplayName("L7 set forward: what failed at once is not learned from")
    void poll_failsAndClockSetForward_learnsNothing() {
        world.connected();
        world.advance(1_000);
        world.setClock(HOUR);
        world.last().fail();
        advanceToNextRequest();
        world.poll(TIMEOUT);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10");
    }

    @Test
    @DisplayName("L6 set back: a stream that does not get through is tried again in its time")
    void stream_keptBackAndClockSetBack_isTriedAgainInTime() {
        world.adopt(options -> options.transport(CometTransport.AUTO));
        world.advance(6_000);
        world.poll(message(11));
        world.setClock(-HOUR);
        world.advance(1_000);
        world.poll(message(12));
        assertThat(world.last().target()).startsWith("/poll?lastMessageId=12");
        world.advance(29_000);
        world.poll(message(13));
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=13");
    }

    @Test
    @DisplayName("L6 set back: the end of a stream that lived long is no failure")
    void stream_livedLongAndClockSetBack_isOpenedAgain() {
        world.connected(options -> options.transport(CometTransport.STREAM));
        world.advance(20_000);
        world.setClock(-HOUR);
        world.last().end();
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=10");
        assertThat(world.seen.log).isEmpty();
    }

    @Test
    @DisplayName("L1 set back: streams are acknowledged every 5 s")
    void stream_clockSetBack_isAcknowledged() {
        world.connected(options -> options.transport(CometTransport.STREAM));
        World.Asked stream = world.last();
        world.setClock(-HOUR);
        world.advance(5_000);
        stream.event(message(11));
        assertThat(world.last().target()).isEqualTo("/ack");
        assertThat(world.last().body().path("lastMessageId").asLong()).isEqualTo(11);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POLL", "STREAM"})
    @DisplayName("L9 set back: what is under way goes on; silence is noticed in time")
    void connection_clockSetBack_goesOn(CometTransport transport) {
        Comet comet = world.connected(options -> options.transport(transport));
        World.Asked held = world.last();
        world.setClock(-HOUR);
        long limit = transport == CometTransport.POLL ? 35_000 : 25_000;
        world.advance(limit - 1);
        assertThat(held.aborted).isFalse();
        world.advance(1);
        assertThat(held.aborted).isTrue();
        assertThat(comet.state()).isEqualTo(CometState.RECONNECTING);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POLL", "STREAM"})
    @DisplayName("L9 set forward, which looks like a sleep: asks again, and says nothing")
    void connection_clockSetForward_asksAgainAndSaysNothing(CometTransport transport) {
        Comet comet = world.connected(options -> options.transport(transport));
        int before = world.requests.size();
        world.setClock(HOUR);
        world.advance(5_000);
        assertThat(world.requests).hasSize(before + 1);
        if (transport == CometTransport.POLL) {
            world.poll(TIMEOUT);
        } else {
            world.last().stream();
            world.last().event(beat(10, 0));
        }
        world.seen.log.remove("timeout 10");
        world.advance(20_000);
        assertThat(world.seen.log).isEmpty();
        assertThat(world.requests.size()).isLessThanOrEqualTo(before + 2);
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }
}
