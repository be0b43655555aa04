package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
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
                                    .on("say", (client, message) -> {})
                                    .onRequest("who", (client, message) -> client.publicToken()));

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
        assertThat(protocol.comet.findClientByPrivateToken(token)).isPresent();
    }

    @Test
    @DisplayName("H13 a page that gets no cookie back is in the log, with what may be the reason")
    void poll_cookieDoesNotComeBack_isLogged() {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            for (int i = 0; i < 10; i++) {
                protocol.handle(FakeExchange.get("/poll").header("Comet-Client", "ada"))
                        .isError(401, "token-missing");
                protocol.handle(FakeExchange.get("/poll")).isError(401, "token-missing");
            }
            assertThat(log.lines()).hasSize(1);
            assertThat(log.text()).contains("/app/comet", "cookiePath");
        }
    }

    @Test
    @DisplayName(
            "H13 a page that gets no cookie back is told so, not to send a token that it has not")
    void poll_cookieDoesNotComeBack_theReasonSaysSo() {
        FakeExchange page =
                protocol.handle(FakeExchange.get("/poll").header("Comet-Client", "ada"));
        FakeExchange other = protocol.handle(FakeExchange.get("/poll"));

        page.isError(401, "token-missing");
        assertThat(page.reason()).contains("cookie", "/app/comet");
        other.isError(401, "token-missing");
        assertThat(other.reason()).contains("Comet-Token");
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
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-ada")).isPresent();
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
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-ada")).isPresent();
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

    private FakeExchange ownPoll(String cookies) {
        return FakeExchange.get("/poll?hold=0")
                .header("Cookie", cookies)
                .header("Comet-Request", "1");
    }

    private String cookieOf(FakeExchange connect) {
        String set = connect.responseHeader("Set-Cookie");
        return set.substring(0, set.indexOf(';'));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Basic YTpi",
                "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
                "Bearer nobody",
                "Bearer ",
                "Negotiate abc"
            })
    @DisplayName("H18 an Authorization of the site's own is ignored")
    void poll_authorizationIsNotOurs_theCookieCounts(String authorization) {
        assertThat(
                        protocol.handle(
                                        ownPoll("comet-token=secret-of-ada")
                                                .header("Authorization", authorization))
                                .status())
                .isEqualTo(200);
        protocol.client("bob");
        FakeExchange both =
                protocol.handle(
                        FakeExchange.post("/send")
                                .header("Comet-Token", "secret-of-bob")
                                .header("Authorization", authorization)
                                .json("{\"name\":\"who\",\"contents\":1}"));
        assertThat(both.text()).isEqualTo("\"bob\"");
    }

    @Test
    @DisplayName("H18 Comet-Token comes before everything, a bearer that is ours before the cookie")
    void request_severalTokens_theMostExplicitCounts() {
        protocol.client("bob");
        protocol.client("eve");
        String who = "{\"name\":\"who\",\"contents\":1,\"privateToken\":\"secret-of-eve\"}";
        String plain = "{\"name\":\"who\",\"contents\":1}";

        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.post("/send"))
                                                .bearer("secret-of-bob")
                                                .json(plain))
                                .text())
                .isEqualTo("\"bob\"");
        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.post("/send"))
                                                .bearer("secret-of-bob")
                                                .json(who))
                                .text())
                .isEqualTo("\"bob\"");
        assertThat(
                        protocol.handle(
                                        withCookie(FakeExchange.post("/send"))
                                                .bearer("of.the.site")
                                                .json(who))
                                .text())
                .isEqualTo("\"eve\"");
        protocol.handle(
                        withCookie(FakeExchange.post("/send"))
                                .bearer("secret-of-bob")
                                .header("Comet-Token", "nobody")
                                .json(who))
                .isError(404, "client-does-not-exist");
    }

    @Test
    @DisplayName("H17 a second tab is the client of the first one again")
    void connect_withAValidCookie_isTheSameClientAgain() {
        FakeExchange first = protocol.handle(FakeExchange.post("/connect"));

        FakeExchange second =
                protocol.handle(
                        FakeExchange.post("/connect")
                                .header("Cookie", cookieOf(first))
                                .header("Comet-Request", "1"));

        assertThat(second.json().path("publicToken")).isEqualTo(first.json().path("publicToken"));
        assertThat(cookieOf(second)).isEqualTo(cookieOf(first));
        assertThat(protocol.comet.clients()).hasSize(2); // with ada
    }

    @Test
    @DisplayName("H17 a cookie that no page of ours shows brings nobody back")
    void connect_withTheCookieAlone_isANewcomer() {
        FakeExchange first = protocol.handle(FakeExchange.post("/connect"));

        FakeExchange second =
                protocol.handle(FakeExchange.post("/connect").header("Cookie", cookieOf(first)));

        assertThat(second.json().path("publicToken"))
                .isNotEqualTo(first.json().path("publicToken"));
    }

    @Test
    @DisplayName("H17 who has logged in as somebody else does not get the other's client")
    void connect_somebodyElseNow_isANewcomer() {
        try (Protocol named =
                new Protocol(
                        (comet, app) ->
                                app.cookieTokens(true)
                                        .onConnect(
                                                r ->
                                                        CometClient.builder()
                                                                .displayName(r.text("name", "?"))
                                                                .build()))) {
            FakeExchange ada =
                    named.handle(
                            FakeExchange.post("/connect")
                                    .json("{\"name\":\"a\"}")
                                    .principal("ada"));
            FakeExchange adaAgain = again(ada, "a", "ada");
            named.handle(adaAgain);
            assertThat(adaAgain.json().path("publicToken"))
                    .isEqualTo(ada.json().path("publicToken"));
            for (FakeExchange other :
                    new FakeExchange[] {
                        again(ada, "b", "ada"), again(ada, "a", "bob"), again(ada, "a", null)
                    }) {
                named.handle(other);
                assertThat(other.json().path("publicToken"))
                        .isNotEqualTo(ada.json().path("publicToken"));
            }
        }
    }

    private FakeExchange again(FakeExchange connect, String name, String principal) {
        FakeExchange exchange =
                FakeExchange.post("/connect")
                        .json("{\"name\":\"" + name + "\"}")
                        .header("Cookie", cookieOf(connect))
                        .header("Comet-Request", "1");
        return principal == null ? exchange : exchange.principal(principal);
    }

    @Test
    @DisplayName("H17 a hook can keep the client that is there, and fails without ending it")
    void connect_hookKnowsTheClient_decides() {
        try (Protocol named =
                new Protocol(
                        (comet, app) ->
                                app.cookieTokens(true)
                                        .onConnect(
                                                r ->
                                                        r.client() != null
                                                                ? r.client()
                                                                : CometClient.builder().build())
                                        .onConnected(
                                                (client, r) -> {
                                                    if (r.text("name", "").equals("bad")) {
                                                        throw new IllegalStateException();
                                                    }
                                                }))) {
            FakeExchange ada = named.handle(FakeExchange.post("/connect").principal("ada"));
            FakeExchange kept = named.handle(again(ada, "b", "ada"));
            assertThat(kept.json().path("publicToken")).isEqualTo(ada.json().path("publicToken"));

            named.handle(again(ada, "bad", "ada")).isError(500, "handler-failed");
            assertThat(named.comet.clients()).hasSize(1);

            FakeExchange bob = named.handle(again(ada, "b", "bob"));
            assertThat(bob.json().path("publicToken")).isNotEqualTo(ada.json().path("publicToken"));
            assertThat(named.comet.clients()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"eve", ""})
    @DisplayName("H13 a planted cookie makes nobody the client of whoever has planted it")
    void connect_cookieOfSomebodyElse_isANewcomer(String planter) throws Exception {
        FakeExchange theirs = FakeExchange.post("/connect");
        protocol.handle(planter.isEmpty() ? theirs : theirs.principal(planter));
        String set = theirs.responseHeader("Set-Cookie");
        String token = set.substring(set.indexOf('=') + 1).split("[:;]", -1)[0];
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest((token + "\nada").getBytes(UTF_8));
        String owner =
                Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, 12));

        for (String planted : new String[] {token, token + ":" + owner, token + ":"}) {
            FakeExchange ada =
                    protocol.handle(
                            FakeExchange.post("/connect")
                                    .header("Cookie", "comet-token=" + planted)
                                    .header("Comet-Request", "1")
                                    .principal("ada"));
            assertThat(ada.json().path("publicToken"))
                    .isNotEqualTo(theirs.json().path("publicToken"));
            assertThat(cookieOf(ada)).doesNotContain(token);
        }
    }

    @Test
    @DisplayName("H13 with a cookie that is another user's nothing is asked for")
    void request_cookieOfAnotherUser_isLost() {
        FakeExchange connected = FakeExchange.post("/connect").principal("ada");
        String adas = cookieOf(protocol.handle(connected));
        String anonymous = cookieOf(protocol.handle(FakeExchange.post("/connect")));

        assertThat(protocol.handle(ownPoll(adas).principal("ada")).status()).isEqualTo(200);
        assertThat(protocol.handle(ownPoll(anonymous)).status()).isEqualTo(200);
        protocol.handle(ownPoll(adas).principal("bob")).isError(404, "client-replaced");
        protocol.handle(ownPoll(adas)).isError(404, "client-replaced");
        protocol.handle(ownPoll(anonymous).principal("bob")).isError(404, "client-replaced");
        for (String path : new String[] {"/stream", "/send", "/ack", "/disconnect"}) {
            protocol.handle(
                            FakeExchange.request(path.equals("/stream") ? "GET" : "POST", path)
                                    .header("Cookie", adas)
                                    .header("Comet-Request", "1")
                                    .principal("bob"))
                    .isError(404, "client-replaced");
        }
        assertThat(protocol.comet.clients()).hasSize(3); // with ada of the test
    }

    @Test
    @DisplayName("H13 who shows a token in a header has it, whoever is logged in")
    void request_tokenInAHeader_isNobodysBusiness() {
        FakeExchange poll =
                FakeExchange.get("/poll?hold=0").bearer("secret-of-ada").principal("bob");
        assertThat(protocol.handle(poll).status()).isEqualTo(200);
    }

    @Test
    @DisplayName("H13 a hook cannot make a client of one user for another")
    void connect_hookNamesAnotherUser_failsInWords() {
        try (Protocol named =
                        new Protocol(
                                (comet, app) ->
                                        app.cookieTokens(true)
                                                .onConnect(
                                                        r ->
                                                                CometClient.builder()
                                                                        .user("ada")
                                                                        .build()));
                LogCapture log = new LogCapture(CometHttpHandler.class)) {
            assertThat(named.handle(FakeExchange.post("/connect").principal("ada")).status())
                    .isEqualTo(200);
            named.handle(FakeExchange.post("/connect").principal("bob"))
                    .isError(500, "handler-failed");
            named.handle(FakeExchange.post("/connect")).isError(500, "handler-failed");
            assertThat(log.causes()).contains("cookieTokens", "user");
        }
    }

    @Test
    @DisplayName("H13 the cookie has the path that the application says")
    void connect_cookiePath_isThatOfTheCookie() {
        try (Protocol root =
                new Protocol(
                        (comet, app) ->
                                app.cookieTokens(true)
                                        .cookiePath("/")
                                        .onConnect(r -> CometClient.builder().build()))) {
            FakeExchange connect = root.handle(FakeExchange.post("/connect").scheme("https"));
            assertThat(connect.responseHeader("Set-Cookie"))
                    .startsWith("__Host-comet-token=")
                    .contains("; Path=/; ");
            assertThat(root.handle(ownPoll(cookieOf(connect)).scheme("https")).status())
                    .isEqualTo(200);
        }
    }

    @Test
    @DisplayName("H17 another client's cookie is not forgotten")
    void disconnect_ofAnotherClient_leavesTheCookie() {
        protocol.client("bob");

        FakeExchange disconnect =
                protocol.handle(
                        withCookie(FakeExchange.post("/disconnect"))
                                .header("Comet-Token", "secret-of-bob"));

        assertThat(disconnect.status()).isEqualTo(204);
        assertThat(disconnect.responseHeader("Set-Cookie")).isNull();
    }

    @Test
    @DisplayName("H17 a page whose cookie was replaced loses its session and speaks as nobody else")
    void request_pageTakesItselfForAnotherClient_isToldThatItWasReplaced() {
        protocol.comet.initializeClient(
                CometClient.builder()
                        .publicToken("J\u00fcrgen +/")
                        .privateToken("secret-of-j")
                        .build());
        String cookie = "comet-token=secret-of-ada";
        String page = "J%C3%BCrgen%20%2B%2F";

        protocol.handle(ownPoll(cookie).header("Comet-Client", page))
                .isError(404, "client-replaced");
        protocol.handle(
                        FakeExchange.get("/stream?publicToken=" + page)
                                .header("Cookie", cookie)
                                .header("Comet-Request", "1"))
                .isError(404, "client-replaced");
        protocol.handle(
                        FakeExchange.post("/send")
                                .header("Cookie", cookie)
                                .header("Comet-Request", "1")
                                .header("Comet-Client", page)
                                .json("{\"name\":\"say\",\"contents\":1}"))
                .isError(404, "client-replaced");
        protocol.handle(
                        FakeExchange.post("/disconnect")
                                .header("Cookie", cookie)
                                .header("Origin", "http://push.example")
                                .form("publicToken=" + page))
                .isError(404, "client-replaced");
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-ada")).isPresent();
        assertThat(protocol.handle(ownPoll(cookie).header("Comet-Client", "ada")).status())
                .isEqualTo(200);
        FakeExchange right = ownPoll("comet-token=secret-of-j").header("Comet-Client", page);
        assertThat(protocol.handle(right).status()).isEqualTo(200);
    }

    @Test
    @DisplayName("H13 a cookie that another host has put beside ours is refused")
    void request_twoCookiesThatDiffer_isRefused() {
        protocol.client("bob");

        protocol.handle(ownPoll("comet-token=secret-of-bob; comet-token=secret-of-ada"))
                .isError(403, "refused");
        assertThat(
                        protocol.handle(
                                        ownPoll(
                                                "comet-token=secret-of-ada;"
                                                        + " comet-token=secret-of-ada"))
                                .status())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("H13 over TLS the cookie has a name that plain pages cannot set")
    void connect_overTls_theNameIsSecure() {
        FakeExchange tls = protocol.handle(FakeExchange.post("/connect").scheme("https"));
        assertThat(tls.responseHeader("Set-Cookie"))
                .startsWith("__Secure-comet-token=")
                .contains("; Path=/app/comet; ");

        protocol.client("bob");
        FakeExchange tossed =
                protocol.handle(
                        ownPoll("comet-token=secret-of-bob; __Secure-comet-token=secret-of-ada")
                                .header("Comet-Client", "ada"));
        assertThat(tossed.status()).isEqualTo(200);
        protocol.handle(ownPoll("comet-token=secret-of-bob").scheme("https"))
                .isError(401, "token-missing");
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
