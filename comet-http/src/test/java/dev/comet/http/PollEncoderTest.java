package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometBatch;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PollEncoderTest {

    private static final CometGap GAP = new CometGap(3, 8, CometGap.Reason.OVERFLOW);

    private final PollEncoder encoder = new PollEncoder();

    @Test
    void batch_messages_areInOrderAndNothingElse() {
        assertThat(names(batch(List.of(), 12, message(9), message(10), message(12))))
                .containsExactly("9 m9", "10 m10", "12 m12");
    }

    @Test
    void batch_cursorAboveTheLastMessage_endsWithIt() {
        assertThat(names(batch(List.of(), 20, message(9))))
                .containsExactly("9 m9", "0 comet.cursor {\"lastMessageId\":20}");
    }

    @Test
    void batch_gaps_comeBeforeEveryMessage() {
        CometGap second = new CometGap(4, 6, CometGap.Reason.EXPIRED);
        assertThat(names(batch(List.of(GAP, second), 9, message(9))))
                .containsExactly(
                        "0 comet.gap {\"from\":3,\"to\":8,\"reason\":\"overflow\"}",
                        "0 comet.gap {\"from\":4,\"to\":6,\"reason\":\"expired\"}",
                        "9 m9");
    }

    @Test
    void batch_gapWithoutMessages_endsWithTheCursor() {
        assertThat(names(batch(List.of(GAP), 30)))
                .containsExactly(
                        "0 comet.gap {\"from\":3,\"to\":8,\"reason\":\"overflow\"}",
                        "0 comet.cursor {\"lastMessageId\":30}");
    }

    @Test
    void batch_unknownCursor_saysWhereToGoOnBeforeWhatFollows() {
        CometGap gap = new CometGap(0, 5, CometGap.Reason.UNKNOWN_CURSOR);
        assertThat(names(batch(List.of(gap), 9, message(9))))
                .containsExactly(
                        "0 comet.gap {\"from\":0,\"to\":5,\"reason\":\"unknown-cursor\"}", "9 m9");
    }

    @Test
    void batch_sameMessagesAgain_isTheSameArray() {
        CometMessage one = message(1);
        CometMessage two = message(2);
        byte[] first = encoder.batch(batch(List.of(), 2, one, two));
        byte[] again =
                encoder.batch(new CometBatch(List.of(), new ArrayList<>(List.of(one, two)), 2));
        assertThat(again).isSameAs(first);
    }

    @Test
    void batch_oneMessageDiffers_isNotTheSameArray() {
        CometMessage one = message(1);
        CometMessage two = message(2);
        encoder.batch(batch(List.of(), 2, one, two));
        assertThat(names(batch(List.of(), 2, two))).containsExactly("2 m2");
        assertThat(names(batch(List.of(), 2, one, two))).containsExactly("1 m1", "2 m2");
        assertThat(names(batch(List.of(), 2, message(1), two))).containsExactly("1 m1", "2 m2");
        assertThat(names(batch(List.of(), 3, one, message(3)))).containsExactly("1 m1", "3 m3");
        assertThat(names(batch(List.of(), 3, two, message(3)))).containsExactly("2 m2", "3 m3");
        assertThat(names(batch(List.of(), 1, one))).containsExactly("1 m1");
    }

    @Test
    @DisplayName("A client's own gap or cursor never ends up in another client's answer")
    void batch_sameMessagesButAGapOrACursor_isNeverShared() {
        CometMessage one = message(1);
        byte[] plain = encoder.batch(batch(List.of(), 1, one));
        assertThat(names(batch(List.of(GAP), 1, one))).hasSize(2);
        assertThat(names(batch(List.of(), 5, one))).hasSize(2);
        assertThat(encoder.batch(batch(List.of(), 1, one))).isSameAs(plain);
    }

    /** What the array says; every one is parsed, so that every one is valid. */
    private List<String> names(CometBatch batch) {
        byte[] body = encoder.batch(batch);
        List<String> names = new ArrayList<>();
        for (JsonNode message : new JsonMapper().readTree(body)) {
            boolean own = message.get("id").asLong() == 0;
            names.add(
                    message.get("id").asLong()
                            + " "
                            + message.get("name").asString()
                            + (own ? " " + message.get("contents") : ""));
        }
        // Exactly sized: no byte follows the array, and none is missing.
        assertThat(body[body.length - 1]).isEqualTo((byte) ']');
        assertThat(new String(body, UTF_8)).doesNotContain("\u0000");
        return names;
    }

    private static CometBatch batch(List<CometGap> gaps, long cursor, CometMessage... messages) {
        return new CometBatch(gaps, List.of(messages), cursor);
    }

    private static CometMessage message(long id) {
        return new CometMessage(id, new EncodedMessage("m" + id, "{}".getBytes(UTF_8)));
    }
}
