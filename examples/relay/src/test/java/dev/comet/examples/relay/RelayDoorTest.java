package dev.comet.examples.relay;

import static dev.comet.examples.relay.RelayHttp.hello;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometOptions;
import dev.comet.client.CometState;
import dev.comet.examples.relay.CommandLog.State;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom the relay lets in, and what it lets through. */
@Timeout(60)
class RelayDoorTest {

    private static final String MAC = SimulatedGateway.mac(1);
    private static final String CODE = "the code";

    private final HttpClient http = HttpClient.newHttpClient();
    private RelayServer server;

    @BeforeEach
    void start() throws Exception {
        start(20);
    }

    private void start(int connectsPerSecond) throws Exception {
        server =
                RelayServer.start(
                        "127.0.0.1",
                        0,
                        CODE,
                        new Relay.Options(
                                Duration.ofSeconds(5), 5, 10, connectsPerSecond, Duration.ZERO),
                        Jobs.Intervals.DEFAULT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpResponse<String> post(String path, String body, String... headers)
            throws Exception {
        return RelayHttp.post(http, server, path, body, headers);
    }

    private HttpResponse<String> enrol(String form) throws Exception {
        return post("relay/enrol", form, "Content-Type", "application/x-www-form-urlencoded");
    }

    // ---- keys

    @Test
    @DisplayName("R10 a device of frames is let in with its own key only")
    void connection_withoutItsKey_isRefused() throws Exception {
        String key = server.relay().keys().issue(MAC);
        String other = server.relay().keys().issue(SimulatedGateway.mac(2));

        assertThat(post("relay/connection", hello(MAC)).statusCode()).isEqualTo(401);
        for (String wrong : List.of(other, "", key + "x", key.toLowerCase(Locale.ROOT))) {
            HttpResponse<String> refused =
                    post("relay/connection", hello(MAC), "Device-Key", wrong);
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.body()).contains("key").doesNotContain(key);
        }
        String unknown = SimulatedGateway.mac(3);
        assertThat(post("relay/connection", hello(unknown), "Device-Key", key).statusCode())
                .isEqualTo(401);
        assertThat(server.relay().devices().all()).isEmpty();
        assertThat(post("relay/connection", hello(MAC), "Device-Key", key).statusCode())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("R10 so is one that speaks Comet's protocol")
    void connect_withoutItsKey_isRefused() {
        server.relay().keys().issue(MAC);

        for (Map<String, String> details :
                List.of(Map.of("frame", hello(MAC)), Map.of("frame", hello(MAC), "key", "wrong"))) {
            CompletionStage<Comet> connecting =
                    Comet.connect(server.comet(), details, CometOptions.defaults());
            assertThat(code(connecting)).isEqualTo("refused");
        }
        assertThat(server.relay().devices().all()).isEmpty();
    }

    @Test
    @DisplayName("R10 a device gets its key once, for the pairing code")
    void enrol_withTheCode_givesAKeyOnce() throws Exception {
        String form = "mac=" + MAC + "&code=the+code";
        HttpResponse<String> first = enrol(form);
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("Cache-Control").orElseThrow()).contains("no-store");
        assertThat(post("relay/connection", hello(MAC), "Device-Key", first.body()).statusCode())
                .isEqualTo(200);

        assertThat(enrol(form).statusCode()).isEqualTo(409);
        assertThat(enrol("mac=02-00-00-00-00-01&code=the+code").statusCode()).isEqualTo(409);
        assertThat(Pairing.key(server.comet(), SimulatedGateway.mac(2), CODE))
                .isNotEqualTo(first.body());
    }

    @Test
    @DisplayName("R10 wrong input of a pairing is 400, a wrong code 401; no code goes in a URL")
    void enrol_wrong_isRefused() throws Exception {
        assertThat(enrol("mac=" + MAC + "&code=guess").statusCode()).isEqualTo(401);
        assertThat(enrol("mac=" + MAC).statusCode()).isEqualTo(400);
        assertThat(enrol("mac=box&code=the+code").statusCode()).isEqualTo(400);
        assertThat(enrol("mac=%zz&code=the+code").statusCode()).isEqualTo(400);
        assertThat(post("relay/enrol?mac=" + MAC + "&code=the+code", "").statusCode())
                .isEqualTo(400);
        assertThat(enrol("mac=" + MAC + "&code=the+code").statusCode()).isEqualTo(200);
    }

    @Test
    @DisplayName("R10 pages of other servers connect no device, even with its key")
    void connection_fromAForeignPage_isRefused() throws Exception {
        String key = server.relay().keys().issue(MAC);
        String own = "http://127.0.0.1:" + server.uri().getPort();

        for (String path : List.of("relay/connection", "relay/enrol")) {
            assertThat(post(path, hello(MAC), "Device-Key", key, "Origin", "http://evil.example"))
                    .matches(refused -> refused.statusCode() == 403, path);
            assertThat(post(path, hello(MAC), "Device-Key", key, "Origin", "null"))
                    .matches(refused -> refused.statusCode() == 403, path);
            assertThat(post(path, hello(MAC), "Device-Key", key, "Sec-Fetch-Site", "cross-site"))
                    .matches(refused -> refused.statusCode() == 403, path);
        }
        assertThat(
                        post("relay/connection", hello(MAC), "Device-Key", key, "Origin", own)
                                .statusCode())
                .isEqualTo(200);
    }

    @Test
    @DisplayName("R10 newcomers from one address are let in at a rate, and told when to come again")
    void connection_tooOften_isToldToWait() throws Exception {
        for (int knocks = 0; knocks < 100_000; knocks++) {
            HttpResponse<String> answer = post("relay/connection", hello(MAC));
            if (answer.statusCode() == 429) {
                assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                return;
            }
            assertThat(answer.statusCode()).isEqualTo(401);
        }
        throw new AssertionError("nobody was told to wait");
    }

    @Test
    @DisplayName("R10 a burst, then so many a second, each address apart; of IPv6 each network")
    void knock_burstAndRate_areKept() {
        AtomicLong now = new AtomicLong();
        AddressRate rate = new AddressRate(2, 4, now::get);

        assertThat(IntStream.range(0, 5).mapToLong(i -> rate.knock("10.0.0.1")))
                .containsExactly(0L, 0L, 0L, 0L, 1L);
        assertThat(rate.knock("10.0.0.2")).isZero();
        now.addAndGet(Duration.ofMillis(500).toNanos());
        assertThat(rate.knock("10.0.0.1")).isZero();
        assertThat(rate.knock("10.0.0.1")).isPositive();

        IntStream.range(0, 4).forEach(i -> rate.knock("2001:db8::" + i));
        assertThat(rate.knock("2001:db8::ffff")).isPositive();
        assertThat(rate.knock("2001:db8:0:1::ffff")).isZero();
    }

    @Test
    @DisplayName("R10 so are requests for frames, which are many more")
    void data_tooOften_isToldToWait() throws Exception {
        server.close();
        start(1);
        for (int asked = 0; asked < 100_000; asked++) {
            HttpResponse<String> answer = post("relay/data", "", "SessionId", "nobody's");
            if (answer.statusCode() == 429) {
                assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                assertThat(asked).isGreaterThanOrEqualTo(1_000);
                return;
            }
            assertThat(answer.statusCode()).isEqualTo(404);
        }
        throw new AssertionError("nobody was told to wait");
    }

    @Test
    @DisplayName("R10 bodies that do not come stop nobody; one that is too long is not read")
    void post_bodiesDoNotCome_nobodyElseWaits() throws Exception {
        String key = server.relay().keys().issue(MAC);
        List<Socket> slow = new ArrayList<>();
        try {
            for (String path : List.of("data", "connection", "enrol")) {
                for (int i = 0; i < 100; i++) {
                    Socket socket =
                            new Socket(InetAddress.getLoopbackAddress(), server.uri().getPort());
                    slow.add(socket);
                    socket.getOutputStream()
                            .write(
                                    ("POST /relay/"
                                                    + path
                                                    + " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                                    + "Content-Type: application/x-www-form-urlencoded\r\n"
                                                    + "Content-Length: 100\r\n\r\nid=")
                                            .getBytes(StandardCharsets.US_ASCII));
                }
            }
            assertThat(post("relay/connection", hello(MAC), "Device-Key", key).statusCode())
                    .isEqualTo(200);
            assertThat(post("relay/data", "x".repeat(50_000)).statusCode()).isEqualTo(413);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    // ---- replies

    @ParameterizedTest
    @DisplayName("R11 a reply that is no good frame reaches nobody; the phone hears why")
    @ValueSource(
            strings = {
                "\"AA00\"",
                "\"AA00027B0400007D00\"",
                "{\"state\":\"on\"}",
                "42",
                "\"HEART\"",
                "\"OTHER\""
            })
    void reply_brokenFrame_reachesNobody(String contents) throws Exception {
        String mac = "06:00:00:00:00:01";
        String session =
                post("relay/connection", hello(MAC), "Device-Key", server.relay().keys().issue(MAC))
                        .body();
        Phone phone =
                Phone.connect(
                                server.comet(),
                                mac,
                                "phone",
                                server.relay().keys().issue(mac),
                                CometOptions.defaults())
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS);
        List<String> heard = new CopyOnWriteArrayList<>();
        phone.comet().on(Comet.ALL, message -> heard.add(message.name()));
        CompletionStage<Frame> reply = phone.command(MAC, "kitchen", "on");
        HttpResponse<String> command = post("relay/data", "", "SessionId", session);
        String heart = Frame.of(Frame.Kind.HEART, Map.of("id", MAC)).hex();
        String other = Frame.of(Frame.Kind.REPLY, Map.of("id", SimulatedGateway.mac(2))).hex();

        String id = command.headers().firstValue("Correlation-Id").orElseThrow();
        post(
                "comet/reply",
                "{\"correlationId\":\"%s\",\"contents\":%s}"
                        .formatted(id, contents.replace("HEART", heart).replace("OTHER", other)),
                "Authorization",
                "Bearer " + session,
                "Content-Type",
                "application/json");

        CometClientException failure = failure(reply);
        assertThat(failure.code()).isEqualTo("refused");
        assertThat(failure.reason()).contains("reply is not passed on: bad frame");
        assertThat(server.relay().commands().all())
                .extracting(CommandLog.Entry::state)
                .containsExactly(State.REFUSED);
        phone.close();
    }

    // ---- activity

    @Test
    @DisplayName("R6 a gateway whose stream stays open is active when it confirms a heart-beat")
    void heart_gatewayConfirms_isHeardOf() throws Exception {
        try (SimulatedGateway gateway =
                SimulatedGateway.start(server.comet(), 1, server.relay().keys().issue(MAC))) {
            Comet client = gateway.comet().toCompletableFuture().get(20, TimeUnit.SECONDS);
            await().until(() -> client.state() == CometState.CONNECTED);
            var before = server.relay().devices().find(MAC).orElseThrow().lastActive();
            await().until(
                            () -> {
                                server.relay().heart();
                                return server.relay()
                                        .devices()
                                        .find(MAC)
                                        .orElseThrow()
                                        .lastActive()
                                        .isAfter(before);
                            });
        }
    }

    private static String code(CompletionStage<?> stage) {
        return failure(stage).code();
    }

    private static CometClientException failure(CompletionStage<?> stage) {
        try {
            CompletableFuture<?> future = stage.toCompletableFuture();
            throw new AssertionError("expected a failure, there was " + future.join());
        } catch (CompletionException e) {
            return (CometClientException) e.getCause();
        }
    }
}
