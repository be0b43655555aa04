package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.comet.CometClient;
import dev.comet.CometException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** From a client through a hook, to another client or back: what was written is what is read. */
@SuppressWarnings("FutureReturnValueIgnored") // returned as what a hook returns
class RelayedContentsTest {

    private static final JsonMapper PLAIN = new JsonMapper();

    record Price(BigDecimal amount) {}

    record Count(int n) {}

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("tell", (c, m) -> comet.sendToAll("told", m.contents()))
                                    .on(
                                            "tell.price",
                                            (c, m) ->
                                                    comet.sendToAll(
                                                            "told", m.contents(Price.class)))
                                    .on(
                                            "tell.map",
                                            (c, m) ->
                                                    comet.sendToAll("told", m.contents(Map.class)))
                                    .onRequest("echo", (client, message) -> message.contents())
                                    .onRequestLater(
                                            "later",
                                            (c, m) ->
                                                    CompletableFuture.completedFuture(m.contents()))
                                    .on("count", (c, m) -> m.contents(Count.class))
                                    .on("lock", (c, m) -> m.contents(Lock.class))
                                    .onRequest("nan", (c, m) -> List.of(Double.NaN))
                                    .onRequestLater(
                                            "nan.later",
                                            (c, m) -> CompletableFuture.completedFuture(Double.NaN))
                                    .onRequest("failure", (c, m) -> new Exception("secret")));
    private final CometClient ada = protocol.client("ada");

    @AfterEach
    void close() {
        protocol.close();
    }

    private FakeExchange send(String name, String contents) {
        return protocol.send(ada, "{\"name\":\"" + name + "\",\"contents\":" + contents + "}");
    }

    private FakeExchange request(String name, String contents) {
        return protocol.send(
                ada,
                "{\"name\":\""
                        + name
                        + "\",\"correlationId\":\"c\",\"contents\":"
                        + contents
                        + "}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12345678901234567.89",
                "100.10",
                "-0",
                "-0.0",
                "1e2",
                "1.50E+300",
                "0.00000001",
                "123456789012345678901234567890"
            })
    @DisplayName("M14 numbers pass through a hook, and come back from one, as they were written")
    void send_number_isPassedOnAsWritten(String number) {
        String contents = "{\"amount\":" + number + ",\"all\":[" + number + "]}";

        assertThat(send("tell", contents).status()).isEqualTo(202);
        assertThat(protocol.poll(ada, "").text()).endsWith("\"contents\":" + contents + "}]");
        assertThat(send("echo", contents).text()).isEqualTo(contents);
        assertThat(request("later", contents).status()).isEqualTo(202);
        assertThat(protocol.poll(ada, "").text()).endsWith("\"contents\":" + contents + "}]");
        assertThat(send("tell.map", "{\"amount\":" + number + "}").status()).isEqualTo(202);
        assertThat(new BigDecimal(lastAmount())).isEqualTo(new BigDecimal(number));
    }

    @ParameterizedTest
    @ValueSource(strings = {"12345678901234567.89", "100.10", "0.00000001"})
    @DisplayName("M14 a hook that reads a BigDecimal gets every digit")
    void send_hookReadsADecimal_getsEveryDigit(String number) {
        assertThat(send("tell.price", "{\"amount\":" + number + "}").status()).isEqualTo(202);
        assertThat(new BigDecimal(lastAmount())).isEqualTo(new BigDecimal(number));
    }

    private String lastAmount() {
        return protocol.poll(ada, "").text().replaceFirst(".*\"amount\":([^}]*)}}]$", "$1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/send", "/reply"})
    @DisplayName("M14 a field that no message can have is refused as the peer's fault")
    void post_nameOfAFieldHasHalfAPair_isRefusedBeforeAnyHook(String path) {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            FakeExchange post =
                    protocol.handle(
                            FakeExchange.post(path)
                                    .bearer(ada.privateToken())
                                    .json(
                                            "{\"name\":\"tell\",\"correlationId\":\"c\",\"contents\":{\"\\udc00\":1}}"));

            post.isError(400, "parameters-invalid");
            assertThat(log.lines()).isEmpty();
            assertThat(protocol.handler.statistics().hooks().calls()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e400", "-1e400", "1e-400", "0e99999"})
    @DisplayName("M14 a number that a double cannot hold is refused")
    void send_numberOutOfRange_isRefused(String number) {
        FakeExchange send = send("tell", "[" + number + "]");

        send.isError(400, "parameters-invalid");
        assertThat(send.reason()).contains("number");
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.5", "3.999", "99999999999", "1e400"})
    @DisplayName("M14 a number that is no int is refused where a hook wants one, never cut off")
    void send_hookWantsAnInt_isRefused(String number) {
        send("count", "{\"n\":" + number + "}").isError(400, "parameters-invalid");
        assertThat(send("count", "{\"n\":3}").status()).isEqualTo(202);
    }

    @Test
    @DisplayName("H12 a type that nothing can become is the application's fault, and in the log")
    void send_hookWantsAnImpossibleType_isLogged() {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            send("lock", "{}").isError(500, "handler-failed");
            assertThat(log.causes()).contains(Lock.class.getName(), "opens");
        }
    }

    @Test
    @DisplayName(
            "M14 M17 a reply that cannot be sent is a failure of the handler, not a wrong reply")
    void send_replyIsNoData_isAFailure() {
        send("nan", "1").isError(500, "handler-failed");
        send("failure", "1").isError(500, "handler-failed");
        request("nan", "1").isError(500, "handler-failed");
    }

    @Test
    @DisplayName("M17 a reply that comes later and cannot be sent refuses the request")
    void send_laterReplyIsNoData_isRefused() {
        assertThat(request("nan.later", "1").status()).isEqualTo(202);
        assertThat(protocol.poll(ada, "").text())
                .contains("\"comet.refused\"")
                .contains("handler-failed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"\\ud83d\":1}",
                "{\"a\\uDE00\":1}",
                "{\"\\ud83d\\ud83d\\ude00\":1}",
                "{\"\\ud83d \\ude00\":1}",
                "{\"\\\\\\uD83D\":1}"
            })
    @DisplayName("M16 a name with half a surrogate pair, which no client can read, is refused")
    void send_nameIsHalfAPair_isRefused(String contents) {
        send("tell", contents).isError(400, "parameters-invalid");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"\\uD83D\\uDE00\":\"\\ud83d\\ude00\"}",
                "{\"\\\\ud83d\":\"\\\\ud83d\"}",
                "{\"\\u0041\\ud7ff\\ue000\":1}",
                "[\"\\ud83d\",\"\\ude00\"]"
            })
    @DisplayName("M16 whole pairs arrive, and texts that were cut within one")
    void send_wholePair_arrives(String contents) {
        assertThat(send("tell", contents).status()).isEqualTo(202);
        String arrived = protocol.poll(ada, "").text().replaceFirst(".*\"contents\":(.*)}]$", "$1");
        assertThat(PLAIN.readTree(arrived)).isEqualTo(PLAIN.readTree(contents));
    }

    @Test
    @DisplayName(
            "M16 the longest name of a field passes through a hook, whatever it takes as UTF-8")
    void send_longestName_isPassedOn() {
        for (String letter : List.of("x", "ä", "語", "\ud83d\ude00", "\\u0001", "\\n")) {
            int units = letter.startsWith("\\") ? 1 : letter.length();
            String longest = letter.repeat(10_000 / units);
            assertThat(send("tell", "{\"" + longest + "\":1}").status()).isEqualTo(202);
            assertThat(protocol.poll(ada, "").text()).contains("told").contains(longest);
            send("tell", "{\"" + longest + letter + "\":1}").isError(400, "parameters-invalid");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "comet.gap", "half \ud83d pair", "line\nfeed"})
    @DisplayName("M3 a hook's name follows the rule for messages")
    void on_badName_isRefused(String name) {
        CometApplication app = new CometApplication();
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> app.on(name, (client, message) -> {}))
                .withMessageStartingWith("name ");
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> app.onRequest(name, (client, message) -> 1))
                .withMessageStartingWith("name ");
    }

    @Test
    @DisplayName("M3 H1 a peer's name follows the same rule, in the same words")
    void send_badName_isRefusedInTheSameWords() {
        FakeExchange half = send("half \\ud83d pair", "1");
        half.isError(400, "parameters-invalid");
        assertThat(half.reason()).isEqualTo("name has half a surrogate pair; use whole characters");
        FakeExchange longName = send("x".repeat(129), "1");
        longName.isError(413, "too-large");
        assertThat(longName.reason()).isEqualTo("name has 129 characters; use 1 to 128");
    }
}
