package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies that are not there yet, or not any more. */
class LateBodyTest {

    private final List<String> handled = new ArrayList<>();
    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("say", (client, m) -> handled.add(m.contents().toString()))
                                    .onConnect(request -> CometClient.builder().build()));
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/ack", "/send", "/reply", "/disconnect"})
    @DisplayName("H8 an unknown token is refused before the body is read")
    void post_unknownToken_isRefusedBeforeTheBodyIsRead(String path) {
        FakeExchange exchange = FakeExchange.post(path).bearer("nobody").json("{}");

        protocol.handle(exchange);

        exchange.isError(404, "client-does-not-exist");
        assertThat(exchange.bodyWasRead()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/ack", "/send", "/reply", "/disconnect", "/connect"})
    @DisplayName("H15 a body that was announced and is not there is named, never a default")
    void post_bodyWasTakenAway_isNamed(String path) {
        FakeExchange exchange =
                FakeExchange.post(path)
                        .bearer(ada.privateToken())
                        .form("")
                        .header("Content-Length", "17");
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            protocol.handle(exchange);

            exchange.isError(400, "parameters-invalid");
            assertThat(exchange.reason()).contains("announced");
            assertThat(log.lines()).singleElement().asString().contains("filter");
            assertThat(log.stackTraces()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll?hold=0", "/stream", "/comet.js"})
    @DisplayName("H8 a GET with a body is refused before that is read")
    void get_withABody_isRefused(String target) {
        FakeExchange exchange =
                FakeExchange.get(target).bearer(ada.privateToken()).header("Content-Length", "5");

        protocol.handle(exchange).isError(400, "parameters-invalid");

        assertThat(exchange.bodyWasRead()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/send", "/reply"})
    @DisplayName("H8 a long body with no token in front of it is refused before it is read")
    void post_noTokenBeforeALongBody_isRefusedBeforeItIsRead(String path) {
        FakeExchange exchange = FakeExchange.post(path).json(" ".repeat(9_000));

        protocol.handle(exchange).isError(413, "too-large");

        assertThat(exchange.bodyWasRead()).isFalse();
    }

    @Test
    @DisplayName("H8 a body that comes later is handled then, by whoever brings it")
    void send_bodyComesLater_isHandledThen() {
        FakeExchange send = FakeExchange.post("/send").bearer(ada.privateToken()).bodyLater();
        protocol.handle(send.json("{\"name\":\"say\",\"contents\":1}"));
        assertThat(send.isAnswered()).isFalse();

        send.bodyComes();

        assertThat(send.status()).isEqualTo(202);
        assertThat(handled).containsExactly("1");
    }

    @Test
    @DisplayName("H8 a client that ends while its body comes is unknown then")
    void send_clientEndsWhileTheBodyComes_isUnknown() {
        FakeExchange send = FakeExchange.post("/send").bearer(ada.privateToken()).bodyLater();
        protocol.handle(send.json("{\"name\":\"say\",\"contents\":1}"));
        protocol.comet.disconnect(ada);

        send.bodyComes();

        send.isError(404, "client-does-not-exist");
        assertThat(handled).isEmpty();
    }
}
