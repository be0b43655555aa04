package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a client may poll, confirm and open streams. */
class RequestRateTest {

    private final Protocol protocol = new Protocol();
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    private FakeExchange ask(String what) {
        FakeExchange exchange =
                what.equals("/ack")
                        ? FakeExchange.post(what).form("lastMessageId=0")
                        : FakeExchange.get(what);
        return protocol.handle(exchange.bearer(ada.privateToken()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll?hold=0", "/ack", "/stream"})
    @DisplayName("H16 a client that asks without end is refused for a moment")
    void ask_withoutEnd_isRefusedForAMoment(String what) {
        FakeExchange last = ask(what);
        for (int i = 0; i < 10_000 && !isRefused(last); i++) {
            last = ask(what);
        }
        assertThat(isRefused(last)).as("is refused some time").isTrue();
        last.isError(429, "too-many-requests");
        assertThat(last.responseHeader("Retry-After")).isEqualTo("1");

        protocol.pass(Duration.ofSeconds(1));
        assertThat(isRefused(ask(what))).isFalse();
    }

    private static boolean isRefused(FakeExchange exchange) {
        return exchange.isAnswered() && exchange.status() == 429;
    }

    @Test
    @DisplayName("H16 a client that fetches a message a millisecond is never refused")
    void poll_aMessageAMillisecond_isNeverRefused() {
        long cursor = 0;
        for (int i = 0; i < 10_000; i++) {
            long id = protocol.comet.sendMessage("ada", "n", i);
            FakeExchange poll = protocol.poll(ada, "?lastMessageId=" + cursor);
            assertThat(poll.status()).isEqualTo(200);
            cursor = id;
            protocol.advance(Duration.ofMillis(1));
        }
    }
}
