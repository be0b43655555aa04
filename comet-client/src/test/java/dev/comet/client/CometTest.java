package dev.comet.client;

import static dev.comet.client.World.beat;
import static dev.comet.client.World.message;
import static dev.comet.client.World.own;
import static dev.comet.client.World.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client does, in a world that the test moves. */
class CometTest {

    private final World world = new World();

    private void advanceToNextRequest() {
        int before = world.requests.size();
        for (int i = 0; i < 600 && world.requests.size() == before; i++) {
            world.advance(100);
        }
    }

    @Test
    @DisplayName("L1 the first request asks for an answer at once, the next is held")
    void adopt_first_asksForAnAnswerAtOnce() {
        Comet comet = world.adopt(options -> options);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10&hold=0");
        assertThat(world.last().request.headers()).containsEntry("Comet-Token", "secret-1");
        world.poll(own("timeout", "{\"lastMessageId\":12}"));
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
        assertThat(world.seen.log).containsExactly("CONNECTING", "CONNECTED", "timeout 12");
        assertThat(comet.toString()).doesNotContain("secret");
        assertThat(comet.session().toString()).doesNotContain("secret");
    }

    @Test
    @DisplayName("L3 the cursor never goes back, and what comes twice is dropped")
    void answer_repetitions_areDropped() {
        Comet comet = world.connected();
        world.poll(message(11), message(12));
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
        world.poll(message(11), message(12), message(13));
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=13");
        assertThat(world.seen.log).containsExactly("11", "12", "13");
        assertThat(comet.lastMessageId()).isEqualTo(13);
    }

    @Test
    @DisplayName("L3 a gap comes in its place; one that is known already does not come")
    void answer_gap_isTold() {
        world.connected();
        world.poll(own("gap", "{\"from\":11,\"to\":14,\"reason\":\"overflow\"}"), message(15));
        world.poll(own("gap", "{\"from\":11,\"to\":14,\"reason\":\"overflow\"}"), message(16));
        world.poll(own("gap", "{\"from\":0,\"to\":5,\"reason\":\"unknown-cursor\"}"));
        assertThat(world.seen.log)
                .containsExactly("gap 11-14 overflow", "15", "16", "gap 0-5 unknown-cursor");
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=5");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "[1]",
                "[{\"id\":-1,\"name\":\"n\",\"contents\":1}]",
                "[{\"id\"",
                ""
            })
    @DisplayName("L2 what is no answer changes nothing and is asked again, later")
    void answer_invalid_isAskedAgain(String body) {
        Comet comet = world.connected();
        world.last().json(body);
        assertThat(comet.state()).isEqualTo(CometState.RECONNECTING);
        assertThat(world.seen.log).containsExactly("failed answer-invalid 1 250", "RECONNECTING");
        world.advance(250);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10&hold=0");
    }

    @Test
    @DisplayName("L2 backs off with jitter, up to half a minute; resets after a held answer")
    void failures_inARow_backOff() {
        Comet comet = world.connected();
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            long began = world.elapsedMillis();
            world.last().fail();
            advanceToNextRequest();
            waits.add(world.elapsedMillis() - began);
        }
        // Steps of 100 ms; 0.5 of 500, 1,000, … 30,000.
        assertThat(waits.subList(0, 4)).containsExactly(300L, 500L, 1_000L, 2_000L);
        assertThat(waits.get(9)).isEqualTo(15_000);
        world.poll(own("timeout", "{\"lastMessageId\":10}"));
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
        world.poll(message(11));
        world.seen.log.clear();
        world.last().fail();
        assertThat(world.seen.log).contains("failed network 1 250");
    }

    @Test
    @DisplayName("L2 the server says how long to stay away")
    void failure_retryAfter_isHeeded() {
        world.connected();
        world.last().answer(503, "application/json", "7", refusal("draining"));
        assertThat(world.seen.log).contains("failed draining 1 7250");
        int before = world.requests.size();
        world.advance(7_249);
        assertThat(world.requests).hasSize(before);
        world.advance(1);
        assertThat(world.requests).hasSize(before + 1);
    }

    @Test
    @DisplayName("L2 a 404 of something on the way is no lost session; a refusal of Comet is final")
    void failure_permanentOrNot_isToldApart() {
        Comet comet = world.connected();
        world.last().answer(404, "text/html", "<h1>Not Found</h1>");
        assertThat(comet.state()).isEqualTo(CometState.RECONNECTING);
        world.advance(1_000);
        world.last().answer(403, "application/json", refusal("refused"));
        assertThat(comet.state()).isEqualTo(CometState.LOST);
        assertThat(world.seen.log).contains("failed refused 2 -1");
        assertThat(world.timers()).isZero();
    }

    @Test
    @DisplayName("L3 a lost session without another one is the end of it")
    void sessionLost_noReconnect_isLost() {
        Comet comet = world.connected();
        world.last().answer(404, "application/json", refusal("client-does-not-exist"));
        assertThat(comet.state()).isEqualTo(CometState.LOST);
        assertThat(world.seen.log).containsExactly("lost pub-1 null", "LOST");
        assertThat(world.timers()).isZero();
    }

    @Test
    @DisplayName("L3 a lost session is replaced at once, but not in a storm")
    void sessionLost_reconnectFailsThenWorks_goesOn() {
        List<CompletableFuture<CometSession>> asked = new ArrayList<>();
        Comet comet =
                world.connected(
                        options ->
                                options.reconnect(
                                        () -> {
                                            asked.add(new CompletableFuture<>());
                                            return asked.get(asked.size() - 1);
                                        }));
        world.last().answer(404, "application/json", refusal("client-does-not-exist"));
        assertThat(asked).hasSize(1);
        asked.get(0).completeExceptionally(new IllegalStateException("not now"));
        assertThat(world.seen.log).contains("failed reconnect-failed 1 250");
        world.advance(250);
        assertThat(asked).hasSize(2);
        world.advance(30_000); // it takes too long
        assertThat(world.seen.log).contains("failed silence 2 500");
        world.advance(500);
        asked.get(1).complete(new CometSession("late", "secret", "", 25, 0)); // reaches nobody
        asked.get(2).complete(new CometSession("pub-2", "secret-2", "", 25, 100));
        assertThat(comet.publicToken()).isEqualTo("pub-2");
        assertThat(world.seen.log).contains("lost pub-1 pub-2", "CONNECTED");
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=100");
        assertThat(world.last().request.headers()).containsEntry("Comet-Token", "secret-2");
    }

    @Test
    @DisplayName("L3 its own late request is not taken for another program; another's is")
    void superseded_byItsOwnRequest_asksAgain() {
        Comet comet = world.connected();
        for (int wait : new int[] {0, 6_000, 20_000}) {
            world.advance(wait); // however late it comes: nobody else is there
            superseded("{\"instance\":" + world.last().instance() + "}");
            assertThat(comet.state()).isNotEqualTo(CometState.SUPERSEDED);
            advanceToNextRequest();
            world.poll(own("timeout", "{\"lastMessageId\":10}"));
            assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
        }
        superseded("{\"instance\":7}");
        assertThat(comet.state()).isEqualTo(CometState.SUPERSEDED);
        comet.subscribe();
        assertThat(comet.state()).isEqualTo(CometState.CONNECTING);
        superseded("{}");
        assertThat(comet.state()).isEqualTo(CometState.SUPERSEDED);
    }

    private void superseded(String contents) {
        world.last().answer(409, "application/json", "[" + own("superseded", contents) + "]");
    }

    @Test
    @DisplayName(
            "L4 unsubscribe aborts at once, says nothing twice, and what comes late reaches nobody")
    void unsubscribe_whileHeld_aborts() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        comet.unsubscribe();
        comet.unsubscribe();
        assertThat(held.aborted).isTrue();
        assertThat(world.timers()).isZero();
        held.json("[" + message(11) + "]");
        assertThat(world.seen.log).containsExactly("PAUSED");
        comet.subscribe();
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10&hold=0");
    }

    @Test
    @DisplayName("L4 close aborts at once, for good, and tells the server nothing")
    void close_whileHeld_aborts() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        comet.close();
        assertThat(held.aborted).isTrue();
        assertThat(world.last()).isSameAs(held);
        assertThat(world.timers()).isZero();
        assertThatThrownBy(comet::subscribe).hasMessageContaining("closed");
        assertThat(comet.session().lastMessageId()).isEqualTo(10);
    }

    @Test
    @DisplayName("L5 a handler that throws stops nothing")
    void handler_throws_stopsNothing() {
        Comet comet = world.connected();
        comet.on(
                "n",
                message -> {
                    throw new IllegalStateException("expected");
                });
        world.poll(message(11), message(12));
        assertThat(world.seen.log)
                .containsExactly("handler failed 11", "11", "handler failed 12", "12");
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
    }

    @Test
    @DisplayName(
            "L5 asks again before handlers finish; when they are far behind, not before they catch up")
    void handlers_slow_pollsGoOnWithinABound() {
        List<Runnable> tasks = new ArrayList<>();
        Comet comet = world.connected(options -> options.bufferLimit(5).executor(tasks::add));
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10");
        while (!tasks.isEmpty()) {
            tasks.remove(0).run();
        }
        world.poll(message(11), message(12)); // two, and that it succeeded
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
        world.poll(message(13), message(14));
        int asked = world.requests.size();
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
        while (!tasks.isEmpty()) {
            tasks.remove(0).run();
        }
        assertThat(world.requests).hasSize(asked + 1);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=14");
        assertThat(comet.lastMessageId()).isEqualTo(14);
    }

    @Test
    @DisplayName("L7 polls that are cut: asks for shorter holds, then probes upwards")
    void polls_cut_learnsHowLongTheyLive() {
        world.connected();
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10");
        world.advance(10_000);
        world.last().fail(); // cut after 10 s
        advanceToNextRequest();
        world.poll(own("timeout", "{\"lastMessageId\":10}"));
        assertThat(world.last().target()).endsWith("&hold=7");
        world.advance(7_000);
        world.poll(own("timeout", "{\"lastMessageId\":10}"));
        assertThat(world.last().target()).endsWith("&hold=11");
        world.advance(10_000);
        world.last().fail();
        advanceToNextRequest();
        world.poll(own("timeout", "{\"lastMessageId\":10}"));
        assertThat(world.last().target()).endsWith("&hold=7");
        for (int i = 0; i < 2; i++) { // now it takes two that lived
            assertThat(world.last().target()).endsWith("&hold=7");
            world.advance(7_000);
            world.poll(own("timeout", "{\"lastMessageId\":10}"));
        }
        assertThat(world.last().target()).endsWith("&hold=11");
    }

    @Test
    @DisplayName(
            "L9 silence is asked about once, then the application is told; it goes on by itself")
    void stream_silent_isAState() {
        Comet comet = world.connected(options -> options.transport(CometTransport.STREAM));
        world.advance(24_999);
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
        World.Asked silent = world.last();
        world.advance(1);
        assertThat(silent.aborted).isTrue();
        assertThat(comet.state()).isEqualTo(CometState.RECONNECTING);
        world.advance(250);
        assertThat(world.last()).isNotSameAs(silent); // asked once more
        world.advance(6_000);
        assertThat(comet.state()).isEqualTo(CometState.DISCONNECTED);
        assertThat(world.seen.log)
                .containsExactly(
                        "failed silence 1 250",
                        "RECONNECTING",
                        "failed silence 2 500",
                        "DISCONNECTED");
        world.advance(500);
        world.last().stream();
        world.last().event(beat(10, 0));
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }

    @Test
    @DisplayName(
            "L9 a machine that slept asks again and says nothing; if that stays silent too, it says so")
    void poll_machineSlept_isAskedAgainFirst() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        world.sleep(3_600_000);
        world.advance(5_000);
        assertThat(held.aborted).isTrue();
        assertThat(world.last().target()).endsWith("&hold=0");
        assertThat(world.seen.log).isEmpty();
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
        world.advance(10_000);
        assertThat(world.seen.log).contains("failed silence 1 250");
    }

    @Test
    @DisplayName("L9 the network is back: a wait ends, what is under way is asked again")
    void wake_waitingOrHeld_asksAtOnce() {
        Comet comet = world.connected();
        world.last().fail();
        int before = world.requests.size();
        comet.wake();
        assertThat(world.requests).hasSize(before + 1);
        world.poll(own("timeout", "{\"lastMessageId\":10}"));
        World.Asked held = world.last();
        comet.wake();
        assertThat(held.aborted).isTrue();
        assertThat(world.last().target()).endsWith("&hold=0");
        assertThat(world.timers()).as("the deadline and the pulse").isEqualTo(2);
    }

    @Test
    @DisplayName(
            "L6 a stream that does not get through: polls at the same cursor, the stream again later")
    void stream_doesNotGetThrough_pollsAndProbes() {
        Comet comet = world.adopt(options -> options.transport(CometTransport.AUTO));
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=10");
        world.advance(6_000);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10&hold=0");
        world.poll(message(11));
        assertThat(comet.transport()).isEqualTo(CometTransport.POLL);
        assertThat(world.seen.log).containsExactly("CONNECTING", "by POLL", "CONNECTED", "11");
        world.advance(20_000);
        world.poll(message(12));
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=12");
        world.advance(10_000);
        world.poll(message(13));
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=13");
        world.last().stream();
        world.last().event(beat(13, 0), message(14));
        assertThat(world.seen.log)
                .containsExactly(
                        "CONNECTING", "by POLL", "CONNECTED", "11", "12", "13", "by STREAM", "14");
    }

    @Test
    @DisplayName("L6 a change of transport goes on at the same message")
    void use_otherTransport_goesOn() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        comet.use(CometTransport.STREAM);
        assertThat(held.aborted).isTrue();
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=10");
        world.last().stream();
        world.last().event(beat(10, 0));
        comet.use(CometTransport.POLL);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=10&hold=0");
        assertThat(world.seen.log).containsExactly("by STREAM");
    }

    @Test
    @DisplayName("L3 a heart-beat that knows of more than came: the stream is opened anew")
    void stream_messageLostOnTheWay_isNoticed() {
        world.connected(options -> options.transport(CometTransport.STREAM));
        world.last().event(message(11));
        World.Asked stream = world.last();
        stream.event(beat(12, 12));
        assertThat(stream.aborted).isTrue();
        world.advance(250);
        assertThat(world.last().target()).isEqualTo("/stream?lastMessageId=11");
    }

    @Test
    @DisplayName(
            "L1 streams are acknowledged every 5 s or 100 messages; nothing is read ahead of handlers")
    void stream_messages_areAcknowledged() {
        List<Runnable> tasks = new ArrayList<>();
        world.connected(
                options ->
                        options.transport(CometTransport.STREAM)
                                .bufferLimit(2)
                                .executor(tasks::add));
        World.Asked stream = world.last();
        int asked = stream.asked; // the connected state and a heart-beat wait: over the limit
        while (!tasks.isEmpty()) {
            tasks.remove(0).run();
        }
        assertThat(stream.asked).isEqualTo(asked + 1);
        world.advance(5_000);
        stream.event(message(11));
        while (!tasks.isEmpty()) {
            tasks.remove(0).run();
        }
        assertThat(world.last().target()).isEqualTo("/ack");
        assertThat(world.last().body().path("lastMessageId").asLong()).isEqualTo(11);
    }
}
