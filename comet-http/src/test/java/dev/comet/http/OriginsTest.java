package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.time.Duration;
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
        assertThat(closed.comet.findClientByPrivateToken(ada.privateToken())).isPresent();
    }

    @Test
    @DisplayName(
            "H4 a refusal names what is to be done: list the page, or have the proxy pass Host on")
    void request_foreignOrigin_theReasonSaysWhatIsToBeDone() {
        String changedHost = closed.handle(poll().header("Origin", LISTED)).reason();
        String forwarded =
                closed.handle(poll().header("Origin", LISTED).acceptedHost("app.example:81"))
                        .reason();
        String sure =
                closed.handle(
                                poll().header("Origin", LISTED)
                                        .header("Sec-Fetch-Site", "cross-site"))
                        .reason();

        assertThat(changedHost).contains(LISTED, "allowedOrigins", "proxy", "Host");
        assertThat(forwarded).contains("push.example", "app.example:81");
        assertThat(sure).contains(LISTED, "allowedOrigins", "cross-site").doesNotContain("proxy");
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

    @Test
    @DisplayName("H4 a refusal names the origin and the option")
    void request_foreignOrigin_theReasonNamesItAndTheOption() {
        FakeExchange poll = closed.handle(poll().header("Origin", "https://evil.example"));

        assertThat(poll.reason()).contains("https://evil.example", "allowedOrigins");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "capacitor://localhost",
                "tauri://localhost",
                "ionic://localhost",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "http://localhost:5173"
            })
    @DisplayName("H13 apps and extensions can be listed")
    void allowedOrigins_ofAnApp_isAdmitted(String origin) {
        try (Protocol app = new Protocol((comet, a) -> a.allowedOrigins(List.of(origin)))) {
            app.client("ada");
            assertThat(app.handle(poll().header("Origin", origin)).status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Comet-Token",
                "Comet-Client",
                "Last-Event-ID",
                "Cache-Control",
                "X-Requested-With",
                "traceparent"
            })
    @DisplayName("H13 what pages usually send may be sent across origins")
    void preflight_usualHeader_isAllowed(String header) {
        assertThat(
                        open.handle(preflight(LISTED))
                                .responseHeader("Access-Control-Allow-Headers")
                                .split(", "))
                .contains(header);
    }

    @Test
    @DisplayName("H13 headers of the application's own may be sent, too")
    void preflight_headerOfTheApplication_isAllowed() {
        try (Protocol app =
                new Protocol(
                        (comet, a) ->
                                a.allowedOrigins(List.of(LISTED))
                                        .allowedHeaders(List.of("X-Tenant")))) {
            assertThat(app.handle(preflight(LISTED)).responseHeader("Access-Control-Allow-Headers"))
                    .contains("X-Tenant", "Comet-Token");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "https://shop.example, backend:8080, shop.example, https, 200",
        "http://shop.example:81, backend:8080, shop.example:81, http, 200",
        "https://push.example, push.example, shop.example, https, 200",
        "http://shop.example, backend:8080, shop.example, https, 403",
        "https://evil.example, backend:8080, shop.example, https, 403",
    })
    @DisplayName("H13 a host that the container has accepted is this server's, too")
    void request_hostThatTheContainerAccepts_isTheOwn(
            String origin, String host, String accepted, String scheme, int status) {
        FakeExchange poll =
                closed.handle(
                        poll().header("Origin", origin)
                                .header("Host", host)
                                .acceptedHost(accepted)
                                .scheme(scheme));

        assertThat(poll.status()).as(poll.text()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:8080, 200",
        "LOCALHOST., 200",
        "[::1]:8080, 200",
        "127.0.0.1, 200",
        "evil.example:8080, 403",
        "localhost.evil.example, 403",
        "[::2]:8080, 403",
    })
    @DisplayName("H13 a name that somebody else points to this machine is refused")
    void request_hostIsNotListed_isRefused(String host, int status) {
        try (Protocol local =
                new Protocol(
                        (comet, a) -> a.allowedHosts(List.of("localhost", "127.0.0.1", "[::1]")))) {
            local.client("ada");
            FakeExchange poll =
                    local.handle(
                            poll().header("Host", host)
                                    .acceptedHost("localhost") // as X-Forwarded-Host may say
                                    .header("Sec-Fetch-Site", "same-origin"));

            assertThat(poll.status()).as(poll.text()).isEqualTo(status);
            if (status == 403) {
                assertThat(poll.reason()).contains(host, "allowedHosts");
            }
        }
    }

    @Test
    @DisplayName("H13 H12 a refusal is in the log once a minute, whoever asked before")
    void request_foreignOrigins_areLoggedOnceAMinute() {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            for (int i = 0; i < 1_000; i++) {
                closed.handle(poll().header("Origin", "https://evil" + i + ".example"));
            }
            assertThat(log.lines()).hasSize(1);
            assertThat(log.lines().get(0)).contains("https://evil0.example", "allowedOrigins");

            closed.pass(Duration.ofMinutes(1));
            closed.handle(poll().header("Origin", "https://new.example"));
            assertThat(log.lines()).hasSize(2);
            assertThat(log.lines().get(1)).contains("https://new.example", "999 more");
        }
    }

    @Test
    @DisplayName(
            "H13 the browser calls a page foreign whose origin looks like ours: both are named")
    void request_ownOriginCrossSite_theReasonSaysWhy() {
        FakeExchange poll =
                closed.handle(
                        poll().header("Origin", "http://push.example")
                                .header("Host", "push.example")
                                .header("Sec-Fetch-Site", "cross-site"));
        poll.isError(403, "refused");
        assertThat(poll.reason()).contains("Sec-Fetch-Site is cross-site");
    }
}
