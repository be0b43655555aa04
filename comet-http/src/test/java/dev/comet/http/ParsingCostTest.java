package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts so long that to parse them in quadratic time would take minutes. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ParsingCostTest {

    private static final int LENGTH = 4_000_000;

    private final Protocol protocol = new Protocol((comet, app) -> app.cookieTokens(true));
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"&", "=", "a&", "%", "%26", "+", "a=b&", "lastMessageId=0;"})
    @DisplayName("H11 a long query costs no more than its length")
    void poll_longQuery_costsNoMoreThanItsLength(String piece) {
        FakeExchange poll = protocol.poll(ada, "?" + piece.repeat(LENGTH / piece.length()));

        poll.isError(413, "too-large");
    }

    @ParameterizedTest
    @ValueSource(strings = {";", "comet-token;", "=", " ", "comet-token"})
    @DisplayName("H11 long cookies and headers cost no more than their length")
    void poll_longHeaders_costNoMoreThanTheirLength(String piece) {
        String text = piece.repeat(LENGTH / piece.length());
        FakeExchange poll =
                protocol.handle(
                        FakeExchange.post("/poll")
                                .header("Cookie", text)
                                .header("Comet-Request", "1")
                                .form("hold=0")
                                .header("Content-Type", "text/plain;charset=utf-8" + text));

        assertThat(poll.status()).isBetween(400, 499);
    }

    @Test
    @DisplayName("H11 JSON is parsed in one go, whatever its shape")
    void parse_jsonOfAnyShape_takesOneGo() {
        StringBuilder fields = new StringBuilder("{\"f\":1");
        for (int i = 0; fields.length() < 60_000; i++) {
            fields.append(",\"f").append(i).append("\":1");
        }
        String names = ("\"" + "\\u0041".repeat(9_000) + "\"");
        List<String> bodies =
                List.of(
                        fields + "}",
                        "[" + "1,".repeat(30_000) + "1]",
                        "[" + "[],".repeat(20_000) + "1]",
                        "[" + "0.5e1,".repeat(10_000) + "1]",
                        "{" + names + ":1}",
                        "\"" + "\\n".repeat(30_000) + "\"");
        for (String body : bodies) {
            for (int i = 0; i < 100; i++) {
                FakeExchange reply =
                        protocol.handle(
                                FakeExchange.post("/reply")
                                        .bearer(ada.privateToken())
                                        .json(
                                                "{\"correlationId\":\"c\",\"contents\":"
                                                        + body
                                                        + "}"));
                assertThat(reply.status()).isIn(404, 429); // and not 400
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"&", "lastMessageId&", "%25", "x=&"})
    @DisplayName("H11 a form is parsed in one go")
    void parse_formOfAnyShape_takesOneGo(String piece) {
        String form = piece.repeat(8192 / piece.length());
        for (int i = 0; i < 1_000; i++) {
            try {
                assertThat(Parameters.ofEncoded(form).hold()).isEqualTo(Parameters.UNSET);
            } catch (HttpErrorException e) {
                assertThat(e.code()).isEqualTo("parameters-invalid");
            }
        }
    }
}
