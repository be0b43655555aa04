package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometGap;
import dev.comet.EncodedMessage;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Word by word what docs/protocol.md says. */
class ProtocolMessagesTest {

    @Test
    void array_eachMessage_isAsTheProtocolSays() {
        assertThat(text(ProtocolMessages.timeout(17)))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.timeout\",\"contents\":{\"lastMessageId\":17}}]");
        assertThat(text(ProtocolMessages.cursor(17)))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.cursor\",\"contents\":{\"lastMessageId\":17}}]");
        assertThat(text(ProtocolMessages.gap(new CometGap(1, 2, CometGap.Reason.OVERFLOW))))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.gap\",\"contents\":{\"from\":1,\"to\":2,\"reason\":\"overflow\"}}]");
        assertThat(text(ProtocolMessages.superseded(0)))
                .isEqualTo("[{\"id\":0,\"name\":\"comet.superseded\",\"contents\":{}}]");
        assertThat(text(ProtocolMessages.superseded(7)))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.superseded\",\"contents\":{\"instance\":7}}]");
        assertThat(text(ProtocolMessages.reconnect(1_500)))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.reconnect\",\"contents\":{\"delayMillis\":1500}}]");
        assertThat(text(ProtocolMessages.closed("disconnected")))
                .isEqualTo(
                        "[{\"id\":0,\"name\":\"comet.closed\",\"contents\":{\"reason\":\"disconnected\"}}]");
    }

    @Test
    void error_reasonThatNeedsQuoting_readsBackAsItWas() {
        String reason = "name is \"a\\b\"\n; use Ünïcode 😀 instead";
        JsonNode array =
                new JsonMapper()
                        .readTree(
                                PollEncoder.array(
                                        HttpErrorException.parametersInvalid(reason).message()));
        assertThat(array).hasSize(1);
        JsonNode contents = array.get(0).get("contents");
        assertThat(contents.get("code").asString()).isEqualTo("parameters-invalid");
        assertThat(contents.get("reason").asString()).isEqualTo(reason);
    }

    private static String text(EncodedMessage message) {
        return new String(PollEncoder.array(message), UTF_8);
    }
}
