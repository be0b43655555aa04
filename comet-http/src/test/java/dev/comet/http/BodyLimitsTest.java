package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BodyLimitsTest {

    private final BodyLimits limits = new BodyLimits(1 << 16, Duration.ofSeconds(30), 256);

    @ParameterizedTest
    @CsvSource({
        "0, 0, false",
        "0, 6000, false", // a fifth of the time is for lost packets
        "1, 6001, true",
        "1535, 6001, true",
        "1537, 6001, false",
        "7680, 29999, false",
        "7679, 29999, true",
        "65535, 30000, true",
    })
    @DisplayName("H8 a body is too slow at its deadline, or below the least rate")
    void isTooSlow_atAnyTime_isAsTheLimitsSay(long received, long millis, boolean tooSlow) {
        assertThat(limits.isTooSlow(received, millis * 1_000_000)).isEqualTo(tooSlow);
    }
}
