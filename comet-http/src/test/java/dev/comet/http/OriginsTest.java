package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("H4 cross-origin requests")
class OriginsTest {

    private static final String LISTED = "https://app.example";

    private final Protocol closed = new Protocol();
    private final Protocol open =
            new Protocol((comet, app) -> app.allowedOrigins(List.of(LISTED, "http://[::1]:8080")));
    private final CometClient ada = closed.client("ada");

    OriginsTest() {
        open.client("ada");
    }

    @AfterEach
    void close() {
        closed.close();
        open.close();
    }

    private static FakeExchange poll() {
        return FakeExchange.get("/poll?hold=0").bearer("secret-of-ada");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://evil.example",
                "null",
                "http://push.example.evil.example",
                "http://push.example:81",
                "http://evil-push.example",
                "file://",
                "",
                "http://",
                "push.example",
                LISTED
            })
    void request_foreignOrigin_isRefusedByDefault(String origin) {
        FakeExchange poll = closed.handle(poll().header("Origin", origin));

        poll.isError(403, "refused");
        assertThat(poll.responseHeader("Access-Control-Allow-Origin")).isNull();
        closed.handle(FakeExchange.get("/comet.js").header("Origin", origin))
                .isError(403, "refused");
        assertThat(closed.comet.getCometClient(ada.privateToken())).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "http://push.example, push.example, http",
        "http://push.example, PUSH.example:80, http",
        "http://push.example:8080, push.example:8080, http",
        "https://push.example, push.example, https",
        "https://push.example, push.example:443, https",
        "https://push.example, push.example, http",
        "http://[::1]:8080, [::1]:8080, http",
    })
    void request_ownOrigin_isAdmitted(String origin, String host, String scheme) {
        FakeExchange poll =
                closed.handle(poll().header("Origin", origin).header("Host", host).scheme(scheme));

        assertThat(poll.status()).as(poll.text()).isEqualTo(200);
        assertThat(poll.responseHeader("Access-Control-Allow-Origin")).isNull();
        assertThat(poll.responseHeader("Vary")).isNull();
    }

    @Test
    void request_plainPageOfASecureServer_isRefused() {
        closed.handle(poll().header("Origin", "http://push.example").scheme("https"))
                .isError(403, "refused");
        closed.handle(poll().header("Origin", "http://push.example").header("Host", null))
                .isError(403, "refused");
    }

    @Test
    void request_browserSaysWhereItComesFrom_itIsBelieved() {
        assertThat(
                        closed.handle(
                                        poll().header("Origin", "https://as-the-proxy-sees-it")
                                                .header("Sec-Fetch-Site", "same-origin"))
                                .status())
                .isEqualTo(200);
        closed.handle(
                        poll().header("Origin", "http://push.example")
                                .header("Sec-Fetch-Site", "cross-site"))
                .isError(403, "refused");
        closed.handle(FakeExchange.get("/poll").header("Sec-Fetch-Site", "cross-site"))
                .isError(403, "refused");
        closed.handle(
                        FakeExchange.get("/poll")
                                .header("Authorization", "Basic YTpi")
                                .header("Sec-Fetch-Site", "same-site"))
                .isError(403, "refused");
    }

    @Test
    void request_listedOrigin_isAdmittedAndToldSo() {
        FakeExchange poll =
                open.handle(poll().header("Origin", LISTED).header("Sec-Fetch-Site", "cross-site"));

        assertThat(poll.status()).isEqualTo(200);
        assertThat(poll.responseHeader("Access-Control-Allow-Origin")).isEqualTo(LISTED);
        assertThat(poll.responseHeader("Access-Control-Allow-Credentials")).isNull();
        assertThat(poll.responseHeader("Access-Control-Expose-Headers")).isEqualTo("Retry-After");
        assertThat(poll.responseHeader("Vary")).isEqualTo("Origin");
    }

    @Test
    void request_listedOriginHeld_isToldInTheLateAnswerToo() {
        FakeExchange poll =
                open.handle(
                        FakeExchange.get("/poll").bearer("secret-of-ada").header("Origin", LISTED));
        open.comet.sendMessage("ada", "n", 1);

        assertThat(poll.responseHeader("Access-Control-Allow-Origin")).isEqualTo(LISTED);
    }

    @Test
    void request_listedOriginFails_theErrorCanBeRead() {
        FakeExchange poll =
                open.handle(FakeExchange.get("/poll").bearer("nobody").header("Origin", LISTED));

        poll.isError(404, "client-does-not-exist");
        assertThat(poll.responseHeader("Access-Control-Allow-Origin")).isEqualTo(LISTED);
    }

    @Test
    void request_withAList_everyAnswerVaries() {
        assertThat(open.handle(poll()).responseHeader("Vary")).isEqualTo("Origin");
        FakeExchange foreign = open.handle(poll().header("Origin", "https://evil.example"));
        foreign.isError(403, "refused");
        assertThat(foreign.responseHeader("Vary")).isEqualTo("Origin");
        assertThat(foreign.responseHeader("Access-Control-Allow-Origin")).isNull();
    }

    @Test
    void request_listedOriginWithCookies_mayUseThem() {
        try (Protocol cookies =
                new Protocol(
                        (comet, app) -> app.cookieTokens(true).allowedOrigins(List.of(LISTED)))) {
            cookies.client("ada");
            FakeExchange poll =
                    cookies.handle(
                            FakeExchange.get("/poll?hold=0")
                                    .header("Cookie", "comet-token=secret-of-ada")
                                    .header("Origin", LISTED));
            assertThat(poll.status()).isEqualTo(200);
            assertThat(poll.responseHeader("Access-Control-Allow-Credentials")).isEqualTo("true");
        }
    }

    private static FakeExchange preflight(String origin) {
        return FakeExchange.request("OPTIONS", "/poll")
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", "authorization");
    }

    @Test
    void preflight_listedOrigin_isAnswered() {
        FakeExchange preflight = open.handle(preflight(LISTED));

        assertThat(preflight.status()).isEqualTo(204);
        assertThat(preflight.responseHeader("Access-Control-Allow-Origin")).isEqualTo(LISTED);
        assertThat(preflight.responseHeader("Access-Control-Allow-Methods")).isEqualTo("GET, POST");
        assertThat(preflight.responseHeader("Access-Control-Allow-Headers"))
                .contains("Authorization", "Content-Type", "Comet-Request");
        assertThat(preflight.responseHeader("Access-Control-Max-Age")).isEqualTo("7200");
    }

    @Test
    void preflight_foreignOrigin_isRefused() {
        open.handle(preflight("https://evil.example")).isError(403, "refused");
        closed.handle(preflight(LISTED)).isError(403, "refused");
    }
}
