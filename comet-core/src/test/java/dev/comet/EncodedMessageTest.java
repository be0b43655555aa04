package dev.comet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EncodedMessageTest {

    private static final JsonMapper MAPPER = new JsonMapper();

    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                1,
                9,
                10,
                99,
                100,
                999_999_999,
                1_000_000_000,
                Integer.MAX_VALUE,
                (1L << 53) - 1,
                999_999_999_999_999_999L,
                1_000_000_000_000_000_000L,
                Long.MAX_VALUE
            })
    void write_idsOfEveryLength_isExactlyTheAnnouncedBytes(long id) {
        EncodedMessage message = message("chat.said", "{\"text\":\"hello\"}");
        byte[] target = new byte[message.encodedLength(id) + 10];
        int end = message.write(id, target, 7);
        assertThat(end).isEqualTo(7 + message.encodedLength(id));
        assertThat(new String(target, 7, end - 7, UTF_8))
                .isEqualTo(
                        "{\"id\":"
                                + id
                                + ",\"name\":\"chat.said\",\"contents\":{\"text\":\"hello\"}}");
        assertThat(target).startsWith(0, 0, 0, 0, 0, 0, 0).endsWith(0, 0, 0);
        assertThat(message.sizeInBytes()).isGreaterThanOrEqualTo(message.encodedLength(id));
    }

    @Test
    void sizeInBytes_longestId_isItsLength() {
        EncodedMessage message = message("n", "1");
        assertThat(message.sizeInBytes()).isEqualTo(message.encodedLength(Long.MAX_VALUE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\"b",
                "back\\slash",
                "</script>",
                "Grüße",
                "日本",
                "😀",
                "line\nfeed",
                "\u0000\u001f",
                "\u2028"
            })
    void write_nameThatNeedsQuoting_readsBackAsItWas(String name) {
        EncodedMessage message = message(name, "true");
        byte[] target = new byte[message.encodedLength(5)];
        assertThat(message.write(5, target, 0)).isEqualTo(target.length);
        JsonNode read = MAPPER.readTree(target);
        assertThat(read.get("name").asString()).isEqualTo(name);
        assertThat(read.get("contents").asBoolean()).isTrue();
        assertThat(message.name()).isEqualTo(name);
    }

    @Test
    void contentsJson_changedByItsReader_staysAsItWasSent() {
        byte[] sent = "[1,2]".getBytes(UTF_8);
        EncodedMessage message = new EncodedMessage("n", sent);
        sent[1] = '9';
        message.contentsJson()[1] = '8';
        assertThat(new String(message.contentsJson(), UTF_8)).isEqualTo("[1,2]");
    }

    @Test
    void encodedLength_negativeId_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> message("n", "1").encodedLength(-1))
                .withMessage("id is -1; ids are not negative");
    }

    @Test
    void toString_always_showsNoContents() {
        assertThat(message("n", "\"secret\"")).hasToString("EncodedMessage[n, 32 bytes]");
    }

    private static EncodedMessage message(String name, String contents) {
        return new EncodedMessage(name, contents.getBytes(UTF_8));
    }
}
