package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The event stream as bytes, without a container. */
class StreamTest {

    private static FakeExchange stream(Protocol protocol, CometClient client, long cursor) {
        return protocol.handle(
                FakeExchange.get("/stream?lastMessageId=" + cursor).bearer(client.privateToken()));
    }

    /** A stream whose network has taken the first heart-beat and one message, and takes no more. */
    private static FakeOutput full(Protocol protocol, CometClient client) {
        FakeOutput output = stream(protocol, client, 0).output();
        protocol.settle();
        output.fill();
        protocol.comet.sendMessage(client.publicToken(), "n", 1);
        awaitPieces(output, 2);
        return output;
    }

    private static void awaitPieces(FakeOutput output, int count) {
        Awaitility.await().until(() -> output.pieces().size() >= count);
    }

    @Test
    @DisplayName("an event is an id, a line of data, and an empty line; a heart-beat is the first")
    void stream_messages_areEvents() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            long first = protocol.comet.sendMessage("ada", "greeting", Map.of("text", "héllo"));
            long second = protocol.comet.sendMessage("ada", "greeting", 2);

            FakeOutput output = stream(protocol, ada, 0).output();

            assertThat(output.head().status()).isEqualTo(200);
            assertThat(output.text())
                    .isEqualTo(
                            """
                            id: 0
                            data: {"id":0,"name":"comet.heartbeat","contents":{"lastMessageId":0,"lastSentId":0,"nextInSeconds":15}}

                            id: %1$d
                            data: {"id":%1$d,"name":"greeting","contents":{"text":"héllo"}}

                            id: %2$d
                            data: {"id":%2$d,"name":"greeting","contents":2}

                            """
                                    .formatted(first, second));
            assertThat(output.pieces()).as("one write for both messages").hasSize(2);
        }
    }

    @Test
    @DisplayName("O3 what an exception tells whoever runs the server is not told to a stream")
    void stream_managerCloses_theTextIsThePeers() {
        try (Protocol protocol = new Protocol()) {
            FakeExchange stream = stream(protocol, protocol.client("ada"), 0);

            protocol.comet.close();

            assertThat(stream.output().text())
                    .contains("\"code\":\"closed\"", "connect again")
                    .doesNotContain("CometStateManager");
        }
    }

    @Test
    @DisplayName("M7 a gap comes first, without an id: who loses the rest is told again")
    void stream_gap_hasNoId() {
        CometLimits limits =
                CometLimits.builder()
                        .clientLog(new LogLimits(1, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .overflow(OverflowPolicy.DROP_OLDEST)
                        .build();
        try (Protocol protocol = new Protocol(limits, (comet, app) -> {})) {
            CometClient ada = protocol.client("ada");
            long lost = protocol.comet.sendMessage("ada", "n", 1);
            long kept = protocol.comet.sendMessage("ada", "n", 2);

            assertThat(stream(protocol, ada, lost - 1).output().text())
                    .endsWith(
                            """
                            data: {"id":0,"name":"comet.gap","contents":{"from":%1$d,"to":%1$d,"reason":"overflow"}}

                            id: %2$d
                            data: {"id":%2$d,"name":"n","contents":2}

                            """
                                    .formatted(lost, kept));
        }
    }

    @Test
    @DisplayName("H5 contents on several lines are still one line of data")
    void stream_contentsWithLineBreaks_areOneLine() {
        byte[] pretty = "{\n  \"a\" : 1,\r\n  \"b\" : \"\\n\"\r}".getBytes(UTF_8);
        String event = new String(EventEncoder.event(new EncodedMessage("n", pretty)), UTF_8);
        assertThat(event).endsWith("\n\n");
        assertThat(event.strip()).doesNotContain("\n", "\r").contains("\"\\n\"");
    }

    @Test
    @DisplayName("a broadcast is written into one array for all who get it")
    void sendToAll_manyStreams_shareTheBytes() {
        try (Protocol protocol = new Protocol()) {
            List<FakeOutput> outputs = new ArrayList<>();
            IntStream.range(0, 50)
                    .forEach(
                            i ->
                                    outputs.add(
                                            stream(protocol, protocol.client("c" + i), 0)
                                                    .output()));
            protocol.settle();

            protocol.comet.sendToAll("n", "x");

            outputs.forEach(output -> awaitPieces(output, 2));
            assertThat(outputs.stream().map(output -> output.pieces().get(1)).distinct())
                    .hasSizeLessThan(4); // those of different wait threads may differ
        }
    }

    @Test
    @DisplayName("H3 nothing is written until the exchange can take more")
    void stream_networkIsFull_waits() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeOutput output = full(protocol, ada);
            protocol.comet.sendMessage("ada", "n", 2);
            protocol.comet.sendMessage("ada", "n", 3);
            protocol.settle();
            assertThat(output.pieces()).hasSize(2);

            output.drain();
            assertThat(output.pieces()).hasSize(3);
            assertThat(output.text()).containsSubsequence(":1}", ":2}", ":3}");
        }
    }

    @Test
    @DisplayName("H3 a peer that takes nothing for 30 s is cut off without a word")
    void stream_stalled_isCutOff() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeOutput output = full(protocol, ada);

            protocol.pass(Duration.ofSeconds(31));

            Awaitility.await().until(() -> "cut off".equals(output.end()));
            assertThat(output.pieces()).hasSize(2);
        }
    }

    @Test
    @DisplayName("W5 superseded: said in the stream, which then ends")
    void stream_superseded_saysSoAndEnds() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeOutput output = stream(protocol, ada, 0).output();

            protocol.poll(ada, "?hold=0&instance=7");
            protocol.settle();

            assertThat(output.end()).isEqualTo("ended");
            assertThat(output.text())
                    .endsWith(
                            "\n\ndata: {\"id\":0,\"name\":\"comet.superseded\",\"contents\":{\"instance\":7}}\n\n");
        }
    }

    @Test
    @DisplayName("W13 the peer goes: released, and nothing is written")
    void stream_peerGoes_isReleased() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeExchange exchange = stream(protocol, ada, 0);

            exchange.peerGoes();
            protocol.settle();

            assertThat(protocol.comet.statistics().held().streams()).isZero();
            assertThat(protocol.comet.statistics().held().abandoned()).isEqualTo(1);
            assertThat(exchange.output().end()).isEqualTo("cut off");
        }
    }

    @Test
    @DisplayName("H6 unknown tokens count as they do for polls")
    void stream_unknownTokens_areCounted() {
        try (Protocol protocol = new Protocol((comet, app) -> app.unknownTokensPerAddress(1, 2))) {
            for (int status : new int[] {404, 404, 429}) {
                assertThat(protocol.handle(FakeExchange.get("/stream").bearer("guess")).status())
                        .isEqualTo(status);
            }
            FakeExchange ack =
                    FakeExchange.post("/ack").bearer("guess").json("{\"lastMessageId\":1}");
            assertThat(protocol.handle(ack).status()).isEqualTo(429);
        }
    }
}
