package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometException;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CometApplicationTest {

    private final CometApplication app = new CometApplication();

    @Test
    @DisplayName("H1 options reject what breaks their rule, with name, value and fix")
    void options_outOfRange_areRejected() {
        rejects(() -> app.maxBodyBytes(0), "maxBodyBytes is 0; use 1 to 67108864");
        rejects(() -> app.maxBodyBytes((64 << 20) + 1), "maxBodyBytes is 67108865");
        rejects(() -> app.maxJsonDepth(0), "maxJsonDepth is 0; use 1 to 100");
        rejects(() -> app.maxJsonDepth(101), "maxJsonDepth is 101");
        rejects(() -> app.sendsPerClient(0, 1), "sendsPerClient perSecond is 0");
        rejects(() -> app.sendsPerClient(1, 0), "sendsPerClient burst is 0");
        rejects(() -> app.connectsPerAddress(1, 1_000_001), "connectsPerAddress burst is 1000001");
        rejects(
                () -> app.unknownTokensPerAddress(-1, 1),
                "unknownTokensPerAddress perSecond is -1");
        rejects(() -> app.trackedAddresses(15), "trackedAddresses is 15; use 16 to 10000000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "app.example",
                "https://app.example/",
                "https://App.example",
                "null",
                "",
                "https://*.example",
                "https://app.example:",
                "https://app.example:443",
                "http://app.example:80",
                "file://",
                "capacitor://",
                "https://a\r\nb"
            })
    @DisplayName("H4 H5 only exact origins can be listed")
    void allowedOrigins_malformed_isRejected(String origin) {
        rejects(() -> app.allowedOrigins(List.of(origin)), "allowedOrigins has");
    }

    @Test
    @DisplayName("H13 what goes into headers is checked when it is set")
    void options_forHeaders_areChecked() {
        rejects(() -> app.allowedHeaders(List.of("X-A\r\nB")), "allowedHeaders has");
        rejects(() -> app.allowedHosts(List.of("http://localhost")), "allowedHosts has");
        rejects(() -> app.allowedHosts(List.of("localhost:8080")), "allowedHosts has");
        rejects(() -> app.cookiePath("comet"), "cookiePath has \"comet\"");
        rejects(() -> app.cookiePath("/a; Domain=example"), "cookiePath has");
        rejects(() -> app.newcomers(0, 1), "newcomers perSecond is 0");
    }

    @Test
    void unreadAnswerBytes_outOfRange_isRejected() {
        rejects(() -> app.unreadAnswerBytes(0), "unreadAnswerBytes is 0; use 1 to");
        rejects(() -> app.unreadAnswerBytes(Long.MAX_VALUE), "use 1 to 1099511627776");
    }

    @Test
    @DisplayName("H13 the cookie and listed origins exclude each other, and say so")
    void handler_cookieTokensAndAllowedOrigins_isRefused() {
        app.cookieTokens(true).allowedOrigins(List.of("https://app.example"));
        rejects(app::check, "cookieTokens is true and allowedOrigins has \"https://app.example\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "comet.say", "a\nb"})
    void on_badName_isRejected(String name) {
        rejects(() -> app.on(name, (client, message) -> {}), "name ");
    }

    @Test
    void on_nameTwice_isRejected() {
        app.on("say", (client, message) -> {});
        rejects(() -> app.onRequest("say", (c, m) -> 1), "name is \"say\"");
    }

    private static void rejects(ThrowingCallable call, String text) {
        assertThatThrownBy(call)
                .isInstanceOf(CometException.class)
                .hasMessageContaining(text)
                .extracting(e -> ((CometException) e).reason())
                .isEqualTo(CometException.Reason.PARAMETERS_INVALID);
    }
}
