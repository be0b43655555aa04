package dev.comet.examples.relay;

import static dev.comet.examples.relay.RelayHttp.hello;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometStatistics;
import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometListener;
import dev.comet.client.CometOptions;
import dev.comet.client.CometTransport;
import dev.comet.examples.relay.CommandLog.State;
import dev.comet.testkit.ManualClock;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cloud, with gateways and phones that talk to it over loopback. */
@Timeout(60)
class RelayTest {

    private static final String GATEWAY = SimulatedGateway.mac(1);

    private final HttpClient http = HttpClient.newHttpClient();
    private RelayServer server;

    @BeforeEach
    void start() throws Exception {
        server =
                RelayServer.start(
                        "127.0.0.1",
                        0,
                        "code",
                        new Relay.Options(Duration.ofSeconds(2), 5, 10, 20, Duration.ZERO),
                        Jobs.Intervals.DEFAULT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static CometClientException failure(CompletionStage<?> stage) {
        try {
            stage.toCompletableFuture().join();
        } catch (CompletionException e) {
            return (CometClientException) e.getCause();
        }
        throw new AssertionError("expected a failure, there was none");
    }

    private SimulatedGateway gateway() throws Exception {
        SimulatedGateway gateway = SimulatedGateway.start(server.comet(), 1, key(GATEWAY));
        get(gateway.comet());
        return gateway;
    }

    private Phone phone(int number) throws Exception {
        String mac = "06:00:00:00:00:%02x".formatted(number);
        return get(Phone.connect(server.comet(), mac, "phone", key(mac), CometOptions.defaults()));
    }

    /** What the owner gave the device. */
    private String key(String mac) {
        return server.relay().keys().issue(mac);
    }

    /** A device of frames with that MAC connects, with its key. */
    private HttpResponse<String> connection(String mac) throws Exception {
        return post("relay/connection", hello(mac), "Device-Key", key(mac));
    }

    private HttpResponse<String> post(String path, String body, String... headers)
            throws Exception {
        return RelayHttp.post(http, server, path, body, headers);
    }

    // ---- phones and gateways with comet-client

    @Test
    @DisplayName("R3 a command reaches the gateway, and its reply that phone and no other")
    void command_gatewayReplies_reachesThatPhone() throws Exception {
        try (SimulatedGateway gateway = gateway();
                Phone phone = phone(1);
                Phone other = phone(2)) {
            assertThat(gateway).isNotNull();
            List<String> heard = new CopyOnWriteArrayList<>();
            other.comet().on(Comet.ALL, message -> heard.add(message.name()));
            assertThat(get(phone.command(GATEWAY, "kitchen", "on")).text("state")).isEqualTo("on");
            assertThat(get(other.command(GATEWAY, "kitchen", "state")).text("state"))
                    .isEqualTo("on");
            assertThat(get(phone.command(GATEWAY, "kitchen", "off")).text("state"))
                    .isEqualTo("off");
            assertThat(heard).doesNotContain(Relay.COMMAND);
            assertThat(server.relay().commands().all())
                    .hasSize(3)
                    .allMatch(entry -> entry.state() == State.REPLIED);
            assertThat(get(phone.gateways()).get(0).path("mac").asString()).isEqualTo(GATEWAY);
        }
    }

    @Test
    @DisplayName("R3, R5 offline, timeout, bad frame and a gateway that refuses are told apart")
    void command_fails_inItsOwnWay() throws Exception {
        try (Phone phone = phone(1)) {
            CometClientException offline = failure(phone.command(GATEWAY, "kitchen", "on"));
            assertThat(offline.code()).isEqualTo("client-does-not-exist");
            assertThat(offline.reason()).contains("offline");
            assertThat(failure(phone.send("AA00")).code()).isEqualTo("parameters-invalid");
            assertThat(failure(phone.send(hello(GATEWAY))).reason()).contains("no command");
            try (SimulatedGateway gateway = gateway()) {
                assertThat(failure(phone.command(GATEWAY, "kitchen", "explode")).code())
                        .isEqualTo("refused");
                get(gateway.comet()).unsubscribe(); // it is there, and does not hear
                assertThat(failure(phone.command(GATEWAY, "kitchen", "on")).code())
                        .isEqualTo("timed-out");
                CompletionStage<Frame> pending = phone.command(GATEWAY, "kitchen", "on");
                await().until(() -> states().contains(State.WAITING));
                get(get(gateway.comet()).disconnect());
                assertThat(failure(pending).code()).isEqualTo("client-does-not-exist");
            }
            assertThat(states())
                    .containsExactlyInAnyOrder(State.REFUSED, State.TIMED_OUT, State.OFFLINE);
        }
    }

    /** Of all commands. */
    private List<State> states() {
        return server.relay().commands().all().stream().map(CommandLog.Entry::state).toList();
    }

    @Test
    @DisplayName("R3 a gateway does not command, and is not commanded by a MAC that is a phone's")
    void command_wrongKinds_areRefused() throws Exception {
        try (SimulatedGateway gateway = gateway();
                Phone phone = phone(1);
                Phone other = phone(2)) {
            Frame command =
                    Frame.of(
                            Frame.Kind.COMMAND,
                            Map.of("id", GATEWAY, "deviceid", "x", "command", "on"));
            assertThat(failure(get(gateway.comet()).request(Relay.COMMAND, command.hex())).code())
                    .isEqualTo("refused");
            assertThat(failure(phone.command(other.comet().publicToken(), "x", "on")).code())
                    .isEqualTo("client-does-not-exist");
        }
    }

    @Test
    @DisplayName(
            "R6 a second device with the same MAC is refused, the first unharmed; silence removes"
                    + " it")
    void registry_duplicateAndSilence_areHandled() throws Exception {
        try (SimulatedGateway gateway = gateway();
                Phone phone = phone(1)) {
            CompletableFuture<Comet> second =
                    SimulatedGateway.start(server.comet(), 1, key(GATEWAY))
                            .comet()
                            .toCompletableFuture();
            assertThat(failure(second).code()).isEqualTo("client-already-exists");
            assertThat(get(phone.command(GATEWAY, "kitchen", "on")).text("state")).isEqualTo("on");
            var before = server.relay().devices().find(GATEWAY).orElseThrow().lastActive();
            get(gateway.comet()).use(CometTransport.POLL);
            await().until(
                            () ->
                                    server.relay()
                                            .devices()
                                            .find(GATEWAY)
                                            .orElseThrow()
                                            .lastActive()
                                            .isAfter(before));
            get(gateway.comet()).close();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> server.relay().devices().find(GATEWAY).isEmpty());
            assertThat(failure(phone.command(GATEWAY, "kitchen", "on")).reason())
                    .contains("offline");
        }
    }

    @Test
    @DisplayName("R7, R9 the heart job pushes to gateways and phones")
    void heart_reachesEverybody() throws Exception {
        try (SimulatedGateway gateway = gateway();
                Phone phone = phone(1)) {
            List<String> heard = new CopyOnWriteArrayList<>();
            phone.comet().on(Relay.HEART, message -> heard.add("phone"));
            get(gateway.comet()).on(Relay.HEART, message -> heard.add("gateway"));
            server.relay().heart();
            await().until(() -> heard.size() == 2);
        }
    }

    // ---- devices that know nothing but frames

    @Test
    @DisplayName(
            "R1 the handshake is answered at once with a unique session id; data takes only that")
    void connection_hello_givesASession() throws Exception {
        HttpResponse<String> first = connection("02:00:00:00:01:01");
        HttpResponse<String> second = connection("02:00:00:00:01:02");
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("Content-Type").orElseThrow())
                .startsWith("text/plain");
        assertThat(first.headers().firstValue("Cache-Control").orElseThrow()).contains("no-cache");
        assertThat(first.body()).hasSizeGreaterThan(20).isNotEqualTo(second.body());
        assertThat(server.relay().devices().all(Device.Kind.GATEWAY)).hasSize(2);

        assertThat(connection("02:00:00:00:01:01").statusCode()).isEqualTo(409);
        assertThat(post("relay/connection", "AA00").statusCode()).isEqualTo(400);
        assertThat(post("relay/connection", "AA00").body()).contains("bad frame");
        assertThat(post("relay/connection", "").statusCode()).isEqualTo(500);
    }

    @Test
    @DisplayName("R2 no id: 500 with a reason; an unknown one: 404; nobody keeps either")
    void data_withoutId_isRefused() throws Exception {
        HttpResponse<String> none = post("relay/data", "");
        assertThat(none.statusCode()).isEqualTo(500);
        assertThat(none.body()).contains("session id");
        assertThat(none.headers().firstValue("Cache-Control").orElseThrow()).contains("no-cache");
        HttpResponse<String> unknown = post("relay/data", "", "SessionId", "nobody");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.headers().firstValue("Cache-Control").orElseThrow())
                .contains("no-cache");
        assertThat(post("relay/data?id=secret", "").statusCode()).isEqualTo(500);
        assertThat(post("relay/elsewhere", "").statusCode()).isEqualTo(404);
    }

    @Test
    @DisplayName(
            "R1, R3, R4 a held data request brings a command as hex; its reply returns to the"
                    + " phone")
    void data_held_bringsACommand() throws Exception {
        String session = connection(GATEWAY).body();
        URI data = server.uri().resolve("relay/data");
        CompletableFuture<HttpResponse<String>> held =
                http.sendAsync(
                        HttpRequest.newBuilder(data)
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .POST(BodyPublishers.ofString("id=" + session))
                                .build(),
                        BodyHandlers.ofString());
        try (Phone phone = phone(1)) {
            CompletionStage<Frame> reply = phone.command(GATEWAY, "kitchen", "on");
            HttpResponse<String> answer = held.get(10, TimeUnit.SECONDS);
            Frame command = Frame.parse(answer.body());
            assertThat(command.text("command")).isEqualTo("on");
            String id = answer.headers().firstValue("Correlation-Id").orElseThrow();
            String frame = Frame.of(Frame.Kind.REPLY, Map.of("state", "on")).hex();
            HttpResponse<String> accepted =
                    post(
                            "comet/reply",
                            "{\"correlationId\":\"" + id + "\",\"contents\":\"" + frame + "\"}",
                            "Authorization",
                            "Bearer " + session,
                            "Content-Type",
                            "application/json");
            assertThat(accepted.statusCode()).isEqualTo(204);
            assertThat(get(reply).text("state")).isEqualTo("on");
        }
        // Nothing more: the hold ends, and says nothing.
        HttpResponse<String> empty = post("relay/data", "", "SessionId", session);
        assertThat(empty.statusCode()).isEqualTo(200);
        assertThat(empty.body()).isEmpty();
    }

    @Test
    @DisplayName("R4 a frame travels byte by byte; what is no frame is left out, and holds up none")
    void data_noFrameBeforeAFrame_bringsTheFrameAsItWasSent() throws Exception {
        String session = connection(GATEWAY).body();
        server.manager().sendMessage(GATEWAY, "relay.note", "no frame");
        server.manager().sendMessage(GATEWAY, "relay.note", Map.of("no", "text"));
        // {"at":1.00}: who reads the number and writes it again writes 1.0
        String frame = "AA000B0500007B226174223A312E30307D38";
        server.manager().sendMessage(GATEWAY, Relay.HEART, frame);
        HttpResponse<String> answer = post("relay/data", "", "SessionId", session);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(frame);
    }

    @Test
    @DisplayName(
            "R2 a device that fell too far behind is told which frames it lost; then it goes on")
    void data_framesLost_areAnnounced() throws Exception {
        String session = connection(GATEWAY).body();
        String frame = Frame.of(Frame.Kind.HEART, Map.of("id", "cloud", "deviceid", "cloud")).hex();
        long first = server.manager().sendToAll(Relay.HEART, frame);
        for (int i = 0; i < 12_000; i++) { // more than the log of messages for all may hold
            server.manager().sendToAll(Relay.HEART, frame);
        }
        HttpResponse<String> behind = post("relay/data", "", "SessionId", session);
        assertThat(behind.body()).isEqualTo(frame);
        String lost = behind.headers().firstValue("Lost").orElseThrow();
        int dash = lost.indexOf('-');
        assertThat(first)
                .isBetween(
                        Long.parseLong(lost.substring(0, dash)),
                        Long.parseLong(lost.substring(dash + 1)));
        HttpResponse<String> next = post("relay/data", "", "SessionId", session);
        assertThat(next.body()).isEqualTo(frame);
        assertThat(next.headers().firstValue("Lost")).isEmpty();
    }

    @Test
    @DisplayName("R2 a cloud that drains says so, a session that ends is unknown from then on")
    void data_cloudDrainsAndSessionEnds_areToldApart() throws Exception {
        String session = connection(GATEWAY).body();
        try (Phone phone = phone(1)) {
            String other = phone.comet().session().privateToken();
            assertThat(post("relay/data", "", "SessionId", other).statusCode())
                    .as("a session that was not made by connection")
                    .isEqualTo(404);
            server.manager().drain(Duration.ofSeconds(1));
            HttpResponse<String> draining = post("relay/data", "", "SessionId", session);
            assertThat(draining.statusCode()).isEqualTo(503);
            assertThat(draining.body()).contains("restarting");
            server.manager()
                    .findClientByPrivateToken(session)
                    .ifPresent(server.manager()::disconnect);
            await().until(() -> post("relay/data", "", "SessionId", session).statusCode() == 404);
        }
    }

    // ---- the end

    @Test
    @DisplayName(
            "R12 a relay that stops tells phones, gateways and devices of frames to come back; it"
                    + " cut them off")
    void close_everybodyIsThere_saysReconnect() throws Exception {
        server.close();
        // Seconds of a clock that this test moves: the real bound of the drain is out of reach.
        ManualClock clock = new ManualClock();
        Relay.Options options =
                new Relay.Options(Duration.ofSeconds(2), 25, 60, 20, Duration.ofSeconds(10));
        server =
                RelayServer.start(
                        "127.0.0.1",
                        0,
                        "code",
                        options,
                        Jobs.Intervals.DEFAULT,
                        Storage.inMemory(),
                        clock);
        String session = connection(SimulatedGateway.mac(2)).body();
        CompletableFuture<HttpResponse<String>> data =
                http.sendAsync(
                        HttpRequest.newBuilder(server.uri().resolve("relay/data"))
                                .header("SessionId", session)
                                .POST(BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.ofString());
        try (SimulatedGateway gateway = gateway();
                Comet phone = phone(1).comet()) {
            List<String> toldToReconnect = new CopyOnWriteArrayList<>();
            phone.use(CometTransport.POLL);
            phone.listen(reconnecting("phone", toldToReconnect));
            get(gateway.comet()).listen(reconnecting("gateway", toldToReconnect));
            await().until(() -> held().streams() == 1 && held().polls() == 2);

            CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
            await().until(
                            () -> {
                                clock.advance(Duration.ofSeconds(1));
                                return closed.isDone();
                            });

            await().untilAsserted(
                            () ->
                                    assertThat(toldToReconnect)
                                            .containsExactlyInAnyOrder("phone", "gateway"));
            assertThat(data.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
            assertThat(data.join().body()).isEqualTo("the cloud is restarting; ask again");
        }
    }

    private CometStatistics.Held held() {
        return server.manager().statistics().held();
    }

    private static CometListener reconnecting(String name, List<String> told) {
        return new CometListener() {
            @Override
            public void reconnecting(long delayMillis) {
                told.add(name);
            }
        };
    }
}
