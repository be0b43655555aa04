package dev.comet.examples.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.examples.relay.Frame.BadFrameException;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameTest {

    @Test
    @DisplayName("R5 AA, length, header, JSON, checksum: byte for byte")
    void hex_known_isAsSpecified() {
        Frame frame = Frame.of(Frame.Kind.COMMAND, Map.of("id", 7));
        // 00 08 ^ 03 00 00 ^ {"id":7} = 08 ^ 03 ^ 7B 22 69 64 22 3A 37 7D
        assertThat(frame.hex()).isEqualTo("AA00080300007B226964223A377D0D");
        assertThat(Frame.parse(frame.hex())).isEqualTo(frame);
        assertThat(Frame.parse(" " + frame.hex().toLowerCase(java.util.Locale.ROOT) + "\n"))
                .isEqualTo(frame);
    }

    @Test
    @DisplayName("R5 any length that two bytes can say, and any text")
    void parse_longAndForeign_isWhatWasSent() {
        Frame frame = Frame.of(Frame.Kind.REPLY, Map.of("id", "ä€😀".repeat(5_000)));
        assertThat(Frame.parse(frame.bytes())).isEqualTo(frame);
        assertThatThrownBy(Frame.of(Frame.Kind.REPLY, Map.of("id", "x".repeat(65_536)))::bytes)
                .isInstanceOf(BadFrameException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "'',does not begin",
        "AA,does not begin",
        "AB00080300007B226964223A377D0D,does not begin",
        "AA00090300007B226964223A377D0D,says that its JSON has 9 bytes",
        "AA00080300007B226964223A377D0D00,says that its JSON has 8 bytes",
        "AA00080300007B226964223A377D0C,checksum is 0C; it should be 0D",
        "AA00080300007B226964223A367D0D,checksum",
        "AA00080900007B226964223A377D07,kind is 9",
        "AA0001030000313332,says",
        "AA00010300003133,no object",
        "AA00010300007B79,malformed",
        "XY,hexadecimal",
        "AAB,hexadecimal"
    })
    @DisplayName("R5 a bad length, checksum or anything else is refused with a reason")
    void parse_bad_isRefusedWithAReason(String hex, String reason) {
        assertThatThrownBy(() -> Frame.parse(hex))
                .isInstanceOf(BadFrameException.class)
                .hasMessageContaining(reason);
    }

    @Test
    @DisplayName("R5 one wrong byte anywhere is noticed")
    void parse_anyByteChanged_isRefused() {
        byte[] good = Frame.of(Frame.Kind.COMMAND, Map.of("id", 7)).bytes();
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            String hex = HexFormat.of().formatHex(bad);
            assertThatThrownBy(() -> Frame.parse(hex)).isInstanceOf(BadFrameException.class);
        }
    }
}
