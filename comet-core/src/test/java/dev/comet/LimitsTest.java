package dev.comet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class LimitsTest {

    @Test
    void build_zeroOrLess_isRefusedByName() {
        Map<String, Supplier<?>> broken = new LinkedHashMap<>();
        broken.put("maxClients is 0; use at least 1", () -> limits().maxClients(0).build());
        broken.put("maxGroups is -1; use at least 1", () -> limits().maxGroups(-1).build());
        broken.put(
                "maxGroupsPerClient is 0; use at least 1",
                () -> limits().maxGroupsPerClient(0).build());
        broken.put(
                "maxMessageBytes is 0; use at least 1", () -> limits().maxMessageBytes(0).build());
        broken.put(
                "maxMessagesPerAnswer is 0; use at least 1",
                () -> limits().maxMessagesPerAnswer(0).build());
        broken.put(
                "maxBytesPerAnswer is 0; use at least 1",
                () -> limits().maxBytesPerAnswer(0).build());
        broken.put("maxMessages is 0; use at least 1", () -> log(0, 1, LogLimits.ANY_AGE));
        broken.put("maxBytes is 0; use at least 1", () -> log(1, 0, LogLimits.ANY_AGE));
        broken.put(
                "maxAge is PT0S; use a positive duration, or LogLimits.ANY_AGE",
                () -> log(1, 1, Duration.ZERO));
        broken.put(
                "maxAge is PT2562047H47M16.854775808S; use a positive duration, or LogLimits.ANY_AGE",
                () -> log(1, 1, LogLimits.ANY_AGE.plusNanos(1)));
        broken.forEach(
                (text, value) ->
                        assertThatExceptionOfType(CometException.class)
                                .isThrownBy(value::get)
                                .withMessage(text));
    }

    @Test
    void build_smallestValues_areTaken() {
        CometLimits smallest =
                limits().maxClients(1)
                        .maxGroups(1)
                        .maxGroupsPerClient(1)
                        .maxMessageBytes(1)
                        .maxMessagesPerAnswer(1)
                        .maxBytesPerAnswer(1)
                        .clientLog(log(1, 1, Duration.ofNanos(1)))
                        .build();
        assertThat(smallest.clientLog().maxAge()).isEqualTo(Duration.ofNanos(1));
        assertThat(smallest.overflow()).isEqualTo(OverflowPolicy.REJECT);
    }

    private static CometLimits.Builder limits() {
        return CometLimits.builder();
    }

    private static LogLimits log(int messages, long bytes, Duration age) {
        return new LogLimits(messages, bytes, age);
    }
}
