package dev.comet.examples.relay;

import static dev.comet.examples.relay.RelayHttp.hello;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.client.Comet;
import dev.comet.client.CometListener;
import dev.comet.client.CometOptions;
import dev.comet.redis.TestRedis;
import dev.comet.testkit.internal.ServerProcess;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two relays in processes of their own over one Redis: each is killed once, and comes back. */
@Timeout(300)
class RelayNodeKilledTest {

    private static final String GATEWAY = SimulatedGateway.mac(1);
    private static final String BOX = SimulatedGateway.mac(2);
    private static final String PHONE = "06:00:00:00:00:01";

    private final List<AutoCloseable> started = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private TestRedis redis;
    private ServerProcess one;
    private ServerProcess other;
    private AlternatingHttp balancer;

    @BeforeEach
    void start() throws Exception {
        redis = started(TestRedis.start("--save", "", "--appendonly", "no"));
        one = node();
        other = node();
        balancer = new AlternatingHttp(List.of(one.uri(), other.uri()));
    }

    private ServerProcess node() throws Exception {
        return started(
                ServerProcess.start(
                        RelayServer.class,
                        "-Dredis=" + redis.uri().toURI(),
                        "-Dcode=code",
                        "-DheartSeconds=1",
                        "-Dgateways=0"));
    }

    private <T extends AutoCloseable> T started(T what) {
        started.add(0, what);
        return what;
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable what : started) {
            what.close();
        }
    }

    private CometOptions balanced() {
        return CometOptions.builder().http(balancer).build();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private HttpResponse<String> post(URI node, String path, String body, String... headers)
            throws Exception {
        return RelayHttp.post(http, node, path, body, headers);
    }

    @Test
    @DisplayName("R13 a node is killed: devices go on with their sessions, no command is misled")
    void kill_devicesGoOn() throws Exception {
        URI comet = one.uri().resolve("comet");
        List<String> lost = new CopyOnWriteArrayList<>();
        String boxesKey = Pairing.key(comet, BOX, "code");
        String session =
                post(one.uri(), "relay/connection", hello(BOX), "Device-Key", boxesKey).body();
        try (SimulatedGateway gateway =
                        SimulatedGateway.start(
                                comet, 1, Pairing.key(comet, GATEWAY, "code"), balanced());
                Phone phone =
                        get(
                                Phone.connect(
                                        comet,
                                        PHONE,
                                        "phone",
                                        Pairing.key(comet, PHONE, "code"),
                                        balanced()))) {
            for (Comet device : List.of(get(gateway.comet()), phone.comet())) {
                device.listen(noting(lost));
            }
            assertThat(get(phone.command(GATEWAY, "kitchen", "on")).text("state")).isEqualTo("on");

            for (ServerProcess killed : List.of(one, other)) {
                ServerProcess survivor = killed == one ? other : one;
                killed.kill();
                balancer.takeOut(killed.uri());
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> isReplied(phone.command(GATEWAY, "kitchen", "state")));
                assertThat(get(phone.gateways())).hasSize(2);
                assertThat(post(survivor.uri(), "relay/data", "", "SessionId", session))
                        .matches(heart -> Frame.parse(heart.body()).kind() == Frame.Kind.HEART);
                killed.startAgain();
                balancer.putIn(killed.uri());
            }
            assertThat(lost).isEmpty();
            assertThat(get(phone.command(GATEWAY, "kitchen", "off")).text("state"))
                    .isEqualTo("off");
        }
    }

    /**
     * A command that had reached the killed node ends in some other way; it is for the phone to ask
     * again.
     */
    private static boolean isReplied(CompletionStage<Frame> command) {
        return command.handle(
                        (reply, failure) -> failure == null && reply.text("state").equals("on"))
                .toCompletableFuture()
                .join();
    }

    private static CometListener noting(List<String> lost) {
        return new CometListener() {
            @Override
            public void sessionLost(String previous, @Nullable String current) {
                lost.add("a session");
            }

            @Override
            public void gap(long from, long to, String reason) {
                lost.add(from + " to " + to + ": " + reason);
            }
        };
    }
}
