package dev.comet.client;

import static dev.comet.client.World.beat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What a client sends is what it was given, and what it cannot read is one announced gap. */
class ContentsOfClientTest {

    record Price(BigDecimal amount) {}

    private final World world = new World();

    private static String message(long id, String contents) {
        return "{\"id\":" + id + ",\"name\":\"n\",\"contents\":" + contents + "}";
    }

    private String body() {
        return new String(world.last().request.body(), java.nio.charset.StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12345678901234567.89",
                "100.10",
                "-0",
                "-0.0",
                "1e2",
                "1E400",
                "0.00000001"
            })
    @DisplayName("L10 M14 numbers are read, and sent again, as they were written")
    void message_numbers_areReadAsWritten(String number) {
        List<CometMessage> received = new ArrayList<>();
        Comet comet = world.connected();
        comet.on("n", received::add);
        world.poll(message(11, "{\"amount\":" + number + "}"));

        JsonNode contents = received.get(0).contents();
        assertThat(contents).hasToString("{\"amount\":" + number + "}");
        assertThat(received.get(0).contents(Price.class).amount())
                .isEqualTo(new BigDecimal(number));
        comet.send("n", contents);
        assertThat(body()).contains("{\"amount\":" + number + "}");
        comet.send("n", new Price(new BigDecimal(number)));
        assertThat(body()).contains("{\"amount\":" + new BigDecimal(number) + "}");
    }

    static List<Object> unsendable() throws Exception {
        return List.of(
                Double.NaN,
                Map.of("x", Float.POSITIVE_INFINITY),
                new CompletableFuture<>(),
                new Exception("x"),
                Map.of("x", new Object()),
                (Supplier<String>) () -> "x");
    }

    @ParameterizedTest
    @MethodSource("unsendable")
    @DisplayName("L10 M14 M17 what JSON cannot say, or is no data, is refused where it is sent")
    void send_noData_isRefused(Object contents) {
        Comet comet = world.connected();
        int before = world.requests.size();
        for (Supplier<CompletableFuture<?>> send :
                List.<Supplier<CompletableFuture<?>>>of(
                        () -> comet.send("n", contents).toCompletableFuture(),
                        () -> comet.request("n", contents).toCompletableFuture())) {
            assertThat(send.get()).isCompletedExceptionally();
            assertThatThrownBy(send.get()::join)
                    .cause()
                    .isInstanceOf(CometClientException.class)
                    .hasMessageStartingWith("parameters-invalid: ")
                    .hasMessageContaining("; ");
        }
        assertThat(world.requests).hasSize(before);
    }

    @Test
    @DisplayName("L10 M17 a reply that is no data is refused where it is made")
    void reply_noData_isRefused() {
        List<CometMessage> received = new ArrayList<>();
        world.connected().on("n", received::add);
        world.poll("{\"id\":11,\"name\":\"n\",\"correlationId\":\"c\",\"contents\":1}");

        assertThat(received.get(0).reply(Double.NaN).toCompletableFuture())
                .isCompletedExceptionally();
    }

    static List<String> unreadable() {
        return List.of(
                "1".repeat(1_500),
                "[".repeat(1_200) + "]".repeat(1_200),
                "{\"" + "x".repeat(60_000) + "\":1}",
                "NaN",
                "{\"a\":\"}],{\\\"\",\"b\":Infinity}",
                "1e99999999999");
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    @DisplayName("L10 M16 a message that a client cannot read is one gap, and the rest arrives")
    void poll_unreadableMessage_isOneGap(String contents) {
        Comet comet = world.connected();
        world.poll(World.message(11), message(12, contents), World.message(13));

        assertThat(world.seen.log).containsExactly("11", "gap 12-12 unreadable", "13");
        assertThat(comet.lastMessageId()).isEqualTo(13);
        assertThat(world.last().target()).isEqualTo("/poll?lastMessageId=13");
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    @DisplayName("L10 M16 so it is with a stream, which goes on")
    void stream_unreadableMessage_isOneGap(String contents) {
        Comet comet = world.connected(options -> options.transport(CometTransport.STREAM));
        world.last().event(World.message(11), message(12, contents));
        world.last().event(World.message(13), beat(13, 13));

        assertThat(world.seen.log).containsExactly("11", "gap 12-12 unreadable", "13");
        assertThat(comet.lastMessageId()).isEqualTo(13);
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"id\":11,\"name\":\"n\",\"contents\":NaN",
                "[{\"id\":11,\"name\":\"n\",\"contents\":NaN}",
                "[{\"name\":\"n\",\"contents\":NaN}]",
                "[{\"id\":0,\"name\":\"comet.timeout\",\"contents\":NaN}]",
                "[{\"id\":11,\"name\":\"n\",\"contents\":1}] x",
                "[NaN]",
                "[}]",
            })
    @DisplayName("L2 what is cut, or is no message with an id, is asked for again")
    void poll_cutOrNoMessage_isAskedAgain(String body) {
        world.connected();
        world.last().json(body);
        assertThat(world.seen.log).containsExactly("failed answer-invalid 1 250", "RECONNECTING");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "comet.gap", "half \ud83d pair", "line\nfeed"})
    @DisplayName("L10 M3 names follow the server's rule, where messages are sent and handled")
    void name_breaksTheRule_isRefused(String name) {
        Comet comet = world.connected();
        int before = world.requests.size();
        assertThatExceptionOfType(CometClientException.class)
                .isThrownBy(() -> comet.on(name, message -> {}))
                .withMessageContaining("name ");
        assertThat(comet.send(name, 1).toCompletableFuture()).isCompletedExceptionally();
        assertThat(comet.request(name, 1).toCompletableFuture()).isCompletedExceptionally();
        assertThat(world.requests).hasSize(before);
    }
}
