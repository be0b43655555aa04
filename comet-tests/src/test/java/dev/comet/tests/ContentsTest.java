package dev.comet.tests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.util.RawValue;

/** What is sent is what arrives, or it is refused where it is sent. */
@Timeout(60)
class ContentsTest {

    private static final JsonMapper PLAIN = new JsonMapper();

    private static String sent(Server server, Object contents) {
        CometClient ada = server.client("ada");
        server.manager.sendMessage("ada", "n", contents);
        return contents(server.fetch(ada, 0));
    }

    private static String contents(CometAnswer answer) {
        return new String(answer.batch().messages().get(0).encoded().contentsJson(), UTF_8);
    }

    private static String refused(Server server, Object contents) {
        CometClient ada = server.client("ada");
        List<String> text = new ArrayList<>();
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> server.manager.sendMessage("ada", "n", contents))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.PARAMETERS_INVALID))
                .satisfies(e -> text.add(e.getMessage()));
        assertThat(server.manager.statistics().messages().refused()).isEqualTo(1);
        assertThat(server.fetch(ada, 0).outcome()).isEqualTo(Outcome.TIMEOUT);
        return text.get(0);
    }

    // ---- M14

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12345678901234567.89",
                "100.10",
                "0.1000000000000000055511151231257827",
                "123456789012345678901234567890",
                "1E+2",
                "0.00",
                "-1.5E-300",
            })
    @DisplayName("M14 numbers arrive digit for digit, and are read so")
    void sendMessage_decimals_arriveDigitForDigit(String number) {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.manager.sendMessage("ada", "n", Map.of("x", new BigDecimal(number)));
            CometAnswer answer = server.fetch(ada, 0);
            assertThat(contents(answer)).isEqualTo("{\"x\":" + number + "}");
            CometMessage message = answer.batch().messages().get(0);
            assertThat(((Map<?, ?>) message.contents()).get("x")).hasToString(number);
            assertThat(message.contents(JsonNode.class)).hasToString("{\"x\":" + number + "}");
            server.manager.sendMessage("ada", "n", message.contents());
            assertThat(contents(server.fetch(ada, message.messageId())))
                    .isEqualTo("{\"x\":" + number + "}");
        }
    }

    @Test
    @DisplayName("M14 a negative zero stays one")
    void sendMessage_negativeZero_arrives() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.manager.sendMessage("ada", "n", new double[] {-0.0});
            CometMessage message = server.fetch(ada, 0).batch().messages().get(0);
            assertThat(message.contents(JsonNode.class)).hasToString("[-0.0]");
            assertThat(message.contents(double[].class)).containsExactly(-0.0);
            assertThat(message.contents()).hasToString("[-0.0]");
        }
    }

    static Stream<Object> unsayable() {
        return Stream.of(
                Double.NaN,
                List.of(Double.POSITIVE_INFINITY),
                Map.of("x", Float.NEGATIVE_INFINITY),
                PLAIN.createObjectNode().put("x", Double.NaN),
                new BigDecimal("1e400"),
                new BigDecimal("-1e400"),
                new BigDecimal("1e-400"),
                new BigDecimal("0e999999999"),
                BigInteger.TEN.pow(400));
    }

    @ParameterizedTest
    @MethodSource("unsayable")
    @DisplayName("M14 numbers that are not finite, or that a double cannot hold, are refused")
    void sendMessage_numberOutOfRange_isRefused(Object contents) {
        try (Server server = Server.start()) {
            assertThat(refused(server, contents))
                    .startsWith("contents of \"n\" has ")
                    .contains(" number")
                    .contains("text");
        }
    }

    @Test
    @DisplayName("M14 a text that says NaN is a text")
    void sendMessage_textsThatLookLikeNumbers_arrive() {
        try (Server server = Server.start()) {
            List<String> texts = List.of("NaN", "Infinity", "1e999", "\\\"[{", "-0");
            assertThat(sent(server, texts)).isEqualTo(PLAIN.writeValueAsString(texts));
        }
    }

    // ---- M16

    private static Object nested(int depth) {
        Object value = 1;
        for (int i = 0; i < depth; i++) {
            value = i % 2 == 0 ? List.of(value) : Map.of("a", value);
        }
        return value;
    }

    static Stream<Arguments> bounds() {
        return Stream.of(
                Arguments.of("nested", nested(100), nested(101)),
                Arguments.of(
                        "name",
                        Map.of("x".repeat(10_000), 1),
                        List.of(Map.of("x".repeat(10_001), 1))),
                Arguments.of(
                        "name",
                        Map.of("\ud83d\ude00".repeat(5_000), 1),
                        Map.of("\u8a9e".repeat(10_001), 1)),
                Arguments.of(
                        "half a surrogate pair",
                        List.of("cut \ud83d", Map.of("\ud83d\ude00", 1)),
                        Map.of("cut \ud83d", 1)),
                Arguments.of("half a surrogate pair", Map.of("\ue000", 1), Map.of("\ude00 cut", 1)),
                Arguments.of(
                        "number",
                        new BigDecimal("0." + "1".repeat(498)),
                        new BigDecimal("0." + "1".repeat(499))));
    }

    @ParameterizedTest
    @MethodSource("bounds")
    @DisplayName("M16 what the server accepts is within the bounds that clients can read")
    void sendMessage_beyondABound_isRefused(String what, Object within, Object beyond) {
        try (Server server = Server.start()) {
            assertThat(sent(server, within))
                    .isEqualTo(new String(PLAIN.writeValueAsBytes(within), UTF_8));
        }
        try (Server server = Server.start()) {
            assertThat(refused(server, beyond)).contains(what);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[1,]",
                "{\"a\"}",
                "01",
                "1.",
                "-",
                "tru",
                "1 2",
                "\"a",
                "{a:1}",
                "\"\\a\"",
                "\"\\u12g4\"",
                "\"\\u123\"",
                "\"\\",
                "\"\\u12"
            })
    @DisplayName("M16 what a serializer writes raw is JSON, or refused")
    void sendMessage_rawAndNoJson_isRefused(String raw) {
        try (Server server = Server.start()) {
            assertThat(refused(server, List.of(new RawValue(raw)))).contains("JSON");
        }
    }

    @Test
    @DisplayName("M16 what a serializer writes raw and is JSON arrives")
    void sendMessage_rawJson_arrives() {
        String raw =
                " { \"a\\\"\" : [ true , false , null , -1.5e3 , \"\\u0041\\/\\b\\f\\n\\r\\t\\\\\\uaBcD\" , {} , [] ] }";
        try (Server server = Server.start()) {
            assertThat(sent(server, new RawValue(raw))).isEqualTo(raw);
        }
    }

    // ---- M17

    /** A subclass of one that is refused. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    record Answer(Object value) {}

    static Stream<Arguments> noData() throws Exception {
        return Stream.of(
                Arguments.of(CompletableFuture.completedFuture(1), "future"),
                Arguments.of(new Failure(), "exception"),
                Arguments.of(new ByteArrayInputStream(new byte[1]), "resource"),
                Arguments.of(new StringReader("x"), "resource"),
                Arguments.of(new Thread(() -> {}), "platform"),
                Arguments.of(new Object(), "platform"),
                Arguments.of(new ReentrantLock(), "platform"),
                Arguments.of(BitSet.valueOf(new long[] {5}), "platform"),
                Arguments.of((Supplier<String>) () -> "x", "lambda"),
                Arguments.of(
                        new com.fasterxml.jackson.databind.ObjectMapper().readTree("{\"a\":1}"),
                        "com.fasterxml.jackson.databind"),
                Arguments.of(new org.json.JSONObject(Map.of("a", 1)), "org.json"),
                Arguments.of(new org.json.JSONArray(List.of(1)), "org.json"));
    }

    @ParameterizedTest
    @MethodSource("noData")
    @DisplayName("M17 contents that are no data are refused where they are sent, with the fix")
    void sendMessage_noData_isRefusedWithTheFix(Object contents, String why) {
        try (Server server = Server.start()) {
            assertThat(refused(server, contents))
                    .contains(contents.getClass().getName())
                    .contains(why)
                    .contains("; ");
        }
    }

    @ParameterizedTest
    @MethodSource("noData")
    @DisplayName("M17 so they are within others, and the place is named")
    void sendMessage_noDataWithin_isRefusedWithItsPlace(Object contents, String why) {
        try (Server server = Server.start()) {
            Map<String, Object> map = new HashMap<>();
            map.put("a", List.of(new Answer(contents)));
            assertThat(refused(server, map))
                    .contains(" at .a[0].value ")
                    .contains(contents.getClass().getName())
                    .contains(why);
        }
    }

    static Stream<Arguments> data() {
        record Empty() {}
        return Stream.of(
                Arguments.of(Optional.of(1), "1"),
                Arguments.of(Stream.of(1, 2), "[1,2]"),
                Arguments.of(List.of(1, 2).iterator(), "[1,2]"),
                Arguments.of((Iterable<Integer>) () -> List.of(1).iterator(), "[1]"),
                Arguments.of(new byte[] {1}, "\"AQ==\""),
                Arguments.of(Map.entry("a", 1), "{\"a\":1}"),
                Arguments.of(new Empty(), "{}"),
                Arguments.of(new Answer(null), "{\"value\":null}"),
                Arguments.of(new Answer(java.net.URI.create("a:b")), "{\"value\":\"a:b\"}"),
                Arguments.of(PLAIN.readTree("{\"a\":[1]}"), "{\"a\":[1]}"));
    }

    @ParameterizedTest
    @MethodSource("data")
    @DisplayName("M17 what Jackson has a form for is data")
    void sendMessage_data_arrives(Object contents, String json) {
        try (Server server = Server.start()) {
            assertThat(sent(server, contents)).isEqualTo(json);
        }
    }

    @Test
    @DisplayName("M17 a serializer of the application makes anything data")
    void sendMessage_serializerIsGiven_isData() {
        ValueSerializer<Failure> serializer =
                new ValueSerializer<>() {
                    @Override
                    public void serialize(
                            Failure value, JsonGenerator generator, SerializationContext context) {
                        generator.writeString("failed");
                    }
                };
        JsonMapper mapper =
                JsonMapper.builder()
                        .addModule(new SimpleModule().addSerializer(Failure.class, serializer))
                        .build();
        try (Server server =
                Server.start(
                        new InProcCometStateProvider(), 1, options -> options.jsonMapper(mapper))) {
            assertThat(sent(server, List.of(new Failure()))).isEqualTo("[\"failed\"]");
        }
    }

    @Test
    @DisplayName("M17 a reply, too")
    void replyTo_noData_isRefused() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometStateManager comet = server.manager;
            assertThatExceptionOfType(CometException.class)
                    .isThrownBy(() -> comet.replyTo(ada, "c", new CompletableFuture<>()))
                    .withMessageContaining("future");
        }
    }

    @Test
    @DisplayName("M17 the Java client, which does not know the core, refuses by the same rule")
    void noData_ofCoreAndClient_areTheSame() throws IOException {
        Path root = Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent();
        String core =
                Files.readString(
                        root.resolve("comet-core/src/main/java/dev/comet/internal/NoData.java"));
        String client =
                Files.readString(
                        root.resolve("comet-client/src/main/java/dev/comet/client/NoData.java"));
        assertThat(client)
                .isEqualTo(
                        core.replace("package dev.comet.internal;", "package dev.comet.client;"));
    }
}
