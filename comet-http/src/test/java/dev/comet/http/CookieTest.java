package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Private tokens in the cookie, and what foreign pages could do with one. */
class CookieTest {

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.cookieTokens(true)
                                    .onConnect(r -> CometClient.builder().build())
                                    .on("say", (client, message) -> {}));

    CookieTest() {
        protocol.client("ada");
    }

    @AfterEach
    void close() {
        protocol.close();
    }

    private static FakeExchange withCookie(FakeExchange exchange) {
        return exchange.header("Cookie", "theme=dark; comet-token=secret-of-ada; x=y");
    }

    @Test
    @DisplayName("C4 script never sees the token")
    void connect_setsTheCookieAndKeepsTheTokenOutOfTheBody() {
        FakeExchange connect = protocol.handle(FakeExchange.post("/connect"));

        assertThat(connect.json().has("privateToken")).isFalse();
        String cookie = connect.responseHeader("Set-Cookie");
        assertThat(cookie)
                .matches(
                        "comet-token=[A-Za-z0-9_-]{24}; Path=/app/comet; HttpOnly;"
                                + " SameSite=Strict");
        assertThat(connect.response().toString()).doesNotContain("comet-token=");
        String token = cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf(';'));
        assertThat(protocol.comet.getCometClient(token)).isPresent();
    }

    @Test
    void connect_overTls_theCookieIsSecure() {
        FakeExchange tls = protocol.handle(FakeExchange.post("/connect").scheme("https"));
        FakeExchange behindProxy =
                protocol.handle(
                        FakeExchange.post("/connect").header("Origin", "https://push.example"));

        assertThat(tls.responseHeader("Set-Cookie")).endsWith("; Secure");
        assertThat(behindProxy.responseHeader("Set-Cookie")).endsWith("; Secure");
    }

    @Test
    void poll_fromTheOwnPage_isAuthenticatedByTheCookie() {
        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.get("/poll"))
                                                .header("Sec-Fetch-Site", "same-origin"))
                                .isHeld())
                .isTrue();
        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.get("/poll"))
                                                .header("Comet-Request", "1"))
                                .isHeld())
                .isTrue();
        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.post("/poll"))
                                                .header("Origin", "http://push.example"))
                                .isHeld())
                .isTrue();
    }

    @Test
    @DisplayName("H4 the cookie alone proves nothing")
    void request_withTheCookieAlone_isRefused() {
        protocol.handle(withCookie(FakeExchange.get("/poll"))).isError(403, "refused");
        protocol.handle(withCookie(FakeExchange.post("/poll")).form("lastMessageId=0"))
                .isError(403, "refused");
        protocol.handle(withCookie(FakeExchange.post("/disconnect"))).isError(403, "refused");
        protocol.handle(
                        withCookie(FakeExchange.post("/send"))
                                .json("{\"name\":\"say\",\"contents\":1}"))
                .isError(403, "refused");
        assertThat(protocol.comet.getCometClient("secret-of-ada")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site", "none", "nonsense"})
    @DisplayName("H4 simple-form CSRF can neither poll nor disconnect")
    void request_fromAForeignForm_isRefused(String site) {
        protocol.handle(
                        withCookie(FakeExchange.post("/disconnect"))
                                .form("x=1")
                                .header("Sec-Fetch-Site", site))
                .isError(403, "refused");
        protocol.handle(withCookie(FakeExchange.get("/poll")).header("Sec-Fetch-Site", site))
                .isError(403, "refused");
        assertThat(protocol.comet.getCometClient("secret-of-ada")).isPresent();
    }

    @Test
    void disconnect_forgetsTheCookie() {
        FakeExchange disconnect =
                protocol.handle(
                        withCookie(FakeExchange.post("/disconnect")).header("Comet-Request", "1"));

        assertThat(disconnect.status()).isEqualTo(204);
        assertThat(disconnect.responseHeader("Set-Cookie"))
                .startsWith("comet-token=; Max-Age=0; Path=/app/comet;");
    }

    @Test
    void poll_otherCookies_areNoToken() {
        protocol.handle(
                        FakeExchange.get("/poll")
                                .header("Cookie", "xcomet-token=a; comet-tokens=b; comet-token=")
                                .header("Comet-Request", "1"))
                .isError(401, "token-missing");
    }

    @Test
    void poll_bearerAndCookie_theBearerCounts() {
        protocol.handle(withCookie(FakeExchange.get("/poll")).bearer("nobody"))
                .isError(404, "client-does-not-exist");
    }

    @Test
    void poll_cookiesAreOff_theCookieIsNotRead() {
        try (Protocol strict = new Protocol()) {
            strict.client("ada");
            strict.handle(withCookie(FakeExchange.get("/poll")).header("Comet-Request", "1"))
                    .isError(401, "token-missing");
        }
    }
}
