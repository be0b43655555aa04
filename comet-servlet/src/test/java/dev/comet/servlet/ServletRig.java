package dev.comet.servlet;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication;
import dev.comet.inproc.InProcCometStateProvider;
import jakarta.servlet.ServletContext;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A manager, its servlet in a container, and peers that talk to it over loopback sockets. */
final class ServletRig {

    private static final JsonMapper JSON = new JsonMapper();

    final Container container;
    final CometStateManager comet;
    CometServlet servlet; // null if others have started the container
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Sets up an application that may need the manager. */
    interface SetUp {
        void accept(CometStateManager comet, CometApplication app);
    }

    /** A container that was started already. */
    ServletRig(Container container, CometStateManager comet) {
        this.container = container;
        this.comet = comet;
    }

    ServletRig(Container container, CometLimits limits, SetUp setUp) throws Exception {
        this(container, options -> options.limits(limits), setUp);
    }

    ServletRig(Container container, UnaryOperator<CometStateManager.Builder> options, SetUp setUp)
            throws Exception {
        this(container, options, setUp, context -> {});
    }

    /**
     * @param more what else is in the context
     */
    ServletRig(
            Container container,
            UnaryOperator<CometStateManager.Builder> options,
            SetUp setUp,
            Consumer<ServletContext> more)
            throws Exception {
        this.container = container;
        this.comet =
                options.apply(CometStateManager.builder(new InProcCometStateProvider())).build();
        Consumer<CometApplication> application = app -> setUp.accept(comet, app);
        container.start(
                (classes, context) -> {
                    servlet = new CometServlet(comet, application);
                    servlet.addTo(context, "/comet/*");
                    more.accept(context);
                });
    }

    CometClient client(String name) {
        return client(name, 20, 60);
    }

    CometClient client(String name, int timeoutSeconds, int idleSeconds) {
        return comet.initializeClient(
                CometClient.builder()
                        .publicToken(name)
                        .privateToken("secret-of-" + name)
                        .connectionTimeoutSeconds(timeoutSeconds)
                        .connectionIdleSeconds(idleSeconds)
                        .build());
    }

    HttpRequest.Builder request(String target) {
        return HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + container.port() + "/app/comet" + target))
                .timeout(Duration.ofSeconds(30));
    }

    HttpRequest.Builder post(String target, String contentType, String body) {
        return request(target)
                .header("Content-Type", contentType)
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    /** A stream that has begun, from this cursor. */
    StreamPeer stream(CometClient client, long cursor) throws Exception {
        return open(
                request("/stream?lastMessageId=" + cursor)
                        .header("Authorization", "Bearer " + client.privateToken()));
    }

    /** Whatever the answer is. */
    StreamPeer open(HttpRequest.Builder request) throws Exception {
        return StreamPeer.open(http, request.build());
    }

    Answer send(HttpRequest.Builder request) throws Exception {
        return new Answer(http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
    }

    /** A poll that is under way. */
    CompletableFuture<Answer> begin(CometClient client, String query) {
        return http.sendAsync(
                        request("/poll" + query)
                                .header("Authorization", "Bearer " + client.privateToken())
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(Answer::new);
    }

    /** A poll that the manager holds. */
    CompletableFuture<Answer> held(CometClient client) {
        int before = comet.statistics().held().polls();
        CompletableFuture<Answer> poll = begin(client, "?lastMessageId=0");
        org.awaitility.Awaitility.await()
                .until(() -> comet.statistics().held().polls() > before || poll.isDone());
        return poll;
    }

    Answer poll(CometClient client, String query) throws Exception {
        return begin(client, query).get(30, TimeUnit.SECONDS);
    }

    Answer send(CometClient client, String json) throws Exception {
        return send(
                post("/send", "application/json", json)
                        .header("Authorization", "Bearer " + client.privateToken()));
    }

    /** A poll as bytes, for {@link RawPeer}. */
    static String rawPoll(CometClient client, long lastMessageId) {
        return RawPeer.head(
                "GET /app/comet/poll?lastMessageId=" + lastMessageId,
                "Authorization: Bearer " + client.privateToken());
    }

    /** Runs them at the same time, and fails if one of them does or takes longer. */
    static void runAll(List<? extends Callable<Void>> peers, int seconds) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(peers.size());
        try {
            List<Future<Void>> running = new ArrayList<>();
            peers.forEach(peer -> running.add(threads.submit(peer)));
            for (Future<Void> peer : running) {
                peer.get(seconds, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    void stop() throws Exception {
        comet.close();
        container.stop();
    }

    /** A response. */
    record Answer(HttpResponse<byte[]> response) {

        int status() {
            return response.statusCode();
        }

        String text() {
            return new String(response.body(), java.nio.charset.StandardCharsets.UTF_8);
        }

        JsonNode json() {
            return JSON.readTree(response.body());
        }

        /** Of the first message. */
        String name() {
            return json().path(0).path("name").asString();
        }

        /** Of the first message. */
        JsonNode contents() {
            return json().path(0).path("contents");
        }

        String code() {
            return contents().path("code").asString();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }
    }
}
