package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("H6 what one peer may do how often")
class LimitsTest {

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.onConnect(request -> CometClient.builder().build())
                                    .on("say", (client, message) -> {})
                                    .sendsPerClient(10, 3)
                                    .connectsPerAddress(1, 2)
                                    .unknownTokensPerAddress(1, 2));
    private final CometClient ada = protocol.client("ada");
    private static final String MESSAGE = "{\"name\":\"say\",\"contents\":1}";

    @AfterEach
    void close() {
        protocol.close();
    }

    private FakeExchange guess(String address, String token) {
        return protocol.handle(FakeExchange.get("/poll?hold=0").bearer(token).from(address));
    }

    private FakeExchange connect(FakeExchange exchange) {
        return protocol.handle(exchange);
    }

    @Test
    void send_tooMany_isRefusedUntilRested() {
        assertThat(protocol.send(ada, MESSAGE).status()).isEqualTo(202);
        assertThat(protocol.send(ada, "[" + MESSAGE + "," + MESSAGE + "]").status()).isEqualTo(202);

        FakeExchange refused = protocol.send(ada, MESSAGE);
        refused.isError(429, "too-many-requests");
        assertThat(refused.responseHeader("Retry-After")).isEqualTo("1");
        assertThat(protocol.send(protocol.client("bob"), MESSAGE).status()).isEqualTo(202);

        protocol.pass(Duration.ofMillis(100));
        assertThat(protocol.send(ada, MESSAGE).status()).isEqualTo(202);
    }

    private FakeExchange reply(String correlationId) {
        return protocol.handle(
                FakeExchange.post("/reply")
                        .bearer(ada.privateToken())
                        .json("{\"correlationId\":\"" + correlationId + "\",\"contents\":1}"));
    }

    @Test
    void reply_askedFor_isNeverTooMany() {
        for (int i = 0; i < 10; i++) {
            protocol.comet.request("ada", "ask", 1, Duration.ofMinutes(1), "c-" + i);
        }
        for (int i = 0; i < 10; i++) {
            assertThat(reply("c-" + i).status()).isEqualTo(204);
        }
        assertThat(protocol.send(ada, MESSAGE).status()).isEqualTo(202);
    }

    @Test
    void reply_nobodyWaits_isCounted() {
        protocol.comet.request("ada", "ask", 1, Duration.ofMinutes(1), "c-1");
        for (int i = 0; i < 3; i++) {
            reply("unasked").isError(404, "no-such-request");
        }
        reply("unasked").isError(429, "too-many-requests");
        protocol.send(ada, MESSAGE).isError(429, "too-many-requests");
        assertThat(reply("c-1").status()).isEqualTo(204);
    }

    @Test
    void connect_tooManyFromAnAddress_isRefused() {
        for (int i = 0; i < 2; i++) {
            assertThat(connect(FakeExchange.post("/connect")).status()).isEqualTo(200);
        }
        FakeExchange refused = connect(FakeExchange.post("/connect"));
        refused.isError(429, "too-many-requests");
        assertThat(refused.responseHeader("Retry-After")).isEqualTo("1");
        assertThat(connect(FakeExchange.post("/connect").from("192.0.2.2")).status())
                .isEqualTo(200);
    }

    @Test
    void connect_withPrincipal_isCountedForThatPrincipal() {
        for (int i = 0; i < 2; i++) {
            connect(FakeExchange.post("/connect").principal("ada")).response();
        }
        connect(FakeExchange.post("/connect").principal("ada").from("192.0.2.9"))
                .isError(429, "too-many-requests");
        assertThat(connect(FakeExchange.post("/connect").principal("bob")).status()).isEqualTo(200);
        assertThat(connect(FakeExchange.post("/connect").principal("192.0.2.1")).status())
                .isEqualTo(200);
    }

    @Test
    void connect_fromOneNetworkOfIpv6_isCountedTogether() {
        connect(FakeExchange.post("/connect").from("2001:db8:0:1:0:0:0:1")).response();
        connect(FakeExchange.post("/connect").from("2001:db8:0:1:a:b:c:d")).response();

        connect(FakeExchange.post("/connect").from("2001:db8:0:1:0:0:0:3"))
                .isError(429, "too-many-requests");
        assertThat(connect(FakeExchange.post("/connect").from("2001:db8:0:2:0:0:0:1")).status())
                .isEqualTo(200);
    }

    @Test
    void guess_tooManyTokens_isRefusedForAWhile() {
        guess("192.0.2.1", "one").isError(404, "client-does-not-exist");
        guess("192.0.2.1", "t w o").isError(404, "client-does-not-exist");
        guess("192.0.2.1", "three").isError(429, "too-many-requests");
        guess("192.0.2.2", "four").isError(404, "client-does-not-exist");

        assertThat(protocol.handler.statistics().limits())
                .isEqualTo(Map.of("unknownTokensPerAddress", 1L));
        protocol.pass(Duration.ofSeconds(2));

        guess("192.0.2.1", "five").isError(404, "client-does-not-exist");
    }

    @Test
    @DisplayName("H9 who shows unknown tokens does not lock out those behind the same proxy")
    void guess_flood_holdersOfValidTokensPass() {
        for (int i = 0; i < 620; i++) {
            guess("192.0.2.1", "junk-" + i);
        }

        assertThat(guess("192.0.2.1", "secret-of-ada").status()).isEqualTo(200);
        assertThat(protocol.send(ada, MESSAGE).status()).isEqualTo(202);
        guess("192.0.2.1", "junk").isError(429, "too-many-requests");
    }

    @Test
    @DisplayName("H9 newcomers of one address do not use up what is there for those of others")
    void connect_floodFromAnAddress_othersGetIn() {
        try (Protocol few =
                new Protocol(
                        (comet, app) ->
                                app.onConnect(request -> CometClient.builder().build())
                                        .connectsPerAddress(1, 2)
                                        .newcomers(1, 4))) {
            for (int i = 0; i < 620; i++) {
                few.handle(FakeExchange.post("/connect"));
            }
            assertThat(few.handle(FakeExchange.post("/connect").from("198.51.102.1")).status())
                    .isEqualTo(200);
            assertThat(few.handle(FakeExchange.post("/connect").from("198.51.103.1")).status())
                    .isEqualTo(200);

            // Four strangers were let in: from now on each second brings one more, wherever from.
            few.handle(FakeExchange.post("/connect").from("198.51.104.1"))
                    .isError(429, "too-many-requests");
            assertThat(few.handler.statistics().limits())
                    .isEqualTo(Map.of("connectsPerAddress", 618L, "newcomers", 1L));
            assertThat(few.comet.clients()).hasSize(4);
            assertThat(few.handle(FakeExchange.post("/connect").principal("ada")).status())
                    .isEqualTo(200);
        }
    }

    @Test
    @DisplayName("H9 the networks of one site do not use up what is there for those of others")
    void connect_floodFromASite_othersGetIn() {
        try (Protocol few =
                new Protocol(
                        (comet, app) ->
                                app.onConnect(request -> CometClient.builder().build())
                                        .connectsPerAddress(1, 2)
                                        .newcomers(10, 50))) {
            for (String site : new String[] {"2001:db8:1:%x::1", "198.51.100.%d"}) {
                FakeExchange last = FakeExchange.post("/connect");
                for (int i = 0; i < 100; i++) {
                    last = few.handle(FakeExchange.post("/connect").from(site.formatted(i)));
                }
                last.isError(429, "too-many-requests");
            }
            assertThat(few.comet.clients()).hasSize(10);
            assertThat(few.handler.statistics().limits()).isEqualTo(Map.of("newcomers", 190L));

            for (String other : new String[] {"2001:db8:2::1", "203.0.113.1"}) {
                assertThat(few.handle(FakeExchange.post("/connect").from(other)).status())
                        .isEqualTo(200);
            }
            assertThat(
                            few.handle(
                                            FakeExchange.post("/connect")
                                                    .from("198.51.100.1")
                                                    .principal("ada"))
                                    .status())
                    .isEqualTo(200);
        }
    }

    @Test
    @DisplayName(
            "H9 a site may bring what one of its addresses may, however few newcomers there are")
    void connect_fewNewcomers_anAddressHasItsShare() {
        try (Protocol few =
                new Protocol(
                        (comet, app) ->
                                app.onConnect(request -> CometClient.builder().build())
                                        .connectsPerAddress(1, 5)
                                        .newcomers(1, 10))) {
            for (int i = 0; i < 5; i++) {
                assertThat(few.handle(FakeExchange.post("/connect")).status()).isEqualTo(200);
            }
        }
    }

    @Test
    @DisplayName("H9 a browser that comes back does not count among the strangers of its address")
    void connect_flood_whoComesBackPasses() {
        try (Protocol cookies =
                new Protocol(
                        (comet, app) ->
                                app.cookieTokens(true)
                                        .onConnect(request -> CometClient.builder().build())
                                        .connectsPerAddress(1, 2))) {
            String set = cookies.handle(FakeExchange.post("/connect")).responseHeader("Set-Cookie");
            FakeExchange last = FakeExchange.post("/connect");
            for (int i = 0; i < 10; i++) {
                last = cookies.handle(FakeExchange.post("/connect"));
            }
            last.isError(429, "too-many-requests");

            assertThat(
                            cookies.handle(
                                            FakeExchange.post("/connect")
                                                    .header(
                                                            "Cookie",
                                                            set.substring(0, set.indexOf(';')))
                                                    .header("Comet-Request", "1"))
                                    .status())
                    .isEqualTo(200);
        }
    }

    @Test
    @DisplayName("H9 a proxy that nobody has told of is in the log once")
    void connect_behindAProxyNobodyKnows_isLoggedOnce() {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            for (int i = 0; i < 2; i++) {
                connect(
                        FakeExchange.post("/connect")
                                .from("10.0.0.7")
                                .header("X-Forwarded-For", "198.51.100.7"));
            }
            assertThat(log.lines()).hasSize(1);
            assertThat(log.lines().get(0)).contains("10.0.0.7", "clientAddress");
        }
    }

    @Test
    void guess_bySendAndDisconnect_isCountedToo() {
        protocol.handle(FakeExchange.post("/send").bearer("x").json(MESSAGE))
                .isError(404, "client-does-not-exist");
        protocol.handle(FakeExchange.post("/disconnect").form("privateToken=x"))
                .isError(404, "client-does-not-exist");
        protocol.handle(FakeExchange.post("/disconnect").bearer("y"))
                .isError(429, "too-many-requests");
    }

    @Test
    @DisplayName("H9 who connects again and again may send no more by that; users of others may")
    void send_byManyClientsOfOneAddress_isBoundedTogether() {
        try (Protocol protocol =
                new Protocol(
                        (comet, app) -> app.sendsPerAddress(1, 10).on("say", (client, m) -> {}))) {
            for (int i = 0; i < 10; i++) {
                assertThat(say(protocol, "client-" + i, "192.0.2.1").status()).isEqualTo(202);
            }
            say(protocol, "client-10", "192.0.2.1").isError(429, "too-many-requests");
            assertThat(say(protocol, "client-11", "192.0.2.2").status()).isEqualTo(202);
        }
    }

    private static FakeExchange say(Protocol protocol, String name, String address) {
        return protocol.handle(
                FakeExchange.post("/send")
                        .bearer(protocol.client(name).privateToken())
                        .from(address)
                        .json("{\"name\":\"say\",\"contents\":1}"));
    }
}
