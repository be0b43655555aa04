package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometLimits;
import java.time.Duration;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ConnectTest {

    record Details(String displayName, int age) {}

    private Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.onConnect(
                                            request ->
                                                    CometClient.builder()
                                                            .displayName(
                                                                    request.text(
                                                                            "displayName", "?"))
                                                            .build())
                                    .onConnected(
                                            (client, request) ->
                                                    comet.joinGroup(
                                                            client.publicToken(), "lobby")));

    @AfterEach
    void close() {
        protocol.close();
    }

    private FakeExchange connect(String json) {
        return protocol.handle(FakeExchange.post("/connect").json(json));
    }

    private void use(BiConsumer<dev.comet.CometStateManager, CometApplication> setUp) {
        protocol.close();
        protocol = new Protocol(setUp);
    }

    @Test
    @DisplayName("C3 connect makes a client and hands it its tokens")
    void connect_accepted_answersTheSession() {
        FakeExchange connect = connect("{\"displayName\":\"Ada\"}");

        assertThat(connect.status()).isEqualTo(200);
        String token = connect.json().path("privateToken").stringValue();
        CometClient client = protocol.comet.findClientByPrivateToken(token).orElseThrow();
        assertThat(connect.json().path("publicToken").stringValue())
                .isEqualTo(client.publicToken())
                .isNotEqualTo(token);
        assertThat(connect.json().path("displayName").stringValue()).isEqualTo("Ada");
        assertThat(connect.json().path("connectionTimeoutSeconds").intValue()).isEqualTo(25);
        assertThat(connect.json().path("connectionIdleSeconds").intValue()).isEqualTo(60);
        assertThat(connect.json().path("lastMessageId").longValue()).isPositive();
        assertThat(connect.responseHeader("Set-Cookie")).isNull();
        assertThat(connect.responseHeader("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void connect_accepted_clientIsInItsGroupsBeforeItHears() {
        FakeExchange connect = connect("");
        protocol.comet.sendToGroup("lobby", "said", "hi");

        FakeExchange poll =
                protocol.handle(
                        FakeExchange.get(
                                        "/poll?lastMessageId="
                                                + connect.json().path("lastMessageId").longValue())
                                .bearer(connect.json().path("privateToken").stringValue()));

        assertThat(poll.json().path(0).path("contents").stringValue()).isEqualTo("hi");
    }

    @Test
    void connect_withoutABody_hasEmptyDetails() {
        assertThat(protocol.handle(FakeExchange.post("/connect")).json().path("displayName"))
                .hasToString("\"?\"");
    }

    @Test
    void connect_noHook_isOff() {
        use((comet, app) -> {});
        connect("{}").isError(404, "no-such-endpoint");
        protocol.handle(FakeExchange.get("/connect")).isError(404, "no-such-endpoint");
    }

    @Test
    void connect_request_tellsAboutTheNewcomer() {
        use(
                (comet, app) ->
                        app.clientAddress(exchange -> exchange.header("X-Forwarded-For"))
                                .onConnect(
                                        request -> {
                                            assertThat(request.principal().getName())
                                                    .isEqualTo("ada");
                                            assertThat(request.remoteAddress())
                                                    .isEqualTo("198.51.100.7");
                                            assertThat(request.header("User-Agent"))
                                                    .isEqualTo("test");
                                            assertThat(request.details(Details.class))
                                                    .isEqualTo(new Details("Ada", 36));
                                            return CometClient.builder().build();
                                        }));

        FakeExchange connect =
                protocol.handle(
                        FakeExchange.post("/connect")
                                .json("{\"displayName\":\"Ada\",\"age\":36}")
                                .principal("ada")
                                .header("X-Forwarded-For", "198.51.100.7")
                                .header("User-Agent", "test"));

        assertThat(connect.status()).as(connect.text()).isEqualTo(200);
    }

    @Test
    void connect_pastTheProxy_hasTheAddressOfWhoeverIsConnected() {
        use(
                (comet, app) ->
                        app.clientAddress(exchange -> exchange.header("X-Forwarded-For"))
                                .onConnect(
                                        request ->
                                                CometClient.builder()
                                                        .displayName(request.remoteAddress())
                                                        .build()));

        assertThat(connect("").json().path("displayName").asString()).isEqualTo("192.0.2.1");
    }

    @Test
    @DisplayName("H2 details of the wrong form are refused by path")
    void connect_detailsDoNotFit_isRefused() {
        use(
                (comet, app) ->
                        app.onConnect(
                                request -> {
                                    request.details(Details.class);
                                    return CometClient.builder().build();
                                }));

        FakeExchange connect = connect("{\"displayName\":\"Ada\",\"age\":\"old\"}");

        connect.isError(400, "parameters-invalid");
        assertThat(connect.reason()).contains("details.age").doesNotContain("old", "int");
    }

    @Test
    @DisplayName("C1 a bad name is refused")
    void connect_blankName_isRefused() {
        FakeExchange connect = connect("{\"displayName\":\" \"}");

        connect.isError(400, "parameters-invalid");
        assertThat(connect.reason()).contains("breaks a rule");
    }

    @Test
    @DisplayName("C2 a token that is in use is refused")
    void connect_tokenInUse_isRefused() {
        use((comet, app) -> app.onConnect(r -> CometClient.builder().publicToken("one").build()));
        String first = connect("").json().path("privateToken").stringValue();

        connect("").isError(409, "client-already-exists");

        assertThat(protocol.comet.findClientByPrivateToken(first)).isPresent();
    }

    @Test
    void connect_hookRefuses_theReasonIsTheAnswer() {
        use(
                (comet, app) ->
                        app.onConnect(
                                request -> {
                                    throw new CometException(
                                            CometException.Reason.REFUSED, "the name is taken");
                                }));

        FakeExchange connect = connect("");

        connect.isError(403, "refused");
        assertThat(connect.reason()).isEqualTo("the name is taken");
    }

    @Test
    void connect_hookFails_detailsStayOnTheServer() {
        use(
                (comet, app) ->
                        app.onConnect(
                                request -> {
                                    throw new java.sql.SQLException("db password");
                                }));

        FakeExchange connect = connect("");

        connect.isError(500, "handler-failed");
        assertThat(connect.text()).doesNotContain("password");
    }

    @Test
    void connect_welcomeFails_theClientIsGone() {
        use(
                (comet, app) ->
                        app.onConnect(request -> CometClient.builder().build())
                                .onConnected(
                                        (client, request) -> {
                                            throw new CometException(
                                                    CometException.Reason.REFUSED, "full");
                                        }));

        connect("").isError(403, "refused");

        assertThat(protocol.comet.clients()).isEmpty();
    }

    @Test
    void connect_draining_isSentAway() {
        protocol.comet.drain(Duration.ZERO);

        FakeExchange connect = connect("");

        connect.isError(503, "draining");
        assertThat(connect.responseHeader("Retry-After")).isEqualTo("5");
    }

    @Test
    void connect_closed_isRefused() {
        protocol.comet.close();

        connect("").isError(503, "closed");
    }

    @Test
    void connect_tooManyClients_isRefused() {
        protocol.close();
        protocol =
                new Protocol(
                        CometLimits.builder().maxClients(1).build(),
                        (comet, app) -> app.onConnect(r -> CometClient.builder().build()));
        connect("").response();

        FakeExchange connect = connect("");

        connect.isError(503, "limit-reached");
        assertThat(connect.responseHeader("Retry-After")).isNotNull();
    }

    @Test
    @DisplayName("H6 a token that somebody chose must not be easy to guess")
    void connect_weakToken_isRefused() {
        for (String weak : new String[] {"secret", "ab".repeat(20), "x".repeat(256)}) {
            use((comet, app) -> app.onConnect(r -> withToken(weak)));
            FakeExchange connect = connect("");
            connect.isError(400, "parameters-invalid");
            assertThat(connect.reason()).contains("breaks a rule").doesNotContain(weak);
            assertThat(protocol.comet.clients()).isEmpty();
        }
        use((comet, app) -> app.weakPrivateTokens(true).onConnect(r -> withToken("secret")));
        assertThat(connect("").status()).isEqualTo(200);
        use((comet, app) -> app.onConnect(r -> withToken("8d8ac610-566d-4ef0-9c22-186b2a5ed793")));
        assertThat(connect("").status()).isEqualTo(200);
    }

    private static CometClient withToken(String token) {
        return CometClient.builder().privateToken(token).build();
    }

    @Test
    @DisplayName("C7 an Error of a hook leaves no client behind that nobody knows of")
    void connect_welcomeThrowsAnError_clientIsEnded() {
        use(
                (comet, app) ->
                        app.onConnect(request -> CometClient.builder().build())
                                .onConnected((client, request) -> crash()));

        connect("{}").isError(500, "handler-failed");

        assertThat(protocol.comet.clients()).isEmpty();
    }

    private static void crash() {
        throw new AssertionError("db password");
    }

    @Test
    @DisplayName("H7 a welcome for somebody who has left is no news of the newcomer's own session")
    void connect_hookWritesToAnUnknownClient_isRefused() {
        use(
                (comet, app) ->
                        app.onConnect(request -> CometClient.builder().build())
                                .onConnected((c, request) -> comet.sendMessage("host", "new", 1)));

        FakeExchange connect = connect("{}");

        connect.isError(403, "refused");
        assertThat(connect.reason()).contains("no client");
    }

    @Test
    @DisplayName("P4: a newcomer that the store loses while it is welcomed is to connect again")
    void connect_storeLosesTheNewcomer_isToConnectAgain() {
        use(
                (comet, app) ->
                        app.onConnect(request -> CometClient.builder().build())
                                .onConnected(
                                        (client, request) -> {
                                            comet.disconnect(client); // as if it had lost it
                                            comet.joinGroup(client, "lobby");
                                        }));

        connect("{}").isError(503, "provider-unavailable");
    }

    @Test
    @DisplayName("P4: a newcomer that the store loses after it was welcomed is to connect again")
    void connect_storeLosesTheNewcomerLast_isToConnectAgain() {
        use(
                (comet, app) ->
                        app.onConnect(request -> CometClient.builder().build())
                                .onConnected((client, request) -> comet.disconnect(client)));

        connect("{}").isError(503, "provider-unavailable");
    }
}
