package dev.comet.examples.relay;

import static dev.comet.examples.relay.RelayHttp.hello;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClock;
import dev.comet.client.CometClientException;
import dev.comet.client.CometOptions;
import dev.comet.client.CometTransport;
import dev.comet.redis.TestRedis;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two relays over one Redis are one relay, for devices whose requests go to either. */
@Timeout(60)
class RelayOnSeveralNodesTest {

    private static final String GATEWAY = SimulatedGateway.mac(1);
    private static final String PHONE = "06:00:00:00:00:01";

    private final String namespace = UUID.randomUUID().toString();
    private final List<RelayServer> started = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private RelayServer one;
    private RelayServer other;

    @BeforeEach
    void start() throws Exception {
        one = node();
        other = node();
    }

    @AfterEach
    void stop() {
        started.forEach(RelayServer::close);
    }

    private RelayServer node() throws Exception {
        RelayServer node =
                RelayServer.start(
                        "127.0.0.1",
                        0,
                        "code",
                        new Relay.Options(Duration.ofSeconds(5), 2, 10, 20, Duration.ZERO),
                        Jobs.Intervals.DEFAULT,
                        Storage.inRedis(TestRedis.shared().uri(), namespace),
                        CometClock.system());
        started.add(node);
        return node;
    }

    private HttpResponse<String> post(
            RelayServer server, String path, String body, String... headers) throws Exception {
        return RelayHttp.post(http, server, path, body, headers);
    }

    private HttpResponse<String> enrol(RelayServer server, String mac, String code)
            throws Exception {
        return post(
                server,
                "relay/enrol",
                "mac=" + mac + "&code=" + code,
                "Content-Type",
                "application/x-www-form-urlencoded");
    }

    /** Pairs at one node; each of its requests then goes to another one than the one before. */
    private CometOptions balanced(CometTransport transport) {
        return CometOptions.builder()
                .http(new AlternatingHttp(List.of(other.uri(), one.uri())))
                .transport(transport)
                .build();
    }

    private Phone phone(CometTransport transport) throws Exception {
        String key = Pairing.key(one.comet(), PHONE, "code");
        return get(Phone.connect(one.comet(), PHONE, "phone", key, balanced(transport)));
    }

    private SimulatedGateway gateway(CometTransport transport) throws Exception {
        String key = Pairing.key(one.comet(), GATEWAY, "code");
        SimulatedGateway gateway = SimulatedGateway.start(one.comet(), 1, key, balanced(transport));
        get(gateway.comet());
        return gateway;
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static String code(CompletionStage<?> stage) {
        try {
            throw new AssertionError("there was " + stage.toCompletableFuture().join());
        } catch (CompletionException e) {
            return ((CometClientException) e.getCause()).code();
        }
    }

    @Test
    @DisplayName("R13 a key that one node gave is good at every node, and given once")
    void enrol_atOneNode_isKnownAtAll() throws Exception {
        assertThat(enrol(one, GATEWAY, "guess").statusCode()).isEqualTo(401);
        String key = enrol(one, GATEWAY, "code").body();
        assertThat(enrol(other, GATEWAY, "code").statusCode()).isEqualTo(409);

        String hello = hello(GATEWAY);
        assertThat(post(other, "relay/connection", hello, "Device-Key", key + "x").statusCode())
                .isEqualTo(401);
        assertThat(post(other, "relay/connection", hello, "Device-Key", key).statusCode())
                .isEqualTo(200);
        assertThat(post(one, "relay/connection", hello, "Device-Key", key).statusCode())
                .as("it is there")
                .isEqualTo(409);
    }

    @Test
    @DisplayName("R13 a device of frames gets each once, in order, and replies at any node")
    void data_eachAtAnotherNode_bringsEachFrameOnce() throws Exception {
        String key = enrol(one, GATEWAY, "code").body();
        String session = post(other, "relay/connection", hello(GATEWAY), "Device-Key", key).body();
        List<String> sent = new ArrayList<>();
        List<String> brought = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            sent.add(Frame.of(Frame.Kind.HEART, Map.of("number", i)).hex());
            (i % 3 == 0 ? one : other).manager().sendMessage(GATEWAY, "n", sent.get(i));
        }
        for (int i = 0; i < 6; i++) {
            RelayServer node = i % 2 == 0 ? one : other;
            brought.add(post(node, "relay/data", "", "SessionId", session).body());
        }
        assertThat(brought).isEqualTo(sent);

        try (Phone phone = phone(CometTransport.STREAM)) {
            CompletionStage<Frame> reply = phone.command(GATEWAY, "kitchen", "on");
            HttpResponse<String> command = post(one, "relay/data", "", "SessionId", session);
            assertThat(Frame.parse(command.body()).text("command")).isEqualTo("on");
            String frame = Frame.of(Frame.Kind.REPLY, Map.of("state", "on")).hex();
            HttpResponse<String> accepted =
                    post(
                            other,
                            "comet/reply",
                            "{\"correlationId\":\"%s\",\"contents\":\"%s\"}"
                                    .formatted(
                                            command.headers()
                                                    .firstValue("Correlation-Id")
                                                    .orElseThrow(),
                                            frame),
                            "Authorization",
                            "Bearer " + session,
                            "Content-Type",
                            "application/json");
            assertThat(accepted.statusCode()).isEqualTo(204);
            assertThat(get(reply).text("state")).isEqualTo("on");
            String phones = phone.comet().session().privateToken();
            assertThat(post(other, "relay/data", "", "SessionId", phones).statusCode())
                    .as("a session that was not made by connection")
                    .isEqualTo(404);
        }
        assertThat(post(one, "relay/data", "", "SessionId", session).body()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"POLL", "STREAM"})
    @DisplayName("R13 commands and replies pass, whichever nodes phone and gateway ask")
    void command_requestsGoToAnyNode_isReplied(CometTransport transport) throws Exception {
        try (SimulatedGateway gateway = gateway(transport);
                Phone phone = phone(transport)) {
            assertThat(gateway).isNotNull();
            for (int i = 0; i < 10; i++) {
                String command = i % 2 == 0 ? "on" : "off";
                assertThat(get(phone.command(GATEWAY, "kitchen", command)).text("state"))
                        .isEqualTo(command);
            }
            assertThat(code(phone.command(GATEWAY, "kitchen", "explode"))).isEqualTo("refused");
            assertThat(code(phone.command(SimulatedGateway.mac(2), "kitchen", "on")))
                    .isEqualTo("client-does-not-exist");
        }
    }

    @Test
    @DisplayName("R13 phones see gateways of all nodes come, stay active, and go")
    void gateways_atAnyNode_areSeen() throws Exception {
        try (Phone phone = phone(CometTransport.STREAM)) {
            List<Integer> seen = new CopyOnWriteArrayList<>();
            phone.comet().on("relay.devices", message -> seen.add(message.contents().size()));
            SimulatedGateway gateway = gateway(CometTransport.POLL);
            await().until(() -> seen.contains(1));
            for (int i = 0; i < 2; i++) { // asked at either node
                assertThat(get(phone.gateways()).get(0).path("mac").asString()).isEqualTo(GATEWAY);
            }
            var before = one.relay().devices().find(GATEWAY).orElseThrow().lastActive();
            for (RelayServer node : List.of(one, other)) {
                await().until(
                                () ->
                                        node.relay()
                                                .devices()
                                                .find(GATEWAY)
                                                .orElseThrow()
                                                .lastActive()
                                                .isAfter(before));
            }
            seen.clear();
            gateway.close();
            await().until(() -> seen.contains(0));
            assertThat(one.relay().devices().find(GATEWAY)).isEmpty();
            assertThat(other.relay().devices().find(GATEWAY)).isEmpty();
        }
    }

    @Test
    @DisplayName("R13 a job that is due at all nodes is done by one of them")
    void isTurn_severalNodes_oneHasIt() {
        try (DeviceStore here = new DevicesInRedis(TestRedis.shared().uri(), namespace);
                DeviceStore there = new DevicesInRedis(TestRedis.shared().uri(), namespace)) {
            Duration hour = Duration.ofHours(1);
            assertThat(here.isTurn("a job", hour)).isTrue();
            assertThat(there.isTurn("a job", hour)).isFalse();
            assertThat(there.isTurn("another", Duration.ofMillis(1))).isTrue();
            await().until(() -> here.isTurn("another", Duration.ofMillis(1)));
        }
    }

    @Test
    @DisplayName("R13 nodes that are told no pairing code have the same one")
    void pairingCode_severalNodes_isTheSame() {
        try (DeviceStore here = new DevicesInRedis(TestRedis.shared().uri(), namespace);
                DeviceStore there = new DevicesInRedis(TestRedis.shared().uri(), namespace)) {
            assertThat(here.pairingCode("first")).isEqualTo("first");
            assertThat(there.pairingCode("second")).isEqualTo("first");
        }
    }
}
