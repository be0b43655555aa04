package dev.comet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CometOptionsTest {

    static Stream<Arguments> outOfRange() {
        return Stream.of(
                refused("hold is PT0.999S; use PT1S to PT1H", b -> b.hold(Duration.ofMillis(999))),
                refused("hold is PT2H; use PT1S to PT1H", b -> b.hold(Duration.ofHours(2))),
                refused("timeout is PT0S; use PT0.001S to PT1H", b -> b.timeout(Duration.ZERO)),
                refused("bufferLimit is 0; use 1 to 1000000", b -> b.bufferLimit(0)),
                refused("bufferLimit is 1000001; use 1 to 1000000", b -> b.bufferLimit(1_000_001)),
                refused("maxConcurrentSends is 0; use 1 to 1000", b -> b.maxConcurrentSends(0)),
                refused(
                        "maxConcurrentSends is 1001; use 1 to 1000",
                        b -> b.maxConcurrentSends(1_001)));
    }

    private static Arguments refused(String text, Consumer<CometOptions.Builder> option) {
        return Arguments.of(text, option);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("outOfRange")
    void option_outOfRange_isRefusedWithTheRange(
            String text, Consumer<CometOptions.Builder> option) {
        assertThatThrownBy(() -> option.accept(CometOptions.builder()))
                .isInstanceOf(CometClientException.class)
                .hasMessage("parameters-invalid: " + text);
    }

    @Test
    void options_areThoseThatWereSet() {
        CometOptions options =
                CometOptions.builder()
                        .hold(Duration.ofSeconds(1))
                        .timeout(Duration.ofHours(1))
                        .bufferLimit(1)
                        .maxConcurrentSends(1_000)
                        .build();
        assertThat(options.hold).isEqualTo(Duration.ofSeconds(1));
        assertThat(options.timeout).isEqualTo(Duration.ofHours(1));
        assertThat(options.bufferLimit).isEqualTo(1);
        assertThat(options.maxConcurrentSends).isEqualTo(1_000);
        assertThat(CometOptions.defaults().maxConcurrentSends).isEqualTo(8);
    }
}
