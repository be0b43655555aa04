package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.servlet.ServletRig.Answer;
import dev.comet.servlet.StreamPeer.Event;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The event stream over real sockets: the same in every container. Beats after 1 s of silence. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
abstract class StreamContract {

    private final List<ServletRig> rigs = new ArrayList<>();
    private ServletRig rig;
    private int names;

    abstract Container container() throws Exception;

    private ServletRig start(CometLimits limits) throws Exception {
        Container container = container();
        container.stallTimeout(Duration.ofSeconds(3));
        ServletRig started =
                new ServletRig(
                        container,
                        options ->
                                options.limits(limits)
                                        .heartbeat(Duration.ofSeconds(1))
                                        .stallTimeout(Duration.ofSeconds(2)),
                        StreamContract::setUp);
        rigs.add(started);
        return started;
    }

    private static void setUp(CometStateManager comet, dev.comet.http.CometApplication app) {
        app.cookieTokens(true).onConnect(request -> CometClient.builder().build());
    }

    @BeforeAll
    void start() throws Exception {
        rig = start(CometLimits.defaults());
    }

    @AfterAll
    void stop() throws Exception {
        for (ServletRig started : rigs) {
            started.stop();
        }
    }

    /** A client of the shared server. */
    private CometClient client() {
        return rig.client("client-" + ++names);
    }

    private List<Long> sendEach(int times, CometClient to) {
        return IntStream.range(0, times)
                .mapToObj(i -> rig.comet.sendMessage(to.publicToken(), "n", i))
                .toList();
    }

    private HttpRequest.Builder asking(CometClient client, String target) {
        return rig.request(target).header("Authorization", "Bearer " + client.privateToken());
    }

    // ---- what comes

    @Test
    @DisplayName("H5 the head is right, and the first bytes come at once")
    void stream_nothingThere_beginsAtOnce() throws Exception {
        CometClient ada = client();
        try (StreamPeer stream = rig.stream(ada, 0)) {
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.header("Content-Type")).isEqualTo("text/event-stream;charset=utf-8");
            assertThat(stream.header("Cache-Control")).isEqualTo("no-store, no-transform");
            assertThat(stream.header("X-Accel-Buffering")).isEqualTo("no");
            assertThat(stream.header("X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(stream.header("Content-Length")).isNull();
            Event first = stream.await("comet.heartbeat");
            assertThat(first.contents().path("lastMessageId").asString()).isEqualTo(first.id());
        }
    }

    @Test
    @DisplayName(
            "M1 M2 what is stored and what is sent comes in order, from any cursor, unconfirmed")
    void stream_messages_comeInOrder() throws Exception {
        CometClient ada = client();
        List<Long> sent = new ArrayList<>(sendEach(3, ada));
        try (StreamPeer stream = rig.stream(ada, 0)) {
            stream.awaitMessages(3);
            sent.addAll(sendEach(3, ada));
            List<Event> messages = stream.awaitMessages(6);
            assertThat(stream.ids()).isEqualTo(sent);
            assertThat(messages)
                    .allMatch(event -> event.id().equals(Long.toString(event.messageId())))
                    .allMatch(event -> event.name().equals("n"));
        }
        try (StreamPeer stream = rig.stream(ada, sent.get(3))) {
            stream.awaitMessages(2);
            assertThat(stream.ids()).isEqualTo(sent.subList(4, 6));
        }
        assertThat(rig.comet.confirmedMessageId(ada)).isEqualTo(sent.get(3));
    }

    @Test
    @DisplayName("M2 ack confirms; what the client cannot have is refused")
    void ack_confirms() throws Exception {
        CometClient ada = client();
        List<Long> sent = sendEach(3, ada);
        try (StreamPeer stream = rig.stream(ada, 0)) {
            stream.awaitMessages(3);
            Answer ack = ack(ada, sent.get(1));
            assertThat(ack.status()).isEqualTo(204);
            assertThat(ack.text()).isEmpty();
            assertThat(rig.comet.confirmedMessageId(ada)).isEqualTo(sent.get(1));
            assertThat(ack(ada, Long.MAX_VALUE).status()).isEqualTo(400);
            assertThat(rig.send(asking(ada, "/ack")).status()).isEqualTo(405);
            assertThat(stream.end()).isNull();
        }
    }

    private Answer ack(CometClient client, long id) throws Exception {
        return rig.send(
                rig.post("/ack", "application/json", "{\"lastMessageId\":" + id + "}")
                        .header("Authorization", "Bearer " + client.privateToken()));
    }

    @Test
    @DisplayName("M2 Last-Event-ID counts more than the address, which a browser never changes")
    void stream_lastEventId_isTheCursor() throws Exception {
        CometClient ada = client();
        List<Long> sent = sendEach(3, ada);
        HttpRequest.Builder request =
                asking(ada, "/stream?lastMessageId=" + sent.get(0))
                        .header("Last-Event-ID", Long.toString(sent.get(1)));
        try (StreamPeer stream = rig.open(request)) {
            assertThat(stream.awaitMessages(1)).hasSize(1);
            assertThat(stream.ids()).containsExactly(sent.get(2));
        }
    }

    @Test
    @DisplayName("M5 H5 contents of any kind arrive unchanged and forge no event")
    void stream_anyContents_arriveUnchanged() throws Exception {
        CometClient ada = client();
        byte[] bytes = new byte[1 << 20];
        new Random(1).nextBytes(bytes);
        String text = "\u0000\u2028é漢\uD83D\uDE00\r\n\r\ndata: forged\n\nid: 7\n\n".repeat(1_000);
        try (StreamPeer stream = rig.stream(ada, 0)) {
            rig.comet.sendMessage(ada.publicToken(), "bytes", bytes);
            rig.comet.sendMessage(ada.publicToken(), "data: \u2028 name", Map.of("t", text));
            List<Event> messages = stream.awaitMessages(2);
            assertThat(messages.get(0).contents().binaryValue()).isEqualTo(bytes);
            assertThat(messages.get(1).name()).isEqualTo("data: \u2028 name");
            assertThat(messages.get(1).contents().path("t").asString()).isEqualTo(text);
        }
    }

    @Test
    @DisplayName("L9 it beats while nothing comes, and the beats move the cursor along")
    void stream_silent_beats() throws Exception {
        CometClient ada = client();
        CometClient bob = client();
        try (StreamPeer stream = rig.stream(ada, 0)) {
            stream.await("comet.heartbeat");
            long other = sendEach(1, bob).get(0);
            await().until(() -> last(stream).id().equals(Long.toString(other)));
            long mine = sendEach(1, ada).get(0);
            await().until(() -> last(stream).contents().path("lastSentId").asLong(0) == mine);
        }
    }

    private static Event last(StreamPeer stream) {
        return stream.events().get(stream.events().size() - 1);
    }

    // ---- gaps

    @Test
    @DisplayName("M9 a cursor above the top gets a gap, and the stream goes on from there")
    void stream_cursorAboveTheTop_getsAGap() throws Exception {
        CometClient ada = client();
        try (StreamPeer stream = rig.stream(ada, 9007199254740991L)) {
            Event gap = stream.await("comet.gap");
            assertThat(gap.contents().path("reason").asString()).isEqualTo("unknown-cursor");
            assertThat(gap.id()).isEqualTo(gap.contents().path("to").asString());
            long sent = sendEach(1, ada).get(0);
            stream.awaitMessages(1);
            assertThat(stream.ids()).containsExactly(sent);
        }
    }

    @Test
    @DisplayName("M7 what was dropped is announced, before what is left")
    void stream_logTurnedOver_announcesTheGap() throws Exception {
        ServletRig rig = start(smallLogs(OverflowPolicy.DROP_OLDEST));
        CometClient ada = rig.client("ada");
        List<Long> sent =
                LongStream.range(0, 15)
                        .mapToObj(i -> rig.comet.sendMessage("ada", "n", i))
                        .toList();
        try (StreamPeer stream = rig.stream(ada, 0)) {
            stream.awaitMessages(10);
            Event gap = stream.events().get(1); // after the first heart-beat
            assertThat(gap.name()).isEqualTo("comet.gap");
            assertThat(gap.contents().path("to").longValue()).isEqualTo(sent.get(4));
            assertThat(stream.ids()).isEqualTo(sent.subList(5, 15));
        }
    }

    private static CometLimits smallLogs(OverflowPolicy policy) {
        return CometLimits.builder()
                .clientLog(new LogLimits(10, Long.MAX_VALUE, LogLimits.ANY_AGE))
                .overflow(policy)
                .build();
    }

    // ---- refusals

    @ParameterizedTest
    @CsvSource({
        "/stream, Nothing, 1, 401",
        "/stream, Authorization, Bearer unknown, 404",
        "/stream?lastMessageId=x, Authorization, Bearer unknown, 400",
        "/stream, Last-Event-ID, 1e3, 400",
        "/stream, Origin, http://evil.example, 403",
        "/stream, Sec-Fetch-Site, cross-site, 403"
    })
    @DisplayName("W1 H4 what is wrong is answered with an error, not with a stream")
    void stream_wrong_isRefused(String target, String name, String value, int status)
            throws Exception {
        Answer answer = rig.send(rig.request(target).header(name, value));
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.name()).isEqualTo("comet.error");
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
    }

    @Test
    @DisplayName("H4 the cookie alone opens a stream for this server's own page only")
    void stream_cookie_needsAProof() throws Exception {
        CometClient ada = client();
        HttpRequest.Builder bare =
                rig.request("/stream").header("Cookie", "comet-token=" + ada.privateToken());
        assertThat(rig.send(bare).status()).isEqualTo(403);
        try (StreamPeer stream = rig.open(bare.header("Sec-Fetch-Site", "same-origin"))) {
            stream.await("comet.heartbeat");
        }
    }

    // ---- ends

    @Test
    @DisplayName("W5 W6 the newest wins, whichever transport it is")
    void stream_again_supersedesAcrossTransports() throws Exception {
        CometClient ada = client();
        StreamPeer first = rig.stream(ada, 0);
        first.await("comet.heartbeat");
        CompletableFuture<Answer> poll = rig.held(ada);
        assertThat(first.await("comet.superseded").id()).isEmpty();
        assertThat(first.awaitEnd()).isEqualTo("ended");

        StreamPeer second = rig.stream(ada, 0);
        assertThat(poll.get(20, TimeUnit.SECONDS).status()).isEqualTo(409);
        second.await("comet.heartbeat");
        try (StreamPeer third = rig.stream(ada, 0)) {
            second.await("comet.superseded");
            long sent = sendEach(1, ada).get(0);
            third.awaitMessages(1);
            assertThat(third.ids()).containsExactly(sent);
            assertThat(second.ids()).isEmpty();
        }
    }

    @Test
    @DisplayName("C10 W12 disconnect, drain and close end it with their reason")
    void stream_ended_saysWhy() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        StreamPeer ada = rig.stream(rig.client("ada"), 0);
        StreamPeer bob = rig.stream(rig.client("bob"), 0);
        ada.await("comet.heartbeat");
        bob.await("comet.heartbeat");

        rig.comet.findClientByPrivateToken("secret-of-ada").ifPresent(rig.comet::disconnect);
        assertThat(ada.await("comet.closed").contents().path("reason").asString())
                .isEqualTo("disconnected");
        assertThat(ada.awaitEnd()).isEqualTo("ended");

        rig.comet.drain(Duration.ofMillis(1)).toCompletableFuture().get(20, TimeUnit.SECONDS);
        assertThat(bob.await("comet.reconnect").contents().path("delayMillis").isNumber()).isTrue();
        assertThat(bob.awaitEnd()).isEqualTo("ended");

        rig.comet.close();
        CometClient gone = CometClient.builder().build();
        StreamPeer closed = rig.stream(gone, 0);
        assertThat(closed.status()).isEqualTo(503);
    }

    @Test
    @DisplayName("W12 close ends open streams")
    void close_streamsOpen_endsThem() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        StreamPeer ada = rig.stream(rig.client("ada"), 0);
        ada.await("comet.heartbeat");

        rig.comet.close();

        assertThat(ada.await("comet.error").contents().path("code").asString()).isEqualTo("closed");
        assertThat(ada.awaitEnd()).isEqualTo("ended");
    }

    @Test
    @DisplayName("W13 a peer that vanishes is noticed by the heart-beats, and its idle time begins")
    void stream_peerVanishes_isReleased() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        CometClient ada = rig.client("ada", 20, 1);
        try (RawPeer peer = new RawPeer(rig.container.port())) {
            peer.send(rawStream(ada));
            await().until(() -> rig.comet.statistics().held().streams() == 1);
            peer.reset();
        }
        StreamPeer bob = rig.stream(rig.client("bob"), 0);
        bob.await("comet.heartbeat");
        bob.close();

        await().atMost(Duration.ofSeconds(20))
                .until(() -> rig.comet.statistics().held().streams() == 0);
        await().until(() -> rig.comet.findClientByPublicToken("ada").isEmpty());
        assertThat(rig.comet.statistics().held().abandoned()).isEqualTo(2);
    }

    private static String rawStream(CometClient client) {
        return RawPeer.head(
                "GET /app/comet/stream", "Authorization: Bearer " + client.privateToken());
    }

    @Test
    @DisplayName(
            "H3 W18 readers that stall cost no thread, bounded memory, and are cut off at the deadline")
    void stream_peersStall_areCutOffAndOthersGoOn() throws Exception {
        int stalled = Container.THREADS + 4;
        CometLimits limits =
                CometLimits.builder()
                        .sharedLog(new LogLimits(2_000, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .build();
        ServletRig rig = start(limits);
        List<RawPeer> peers = new ArrayList<>();
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < stalled; i++) {
            clients.add(rig.client("stalled-" + i));
            peers.add(new RawPeer(rig.container.port(), 4_096).send(rawStream(clients.get(i))));
        }
        await().until(() -> rig.comet.statistics().held().streams() == stalled);

        try (StreamPeer reader = rig.stream(rig.client("reader"), 0)) {
            String text = "x".repeat(10_000);
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) { // 10 MB for each
                sent.add(rig.comet.sendToAll("n", text));
            }
            reader.awaitMessages(1_000);
            assertThat(reader.ids()).isEqualTo(sent);
            assertThat(rig.comet.statistics().messages().delivered())
                    .as("far from all was written to those who do not read")
                    .isLessThan(1_000L + stalled * 800L);

            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rig.comet.statistics().held().cutOff() == stalled);
            assertThat(reader.end()).isNull();
            try (StreamPeer back = rig.stream(clients.get(0), sent.get(499))) {
                back.awaitMessages(500);
                assertThat(back.ids()).isEqualTo(sent.subList(500, 1_000));
            }
            for (RawPeer peer : peers) {
                await().atMost(Duration.ofSeconds(20)).until(peer::isCut);
            }
            await().until(() -> rig.servlet.requests.open() == 1);
        } finally {
            for (RawPeer peer : peers) {
                peer.close();
            }
        }
    }

    @Test
    @DisplayName(
            "W7 L6 changing transport all the time while messages come: each comes once, in order")
    void transport_changesAllTheTime_losesNothing() throws Exception {
        List<SwitchingPeer> peers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            peers.add(new SwitchingPeer(rig, client(), 100, i));
        }
        ServletRig.runAll(peers, 100);
    }

    @Test
    @DisplayName("W4 a broadcast reaches many streams")
    void sendToAll_manyStreams_reachesAll() throws Exception {
        ServletRig rig = start(CometLimits.defaults());
        List<StreamPeer> streams = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            streams.add(rig.stream(rig.client("client-" + i), 0));
        }
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sent.add(rig.comet.sendToAll("n", i));
        }
        for (StreamPeer stream : streams) {
            stream.awaitMessages(20);
            assertThat(stream.ids()).isEqualTo(sent);
            stream.close();
        }
    }
}
