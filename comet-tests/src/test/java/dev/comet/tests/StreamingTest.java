package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_SUBSCRIBED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordedStream;
import dev.comet.testkit.internal.RecordedStream.Heartbeat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Streams, without HTTP: beats of 15 s, cut off after 30 s. Long because it is a list of short
 * tests, from the opening to the end of a stream.
 */
@Timeout(60)
class StreamingTest {

    private static List<Long> sendEach(Server server, int times, String to) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            ids.add(server.manager.sendMessage(to, "n", i));
        }
        return ids;
    }

    // ---- opening

    @Test
    @DisplayName("W3: what is there comes before openStream returns, what follows as it is sent")
    void openStream_messagesBeforeAndAfter_comeInOrder() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 3, "ada");

            RecordedStream stream = server.stream(ada, 0);
            assertThat(stream.ids()).isEqualTo(sent);

            sent.add(server.manager.sendToAll("n", "all"));
            server.manager.joinGroup("ada", "room");
            sent.add(server.manager.sendToGroup("room", "n", "room"));
            sent.addAll(sendEach(server, 2, "ada"));
            assertThat(stream.awaitIds(7)).isEqualTo(sent);
            assertThat(server.manager.statistics().held().streams()).isEqualTo(1);
            assertThat(server.manager.statistics().messages().delivered()).isEqualTo(7);
        }
    }

    @Test
    @DisplayName("M1: with a cursor only what is above comes")
    void openStream_cursor_findsWhatIsAbove() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 3, "ada");

            assertThat(server.stream(ada, sent.get(1)).ids()).containsExactly(sent.get(2));
        }
    }

    @Test
    @DisplayName("the first thing that comes is a heart-beat with the client's own cursor")
    void openStream_beatsAtOnce() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 2, "ada");

            assertThat(server.stream(ada, 0).all().get(0)).isEqualTo(new Heartbeat(0, 0));
            assertThat(server.stream(ada, sent.get(0)).all().get(0))
                    .isEqualTo(new Heartbeat(sent.get(0), 0));
        }
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"unknown", "not a token\n"})
    @DisplayName("W1: an unknown token ends it before it has begun")
    void openStream_unknownToken_endsWithAnError(String token) {
        try (Server server = Server.start()) {
            RecordedStream stream = new RecordedStream();
            server.manager.endpoint().openStream(token, 0, stream, 0);
            assertThat(stream.all()).hasSize(1);
            assertThat(stream.awaitEnd().error())
                    .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
            assertThatThrownBy(stream::stream).hasMessageContaining("not opened");
            assertThat(server.manager.statistics().held().streams()).isZero();
        }
    }

    @Test
    @DisplayName("C5: clientSubscribed is told")
    void openStream_isToldToTheHandlers() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.stream(ada, 0);
            assertThat(server.events.count(CLIENT_SUBSCRIBED, ada)).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("M9: a cursor above the top gets a gap, and goes on from there")
    void openStream_cursorAboveTheTop_getsAGap() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 2, "ada");

            RecordedStream stream = server.stream(ada, Long.MAX_VALUE / 2);

            assertThat(stream.gaps()).hasSize(1);
            assertThat(stream.gaps().get(0).reason()).isEqualTo(CometGap.Reason.UNKNOWN_CURSOR);
            assertThat(stream.ids()).isEqualTo(sent);
        }
    }

    // ---- confirming

    @Test
    @DisplayName("M2: what was streamed comes again until it is confirmed, by ack or by a cursor")
    void stream_brokenOff_comesAgainAboveTheCursor() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 3, "ada");
            server.stream(ada, 0).stream().close();

            assertThat(server.stream(ada, 0).ids()).isEqualTo(sent);
            server.manager.endpoint().confirm(ada.privateToken(), sent.get(0));
            assertThat(server.manager.confirmedMessageId(ada)).isEqualTo(sent.get(0));
            assertThat(server.stream(ada, sent.get(1)).ids()).containsExactly(sent.get(2));
            assertThat(server.manager.confirmedMessageId(ada)).isEqualTo(sent.get(1));
            assertThat(server.fetch(ada, sent.get(2)).batch().messages()).isEmpty();
        }
    }

    @Test
    @DisplayName("M9: confirming what was never sent is refused, and confirms nothing")
    void confirm_noCursorOfTheClients_isRefused() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            long sent = server.manager.sendMessage("ada", "n", 1);
            for (long id : new long[] {sent + 1, Long.MAX_VALUE, 0, -1}) {
                assertThatThrownBy(() -> server.manager.endpoint().confirm(ada.privateToken(), id))
                        .isInstanceOf(CometException.class)
                        .hasMessageContaining("lastMessageId is " + id);
            }
            assertThat(server.fetch(ada, 0).batch().messages()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"REJECT", "DISCONNECT", "DROP_OLDEST"})
    @DisplayName("M7: a stream that nobody confirms blocks no sender, and loses nothing")
    void sendMessage_streamNotConfirmed_isAccepted(OverflowPolicy policy) {
        try (Server server = Server.start(smallLogs(10, policy))) {
            CometClient ada = server.client("ada");
            RecordedStream stream = server.stream(ada, 0);
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                sent.addAll(sendEach(server, 5, "ada"));
                server.settle();
            }
            assertThat(stream.ids()).isEqualTo(sent);
            assertThat(stream.gaps()).isEmpty();
            assertThat(server.manager.statistics().losses().dropped()).isZero();

            RecordedStream again = server.stream(ada, sent.get(4));
            assertThat(again.gaps()).hasSize(1);
            assertThat(again.gaps().get(0).to()).isEqualTo(sent.get(89));
            assertThat(again.ids()).isEqualTo(sent.subList(90, 100));
        }
    }

    @Test
    @DisplayName("M7: who does not take what comes fills its log, and the sender is refused")
    void sendMessage_streamStalled_refusesTheSender() {
        try (Server server = Server.start(smallLogs(10, OverflowPolicy.REJECT))) {
            CometClient ada = server.client("ada");
            List<Long> sent = new ArrayList<>(sendEach(server, 1, "ada"));
            RecordedStream stream = server.stream(ada, 0, new RecordedStream().takes(2));
            sent.addAll(sendEach(server, 9, "ada"));

            assertThatThrownBy(() -> server.manager.sendMessage("ada", "n", 1))
                    .isInstanceOfSatisfying(
                            CometException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.QUEUE_FULL));

            stream.goOn(Integer.MAX_VALUE);
            assertThat(stream.ids()).isEqualTo(sent);
            assertThat(stream.gaps()).isEmpty();
        }
    }

    private static CometLimits smallLogs(int messages, OverflowPolicy policy) {
        return CometLimits.builder()
                .clientLog(new LogLimits(messages, Long.MAX_VALUE, LogLimits.ANY_AGE))
                .overflow(policy)
                .build();
    }

    // ---- what the sink takes

    @Test
    @DisplayName("H3: nothing is given to a sink that can take no more; it stays in the log")
    void stream_sinkIsFull_waitsForReady() {
        CometLimits limits = CometLimits.builder().maxBytesPerWrite(1).build(); // one at a time
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 5, "ada");

            RecordedStream stream = server.stream(ada, 0, new RecordedStream().takes(3));
            server.settle();
            assertThat(stream.ids()).isEqualTo(sent.subList(0, 2));
            sent.addAll(sendEach(server, 1, "ada"));
            server.settle();
            assertThat(stream.ids()).hasSize(2);

            stream.goOn(1);
            assertThat(stream.ids()).isEqualTo(sent.subList(0, 3));
            stream.goOn(Integer.MAX_VALUE);
            assertThat(stream.ids()).isEqualTo(sent);
        }
    }

    @Test
    @DisplayName("many messages are one write, as large as maxBytesPerWrite allows")
    void stream_manyMessages_comeInLargeBatches() {
        CometLimits limits =
                CometLimits.builder()
                        .maxBytesPerWrite(10_000)
                        .clientLog(new LogLimits(10_000, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 5_000, "ada");

            RecordedStream stream = server.stream(ada, 0);
            server.settle();

            assertThat(stream.ids()).isEqualTo(sent);
            assertThat(stream.batches())
                    .hasSizeBetween(16, 100)
                    .allMatch(
                            batch ->
                                    batch.messages().stream()
                                                    .mapToInt(m -> m.encoded().sizeInBytes())
                                                    .sum()
                                            <= 10_000);
        }
    }

    @Test
    @DisplayName("H3: who takes nothing for 30 s is cut off, and finds everything when it returns")
    void stream_stalled_isCutOffAtTheDeadline() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 1, "ada");
            RecordedStream stream = server.stream(ada, 0, new RecordedStream().takes(2));
            sent.addAll(sendEach(server, 3, "ada"));

            server.pass(Duration.ofMillis(29_900));
            assertThat(stream.isEnded()).isFalse();
            server.pass(Duration.ofMillis(200));
            assertThat(stream.awaitEnd().outcome()).isEqualTo(Outcome.ABANDONED);
            assertThat(stream.ids()).hasSize(1);
            assertThat(stream.heartbeats()).as("but the first").hasSize(1);
            assertThat(server.manager.statistics().held().cutOff()).isEqualTo(1);
            assertThat(server.manager.statistics().held().streams()).isZero();

            assertThat(server.stream(ada, sent.get(0)).ids()).isEqualTo(sent.subList(1, 4));
        }
    }

    @Test
    @DisplayName("H3: who takes something now and then is not cut off")
    void stream_slow_isNotCutOff() {
        CometLimits limits = CometLimits.builder().maxBytesPerWrite(1).build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            List<Long> sent = sendEach(server, 8, "ada");
            RecordedStream stream = server.stream(ada, 0, new RecordedStream().takes(2));
            for (int i = 1; i < 8; i++) {
                server.pass(Duration.ofSeconds(29));
                stream.goOn(1);
            }
            assertThat(stream.ids()).isEqualTo(sent);
        }
    }

    @Test
    @DisplayName("W10: a sink that throws ends its own stream only")
    void stream_sinkThrows_othersGoOn() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            RecordedStream broken = server.stream(ada, 0, new RecordedStream().takes(1));
            RecordedStream whole = server.stream(bob, 0);
            broken.stream().ready(); // it lies: it takes nothing, and throws
            long sent = server.manager.sendToAll("n", 1);

            assertThat(broken.awaitEnd().outcome()).isEqualTo(Outcome.ABANDONED);
            assertThat(whole.awaitIds(1)).containsExactly(sent);
            assertThat(server.stream(ada, 0).ids()).containsExactly(sent);
        }
    }

    // ---- time

    @Test
    @DisplayName("a heart-beat after 15 s of silence, with the cursor and the last message's id")
    void time_nothingComes_beats() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.client("bob");
            long mine = server.manager.sendMessage("ada", "n", 1);
            RecordedStream stream = server.stream(ada, 0);
            long other = server.manager.sendMessage("bob", "n", 1);

            server.pass(Duration.ofMillis(14_900));
            assertThat(stream.heartbeats()).hasSize(1);
            server.pass(Duration.ofMillis(200));
            assertThat(stream.heartbeats())
                    .containsExactly(new Heartbeat(0, 0), new Heartbeat(other, mine));
            for (int i = 3; i < 10; i++) {
                server.pass(Duration.ofSeconds(15).plusMillis(20));
                assertThat(stream.heartbeats()).hasSize(i);
            }
        }
    }

    @Test
    @DisplayName("messages stand for heart-beats; silence is never longer than 15 s")
    void time_messagesCome_beatsOnlyAfterSilence() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            RecordedStream stream = server.stream(ada, 0);
            for (int i = 0; i < 10; i++) {
                server.pass(Duration.ofSeconds(10));
                server.manager.sendMessage("ada", "n", i);
                server.settle();
            }
            assertThat(stream.heartbeats()).as("but the first").hasSize(1);
            server.pass(Duration.ofMillis(15_040));
            assertThat(stream.heartbeats()).hasSize(2);
        }
    }

    @Test
    @DisplayName("C8: a client with a stream is never idle, whether it is silent or not")
    void time_streamOpen_isNeverIdle() {
        try (Server server = Server.start()) {
            CometClient silent = server.client("silent", 25, 5);
            CometClient busy = server.client("busy", 25, 5);
            RecordedStream first = server.stream(silent, 0);
            RecordedStream second = server.stream(busy, 0);
            for (int i = 0; i < 100; i++) {
                server.pass(Duration.ofSeconds(7));
                server.manager.sendMessage("busy", "n", i);
            }
            server.settle();
            assertThat(second.ids()).hasSize(100);
            assertThat(first.isEnded()).isFalse();
            assertThat(server.events.count(IDLE_CLIENT_KILLED, silent)).isZero();
            assertThat(server.events.count(IDLE_CLIENT_KILLED, busy)).isZero();
        }
    }

    @Test
    @DisplayName("C6, W13: when it ends the idle time begins")
    void close_peerIsGone_idleTimeBegins() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 25, 60);
            RecordedStream stream = server.stream(ada, 0);
            server.pass(Duration.ofMinutes(10));

            stream.stream().close();
            stream.stream().close();
            assertThat(stream.awaitEnd().outcome()).isEqualTo(Outcome.ABANDONED);
            server.pass(Duration.ofSeconds(59));
            assertThat(server.manager.findClientByPrivateToken(ada.privateToken())).isPresent();
            server.pass(Duration.ofSeconds(2));
            assertThat(server.events.count(IDLE_CLIENT_KILLED, ada)).isEqualTo(1);
            assertThat(server.manager.statistics().held().abandoned()).isEqualTo(1);
        }
    }

    // ---- ends

    @Test
    @DisplayName(
            "W5, W6: the newest wins, whichever transport; the end of the older changes nothing")
    void subscribe_again_supersedesAcrossTransports() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            RecordedStream first = server.stream(ada, 0);
            Request poll = server.poll(ada, 0);
            assertThat(first.awaitEnd().outcome()).isEqualTo(Outcome.SUPERSEDED);
            RecordedStream second = server.stream(ada, 0);
            assertThat(poll.await().outcome()).isEqualTo(Outcome.SUPERSEDED);
            RecordedStream third = server.stream(ada, 0);
            assertThat(second.awaitEnd().outcome()).isEqualTo(Outcome.SUPERSEDED);

            first.stream().close();
            second.stream().close();
            second.stream().ready();
            long sent = server.manager.sendMessage("ada", "n", 1);
            assertThat(third.awaitIds(1)).containsExactly(sent);
            assertThat(server.manager.statistics().held().streams()).isEqualTo(1);
            assertThat(server.manager.statistics().held().polls()).isZero();
        }
    }

    /** Closes the stream as soon as it is told of it: its peer has gone meanwhile. */
    private record Leaving(RecordedStream rest) implements CometStreamSink {
        @Override
        public void opened(CometStream stream) {
            rest.opened(stream);
            stream.close();
        }

        @Override
        public boolean messages(CometBatch batch) {
            return rest.messages(batch);
        }

        @Override
        public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
            return rest.heartbeat(cursor, lastSentId, nextInSeconds);
        }

        @Override
        public void ended(CometAnswer why) {
            rest.ended(why);
        }
    }

    @Test
    @DisplayName("W6, W13: a stream that is closed as it opens takes over from no stream")
    void openStream_closedAsItOpens_leavesTheStreamThatIsOpen() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            RecordedStream first = server.stream(ada, 0);
            RecordedStream second = new RecordedStream();
            server.manager.endpoint().openStream(ada.privateToken(), 0, new Leaving(second), 0);
            assertThat(second.awaitEnd().outcome()).isEqualTo(Outcome.ABANDONED);
            server.settle();
            assertThat(first.isEnded()).isFalse();
            long sent = server.manager.sendMessage("ada", "n", 1);
            assertThat(first.awaitIds(1)).containsExactly(sent);
            assertThat(server.manager.statistics().held().streams()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W6, W13: a stream that is closed as it opens takes over from no poll")
    void openStream_closedAsItOpens_leavesThePollThatIsHeld() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            Request poll = server.poll(ada, 0);
            RecordedStream second = new RecordedStream();
            server.manager.endpoint().openStream(ada.privateToken(), 0, new Leaving(second), 0);
            assertThat(second.awaitEnd().outcome()).isEqualTo(Outcome.ABANDONED);
            server.settle();
            assertThat(server.manager.statistics().held().polls()).isEqualTo(1);
            server.manager.sendMessage("ada", "n", 1);
            assertThat(poll.await().outcome()).isEqualTo(Outcome.MESSAGES);
            assertThat(server.manager.statistics().held().streams()).isZero();
        }
    }

    @Test
    @DisplayName("C10, C11: disconnect and kill end it, with the reason")
    void disconnect_streamOpen_endsIt() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            RecordedStream stream = server.stream(ada, 0);
            server.manager.disconnect(ada);
            assertThat(stream.awaitEnd().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
            assertThat(server.manager.statistics().held().streams()).isZero();
        }
    }

    @Test
    @DisplayName("W12: close ends every stream, also one that takes nothing")
    void close_streamsOpen_endsThem() {
        List<RecordedStream> streams = new ArrayList<>();
        try (Server server = Server.start()) {
            for (int i = 0; i < 100; i++) {
                CometClient client = server.client("client-" + i);
                streams.add(
                        server.stream(
                                client,
                                0,
                                new RecordedStream().takes(i % 2 == 0 ? 1 : Integer.MAX_VALUE)));
            }
        }
        assertThat(streams)
                .extracting(stream -> stream.awaitEnd().outcome())
                .containsOnly(Outcome.ERROR);
    }

    @Test
    @DisplayName("drain sends them away within its time, new ones at once with what they have")
    void drain_streamsOpen_areSentAway() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            RecordedStream stream = server.stream(ada, 0);
            server.settle();
            CompletableFuture<Void> drained =
                    server.manager.drain(Duration.ofSeconds(10)).toCompletableFuture();
            server.pass(Duration.ofSeconds(11));
            assertThat(stream.awaitEnd().outcome()).isEqualTo(Outcome.RECONNECT);
            drained.join();

            long sent = server.manager.sendMessage("bob", "n", 1);
            RecordedStream late = server.stream(bob, 0);
            assertThat(late.ids()).containsExactly(sent);
            assertThat(late.awaitEnd().outcome()).isEqualTo(Outcome.RECONNECT);
        }
    }

    @Test
    @DisplayName("P9: while the store is away a stream stays open, and goes on by itself")
    void read_storeFails_staysOpenAndGoesOn() {
        FailingProvider store = new FailingProvider();
        try (Server server = Server.start(store, 2, options -> options)) {
            CometClient ada = server.client("ada");
            RecordedStream stream = server.stream(ada, 0);
            server.settle();
            store.fails = true;
            long sent = server.manager.sendMessage("ada", "n", 1);

            server.settle();
            int beats = stream.heartbeats().size();
            server.pass(Duration.ofSeconds(16));
            server.pass(Duration.ofSeconds(16));
            assertThat(stream.ids()).isEmpty();
            assertThat(stream.heartbeats().size()).as("heart-beats go on").isGreaterThan(beats);

            store.fails = false;
            server.pass(Duration.ofSeconds(2));
            assertThat(stream.ids()).containsExactly(sent);
        }
    }

    private static final class FailingProvider extends DelegatingProvider {
        private volatile boolean fails;

        @Override
        public CometBatch peekMessages(
                CometClient client, long deliveredId, int maxMessages, int maxBytes) {
            if (fails) {
                throw new IllegalStateException("the store is away, as the test wants");
            }
            return super.peekMessages(client, deliveredId, maxMessages, maxBytes);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 999, 3_600_001})
    @DisplayName("silly times are refused by name")
    void build_sillyTimes_areRefused(long millis) {
        CometStateManager.Builder builder =
                CometStateManager.builder(new InProcCometStateProvider());
        assertThatThrownBy(() -> builder.heartbeat(Duration.ofMillis(millis)))
                .hasMessageContaining("heartbeat is");
        assertThatThrownBy(() -> builder.stallTimeout(Duration.ofMillis(millis)))
                .hasMessageContaining("stallTimeout is");
    }
}
