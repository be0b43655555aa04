package dev.comet.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Bodies, names and parameters that nobody should send. */
class HostileInputTest {

    private final List<JsonNode> handled = new ArrayList<>();
    private final Protocol protocol =
            new Protocol(
                    (comet, app) -> {
                        app.on("say", (client, message) -> handled.add(message.contents()));
                        app.onConnect(request -> dev.comet.CometClient.builder().build());
                    });
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    @ParameterizedTest
    @CsvSource({
        "lastMessageId=1e3, lastMessageId",
        "lastMessageId=, lastMessageId",
        "lastMessageId, lastMessageId",
        "lastMessageId=-2, lastMessageId",
        "lastMessageId=-, lastMessageId",
        "lastMessageId=+1, lastMessageId",
        "lastMessageId=%2B1, lastMessageId",
        "lastMessageId=1.0, lastMessageId",
        "lastMessageId=0x10, lastMessageId",
        "lastMessageId=NaN, lastMessageId",
        "lastMessageId=9223372036854775808, lastMessageId",
        "lastMessageId=99999999999999999999999999, lastMessageId",
        "lastMessageId=-9223372036854775809, lastMessageId",
        "lastMessageId=1&lastMessageId=1, lastMessageId",
        "lastMessageId=1&%6castMessageId=1, lastMessageId",
        "lastMessageId=٣, lastMessageId",
        "lastMessageId=1%, lastMessageId",
        "lastMessageId=%G1, lastMessageId",
        "lastMessageId=%FF, lastMessageId",
        "lastMessageId=1%00, lastMessageId",
        "lastMessageId=1 , lastMessageId",
        "lastMessageId=1%20, lastMessageId",
        "hold=-1, hold",
        "hold=1.5, hold",
        "hold=, hold",
        "hold=5&hold=6, hold",
        "hold=9223372036854775808, hold",
        "privateToken=a&privateToken=a, privateToken",
        "x=1&lastMessageId=zz, lastMessageId",
        "%zz=1, escape",
    })
    @DisplayName("W1 H2 a malformed parameter is named")
    void poll_malformedParameter_isRefusedByName(String parameters, String named) {
        String raw = parameters.equals("lastMessageId=1") ? "lastMessageId=1 " : parameters;
        FakeExchange query = protocol.poll(ada, "?" + raw);
        FakeExchange form =
                protocol.handle(FakeExchange.post("/poll").bearer(ada.privateToken()).form(raw));

        query.isError(400, "parameters-invalid");
        assertThat(query.reason()).contains(named);
        form.isError(400, "parameters-invalid");
        assertThat(form.reason()).contains(named);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "later=1",
                "&&",
                "=",
                "=x",
                "lastMessageId=0&",
                "x=%C3%A9+y",
                "LASTMESSAGEID=x"
            })
    void poll_unknownParameters_areIgnored(String parameters) {
        assertThat(protocol.poll(ada, "?" + parameters).isHeld()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "'{\"lastMessageId\":\"1\"}', lastMessageId",
        "'{\"lastMessageId\":1.0}', lastMessageId",
        "'{\"lastMessageId\":1e3}', lastMessageId",
        "'{\"lastMessageId\":null}', lastMessageId",
        "'{\"lastMessageId\":9223372036854775808}', lastMessageId",
        "'{\"lastMessageId\":-2}', lastMessageId",
        "'{\"hold\":-1}', hold",
        "'{\"hold\":true}', hold",
        "'{\"privateToken\":7}', privateToken",
        "'[]', object",
        "'null', object",
        "'7', object",
    })
    @DisplayName("W1 H2 wrong types in JSON")
    void poll_wrongTypeInJson_isRefusedByName(String json, String named) {
        FakeExchange poll =
                protocol.handle(FakeExchange.post("/poll").bearer(ada.privateToken()).json(json));

        poll.isError(400, "parameters-invalid");
        assertThat(poll.reason()).contains(named);
    }

    static Stream<Arguments> malformedBodies() {
        String valid = "{\"name\":\"say\",\"contents\":1}";
        return Stream.of(
                Arguments.of("empty", new byte[0]),
                Arguments.of("cut", "{\"name\":\"say\",\"contents\":".getBytes(UTF_8)),
                Arguments.of("trailing token", (valid + " 1").getBytes(UTF_8)),
                Arguments.of("two values", (valid + valid).getBytes(UTF_8)),
                Arguments.of(
                        "duplicate key",
                        "{\"name\":\"say\",\"contents\":1,\"contents\":2}".getBytes(UTF_8)),
                Arguments.of(
                        "duplicate key inside",
                        "{\"name\":\"say\",\"contents\":{\"a\":1,\"a\":1}}".getBytes(UTF_8)),
                Arguments.of("NaN", "{\"name\":\"say\",\"contents\":NaN}".getBytes(UTF_8)),
                Arguments.of(
                        "Infinity", "{\"name\":\"say\",\"contents\":-Infinity}".getBytes(UTF_8)),
                Arguments.of("comment", (valid + "//").getBytes(UTF_8)),
                Arguments.of("single quotes", valid.replace('"', '\'').getBytes(UTF_8)),
                Arguments.of("byte order mark", ("\uFEFF" + valid).getBytes(UTF_8)),
                Arguments.of("UTF-16", valid.getBytes(UTF_16)),
                Arguments.of(
                        "Latin-1", "{\"name\":\"say\",\"contents\":\"é\"}".getBytes(ISO_8859_1)),
                Arguments.of(
                        "overlong UTF-8",
                        "{\"name\":\"say\",\"contents\":\"\u00C0\u00AF\"}".getBytes(ISO_8859_1)),
                Arguments.of(
                        "surrogate in UTF-8",
                        "{\"name\":\"say\",\"contents\":\"\u00ED\u00A0\u0080\"}"
                                .getBytes(ISO_8859_1)),
                Arguments.of(
                        "control character in a string",
                        "{\"name\":\"say\",\"contents\":\"\u0000\"}".getBytes(UTF_8)),
                Arguments.of(
                        "long number",
                        ("{\"name\":\"say\",\"contents\":" + "9".repeat(2000) + "}")
                                .getBytes(UTF_8)),
                Arguments.of("a string", "\"say\"".getBytes(UTF_8)),
                Arguments.of("null", "null".getBytes(UTF_8)),
                Arguments.of("no name", "{\"contents\":1}".getBytes(UTF_8)),
                Arguments.of("number as name", "{\"name\":1,\"contents\":1}".getBytes(UTF_8)),
                Arguments.of("blank name", "{\"name\":\" \",\"contents\":1}".getBytes(UTF_8)),
                Arguments.of(
                        "line break in the name",
                        "{\"name\":\"a\\r\\nb\",\"contents\":1}".getBytes(UTF_8)),
                Arguments.of(
                        "reserved name",
                        "{\"name\":\"comet.timeout\",\"contents\":1}".getBytes(UTF_8)),
                Arguments.of("no contents", "{\"name\":\"say\"}".getBytes(UTF_8)),
                Arguments.of(
                        "null contents", "{\"name\":\"say\",\"contents\":null}".getBytes(UTF_8)),
                Arguments.of("empty array", "[]".getBytes(UTF_8)),
                Arguments.of("array of numbers", "[1]".getBytes(UTF_8)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformedBodies")
    @DisplayName("H2 M3 a malformed send is refused with a reason and reaches no hook")
    void send_malformedBody_isRefused(String what, byte[] body) {
        FakeExchange send =
                protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .body("application/json", body));

        send.isError(400, "parameters-invalid");
        assertThat(send.reason()).isNotBlank().doesNotContain("tools.jackson", "Exception");
        assertThat(handled).isEmpty();
    }

    @Test
    @DisplayName("H1 nesting is bounded")
    void send_nestedDeep_isRefused() {
        protocol.send(
                        ada,
                        "{\"name\":\"say\",\"contents\":" + "[".repeat(31) + "]".repeat(31) + "}")
                .response();
        assertThat(handled).hasSize(1);

        FakeExchange deep =
                protocol.send(
                        ada,
                        "{\"name\":\"say\",\"contents\":" + "[".repeat(32) + "]".repeat(32) + "}");
        FakeExchange veryDeep = protocol.send(ada, "[".repeat(60_000));

        deep.isError(400, "parameters-invalid");
        veryDeep.isError(400, "parameters-invalid");
        assertThat(handled).hasSize(1);
    }

    @Test
    @DisplayName("H1 body length is bounded, declared or not")
    void send_longBody_isRefused() {
        String json = "{\"name\":\"say\",\"contents\":\"" + "x".repeat(64 << 10) + "\"}";

        protocol.send(ada, json).isError(413, "too-large");
        protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .json(json)
                                .header("Content-Length", null))
                .isError(413, "too-large");
        FakeExchange noToken =
                FakeExchange.post("/send").json("{\"x\":\"" + "x".repeat(8192) + "\"}");
        protocol.handle(noToken).isError(413, "too-large");
        assertThat(noToken.reason()).contains("Comet-Token");
        protocol.handle(FakeExchange.post("/connect").json("{\"x\":\"" + "x".repeat(8192) + "\"}"))
                .isError(413, "too-large");
        protocol.handle(FakeExchange.post("/poll").form("x=" + "x".repeat(8192)))
                .isError(413, "too-large");
        protocol.handle(FakeExchange.post("/disconnect").form("x=" + "x".repeat(8192)))
                .isError(413, "too-large");
        assertThat(handled).isEmpty();
    }

    @Test
    @DisplayName("H1 name and array length are bounded")
    void send_longNameOrArray_isRefused() {
        protocol.send(ada, "{\"name\":\"" + "x".repeat(129) + "\",\"contents\":1}")
                .isError(413, "too-large");
        String one = "{\"name\":\"say\",\"contents\":1},";
        protocol.send(ada, "[" + one.repeat(100) + one.substring(0, one.length() - 1) + "]")
                .isError(413, "too-large");
        assertThat(handled).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/json; charset=iso-8859-1",
                "application/jsonx",
                "text/json",
                "application/json,text/plain"
            })
    @DisplayName("H2 H4 wrong content type: no simple form can send")
    void send_wrongContentType_isRefused(String contentType) {
        protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .body(
                                        contentType,
                                        "{\"name\":\"say\",\"contents\":1}".getBytes(UTF_8)))
                .isError(415, "unsupported-media-type");
        assertThat(handled).isEmpty();
    }

    @Test
    void send_withoutContentType_isRefused() {
        protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .body(null, "{\"name\":\"say\",\"contents\":1}".getBytes(UTF_8)))
                .isError(415, "unsupported-media-type");
    }

    @Test
    void send_compressed_isRefused() {
        protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .json("{\"name\":\"say\",\"contents\":1}")
                                .header("Content-Encoding", "gzip"))
                .isError(415, "unsupported-media-type");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/poll", "/disconnect"})
    void postOfText_isRefused(String path) {
        protocol.handle(
                        FakeExchange.post(path)
                                .body("text/plain", "privateToken=secret-of-ada".getBytes(UTF_8)))
                .isError(415, "unsupported-media-type");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "/", "/poll/", "/Poll", "/streams", "/../poll", "/poll;x=1", "/WEB-INF"})
    void request_unknownPath_isRefused(String path) {
        protocol.handle(FakeExchange.get(path).bearer(ada.privateToken()))
                .isError(404, "no-such-endpoint");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/send", "/connect", "/disconnect"})
    void request_getWherePostIsMeant_isRefused(String path) {
        FakeExchange get = protocol.handle(FakeExchange.get(path).bearer(ada.privateToken()));

        get.isError(405, "method-not-allowed");
        assertThat(get.responseHeader("Allow")).isEqualTo("POST");
    }

    @Test
    @DisplayName("C4 no error text shows a token")
    void errors_neverShowTheToken() {
        String token = "t0k3n-that-is-secret";
        List<FakeExchange> exchanges =
                List.of(
                        protocol.handle(FakeExchange.get("/poll").bearer(token)),
                        protocol.handle(FakeExchange.get("/poll?lastMessageId=" + token)),
                        protocol.handle(
                                FakeExchange.post("/poll")
                                        .form("privateToken=" + token + "&hold=x")),
                        protocol.handle(FakeExchange.post("/send").json("{\"" + token)),
                        protocol.handle(
                                FakeExchange.post("/send")
                                        .json("{\"privateToken\":\"" + token + "\",\"name\":1}")),
                        protocol.handle(FakeExchange.post("/connect").json(token)));

        for (FakeExchange exchange : exchanges) {
            assertThat(exchange.status()).isBetween(400, 499);
            assertThat(exchange.text()).doesNotContain(token);
            assertThat(exchange.response().toString()).doesNotContain(token);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Content-Encoding | identity~gzip",
                "Content-Encoding | identity, gzip",
                "Content-Type | application/json~application/json;charset=utf-16",
                "Content-Type | application/json;charset=utf-8;charset=utf-16",
                "Content-Type | application/json;charset = utf-16",
            })
    @DisplayName("H2 an encoding or charset that is there twice is judged as a whole")
    void send_headerTwice_isJudgedAsAWhole(String name, String values) {
        protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .json("{\"name\":\"n\",\"contents\":1}")
                                .header(name, values.replace('~', '\n')))
                .isError(415, "unsupported-media-type");
    }
}
