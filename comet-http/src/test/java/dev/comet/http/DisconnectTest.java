package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DisconnectTest {

    private final Protocol protocol = new Protocol();

    DisconnectTest() {
        protocol.client("ada");
        protocol.client("bob");
    }

    @AfterEach
    void close() {
        protocol.close();
    }

    @Test
    void disconnect_form_endsTheClient() {
        FakeExchange disconnect =
                protocol.handle(
                        FakeExchange.post("/disconnect")
                                .body(
                                        "application/x-www-form-urlencoded;charset=UTF-8",
                                        "privateToken=secret-of-ada".getBytes(UTF_8)));

        assertThat(disconnect.status()).isEqualTo(204);
        assertThat(disconnect.response().body()).isEmpty();
        assertThat(disconnect.responseHeader("Content-Type")).isNull();
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-ada")).isEmpty();
    }

    @Test
    void disconnect_json_endsTheClient() {
        assertThat(
                        protocol.handle(
                                        FakeExchange.post("/disconnect")
                                                .json("{\"privateToken\":\"secret-of-ada\"}"))
                                .status())
                .isEqualTo(204);
    }

    @Test
    @DisplayName("C9 after a disconnect the tokens are unknown, and free")
    void disconnect_again_isUnknown() {
        protocol.handle(FakeExchange.post("/disconnect").bearer("secret-of-ada")).response();

        protocol.handle(FakeExchange.post("/disconnect").bearer("secret-of-ada"))
                .isError(404, "client-does-not-exist");
        protocol.client("ada");
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-ada")).isPresent();
    }

    @Test
    @DisplayName("H7 nobody ends another client by its public token")
    void disconnect_withAPublicToken_isUnknown() {
        protocol.handle(FakeExchange.post("/disconnect").form("privateToken=bob"))
                .isError(404, "client-does-not-exist");
        assertThat(protocol.comet.findClientByPrivateToken("secret-of-bob")).isPresent();
    }

    @Test
    void disconnect_withoutAToken_isRefused() {
        protocol.handle(FakeExchange.post("/disconnect")).isError(401, "token-missing");
    }
}
