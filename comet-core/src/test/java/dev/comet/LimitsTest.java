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
        broken.put("clients is 0; use at least 1", () -> limits().clients(0).build());
        broken.put("groups is -1; use at least 1", () -> limits().groups(-1).build());
        broken.put(
                "groupsPerClient is 0; use at least 1", () -> limits().groupsPerClient(0).build());
        broken.put("messageBytes is 0; use at least 1", () -> limits().messageBytes(0).build());
        broken.put(
                "messagesPerAnswer is 0; use at least 1",
                () -> limits().messagesPerAnswer(0).build());
        broken.put("bytesPerAnswer is 0; use at least 1", () -> limits().bytesPerAnswer(0).build());
        broken.put("messages is 0; use at least 1", () -> log(0, 1, LogLimits.ANY_AGE));
        broken.put("bytes is 0; use at least 1", () -> log(1, 0, LogLimits.ANY_AGE));
        broken.put(
                "age is PT0S; use a positive duration, or LogLimits.ANY_AGE",
                () -> log(1, 1, Duration.ZERO));
        broken.put(
                "age is PT2562047H47M16.854775808S; use a positive duration, or LogLimits.ANY_AGE",
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
                limits().clients(1)
                        .groups(1)
                        .groupsPerClient(1)
                        .messageBytes(1)
                        .messagesPerAnswer(1)
                        .bytesPerAnswer(1)
                        .clientLog(log(1, 1, Duration.ofNanos(1)))
                        .build();
        assertThat(smallest.clientLog().age()).isEqualTo(Duration.ofNanos(1));
        assertThat(smallest.overflow()).isEqualTo(OverflowPolicy.REJECT);
    }

    private static CometLimits.Builder limits() {
        return CometLimits.builder();
    }

    private static LogLimits log(int messages, long bytes, Duration age) {
        return new LogLimits(messages, bytes, age);
    }
}
