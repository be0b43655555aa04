package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometListener;
import dev.comet.client.CometMessage;
import dev.comet.client.CometOptions;
import dev.comet.client.CometSession;
import dev.comet.client.CometState;
import dev.comet.client.CometTransport;
import dev.comet.client.http.CometHttp;
import dev.comet.client.http.JdkHttp;
import dev.comet.servlet.ChaosProxy.Fault;
import dev.comet.testkit.internal.HistoryChecker;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** The Java client and a server, in the same way for every container. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JavaClientContract {

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private ServletRig rig;
    private int names;

    abstract Container container() throws Exception;

    CometHttp http() {
        return JdkHttp.shared();
    }

    private CometOptions.Builder options() {
        return CometOptions.builder().http(http());
    }

    @BeforeAll
    void start() throws Exception {
        rig =
                new ServletRig(
                        container(),
                        options -> options.heartbeat(Duration.ofSeconds(1)),
                        (comet, app) ->
                                app.onConnect(
                                                request ->
                                                        CometClient.builder()
                                                                .displayName(
                                                                        request.text("name", "?"))
                                                                .build())
                                        .onRequest("echo", (client, message) -> message.contents())
                                        .on("ignore", (client, message) -> {})
                                        .onRequestLater(
                                                "ask",
                                                (client, message) ->
                                                        comet.request(
                                                                message.contents()
                                                                        .path("whom")
                                                                        .asString(),
                                                                "question",
                                                                message.contents(),
                                                                Duration.ofMillis(
                                                                        message.contents()
                                                                                .path("millis")
                                                                                .asInt(20_000)),
                                                                String.valueOf(
                                                                        message.correlationId()))));
    }

    @AfterAll
    void stop() throws Exception {
        rig.stop();
    }

    private URI url() {
        return url(rig.container.port());
    }

    private static URI url(int port) {
        return URI.create("http://127.0.0.1:" + port + "/app/comet");
    }

    private CometClient newClient(int holdSeconds) {
        return rig.client("java-" + names++, holdSeconds, 60);
    }

    private CometSession session(CometClient client) {
        return new CometSession(
                client.publicToken(),
                client.privateToken(),
                client.displayName(),
                client.connectionTimeoutSeconds(),
                rig.comet.confirmedMessageId(client));
    }

    private CometOptions.Builder by(CometTransport transport) {
        return options().transport(transport);
    }

    /** What a program sees of a client. */
    private static final class Seen implements CometListener {
        final List<Long> ids = new CopyOnWriteArrayList<>();
        final List<CometState> states = new CopyOnWriteArrayList<>();
        final List<String> events = new CopyOnWriteArrayList<>();

        Seen(Comet comet) {
            comet.listen(this);
            comet.on(Comet.ALL, message -> ids.add(message.id()));
        }

        @Override
        public void stateChanged(CometState from, CometState to) {
            states.add(to);
        }

        @Override
        public void failed(CometClientException error, int attempt, long retryInMillis) {
            events.add("failed " + error.code());
        }

        @Override
        public void sessionLost(String previous, String current) {
            events.add("lost");
        }

        @Override
        public void superseded() {
            events.add("superseded");
        }
    }

    private List<Long> send(CometClient to, int count) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(rig.comet.sendMessage(to.publicToken(), "n", i));
        }
        return ids;
    }

    @ParameterizedTest
    @EnumSource(CometTransport.class)
    @DisplayName("L1, L5 messages before and after come once, in order; the state says so")
    void adopt_messages_arriveInOrder(CometTransport transport) {
        CometClient client = newClient(20);
        List<Long> sent = send(client, 3);
        CometOptions options = by(transport).subscribe(false).build();
        try (Comet comet = Comet.adopt(url(), session(client), options)) {
            Seen seen = new Seen(comet);
            assertThat(comet.state()).isEqualTo(CometState.PAUSED);
            comet.subscribe();
            await().until(() -> seen.ids.size() == 3);
            await().until(() -> comet.state() == CometState.CONNECTED);
            for (int i = 0; i < 50; i++) {
                sent.addAll(send(client, 2));
            }
            await().until(() -> seen.ids.size() == sent.size());
            assertThat(seen.ids).isEqualTo(sent);
            assertThat(seen.states).containsExactly(CometState.CONNECTING, CometState.CONNECTED);
            assertThat(seen.events).isEmpty();
            assertThat(comet.transport())
                    .isEqualTo(
                            transport == CometTransport.POLL
                                    ? CometTransport.POLL
                                    : CometTransport.STREAM);
            assertThat(comet.session().lastMessageId()).isEqualTo(sent.get(sent.size() - 1));
        }
    }

    @Test
    @DisplayName("L1 connect gives a session; send gives the handler's reply, or none")
    void connect_thenSend_givesReplies() throws Exception {
        CompletionStage<Comet> connecting =
                Comet.connect(url(), Map.of("name", "Ada"), options().build());
        try (Comet comet = connecting.toCompletableFuture().get(10, TimeUnit.SECONDS)) {
            assertThat(comet.displayName()).isEqualTo("Ada");
            assertThat(comet.toString()).doesNotContain(comet.session().privateToken());
            assertThat(get(comet.send("echo", Map.of("a", 1))).path("a").intValue()).isEqualTo(1);
            assertThat(get(comet.send("ignore", 1))).isNull();
            assertThat(get(comet.request("echo", List.of(1, 2))).size()).isEqualTo(2);
            assertThat(get(comet.request("ignore", 1)).isNull()).isTrue();
            JsonNode replies =
                    get(
                            comet.send(
                                    List.of(
                                            new Comet.OutgoingMessage("echo", 7),
                                            new Comet.OutgoingMessage("ignore", 8))));
            assertThat(replies.get(0).intValue()).isEqualTo(7);
            assertThat(code(comet.send("nobody", 1))).isEqualTo("no-such-handler");
            assertThat(code(comet.request("nobody", 1))).isEqualTo("no-such-handler");

            assertThat(comet.disconnect().toCompletableFuture().get(10, TimeUnit.SECONDS)).isTrue();
            assertThat(rig.comet.findClientByPublicToken(comet.publicToken())).isEmpty();
            assertThat(comet.state()).isEqualTo(CometState.CLOSED);
            assertThat(code(comet.send("echo", 1))).isEqualTo("closed");
        }
    }

    private static JsonNode get(CompletionStage<JsonNode> stage) throws Exception {
        return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static String code(CompletionStage<JsonNode> stage) {
        try {
            stage.toCompletableFuture().join();
        } catch (CompletionException e) {
            return ((CometClientException) e.getCause()).code();
        }
        throw new AssertionError("expected a failure, there was none");
    }

    @Test
    @DisplayName("M10 the server asks, the client replies or refuses, once")
    void request_ofTheServer_isRepliedTo() throws Exception {
        CometClient client = newClient(20);
        try (Comet comet = Comet.adopt(url(), session(client), options().build())) {
            comet.on("double", m -> m.reply(m.contents().intValue() * 2));
            comet.on("never", m -> m.refuse("not today"));
            CompletionStage<CometReply> reply =
                    rig.comet.request(client.publicToken(), "double", 21, TIMEOUT);
            assertThat(reply.toCompletableFuture().get(20, TimeUnit.SECONDS).contents())
                    .isEqualTo(42);
            CompletableFuture<CometException.Reason> why = new CompletableFuture<>();
            rig.comet
                    .request(client.publicToken(), "never", 1, TIMEOUT)
                    .whenComplete((r, e) -> why.complete(((CometException) e).reason()));
            assertThat(why.get(20, TimeUnit.SECONDS)).isEqualTo(CometException.Reason.REFUSED);
        }
    }

    @Test
    @DisplayName("M10 client, server, client and back: reply, timeout, refusal, nobody there")
    void request_toAnotherClient_endsInItsOwnWay() throws Exception {
        CometClient answering = newClient(20);
        CometClient asking = newClient(20);
        try (Comet gateway = Comet.adopt(url(), session(answering), options().build());
                Comet phone = Comet.adopt(url(), session(asking), options().build())) {
            gateway.on("question", JavaClientContract::answer);
            String whom = answering.publicToken();
            assertThat(get(phone.request("ask", Map.of("whom", whom, "n", 1))).path("n").intValue())
                    .isEqualTo(1);
            assertThat(code(phone.request("ask", Map.of("whom", whom, "n", 2))))
                    .isEqualTo("refused");
            assertThat(code(phone.request("ask", Map.of("whom", whom, "n", 3, "millis", 200))))
                    .isEqualTo("timed-out");
            assertThat(code(phone.request("ask", Map.of("whom", "nobody"))))
                    .isEqualTo("client-does-not-exist");
            assertThat(phone.state()).isEqualTo(CometState.CONNECTED);
        }
    }

    @Test
    @DisplayName("M10 a handler may wait for a reply that comes as a message")
    void request_withinAHandler_isRepliedTo() throws Exception {
        CometClient answering = newClient(20);
        CometClient asking = newClient(20);
        try (Comet gateway = Comet.adopt(url(), session(answering), options().build());
                Comet phone =
                        Comet.adopt(url(), session(asking), options().subscribe(false).build())) {
            gateway.on("question", JavaClientContract::answer);
            Object question = Map.of("whom", answering.publicToken(), "n", 1);
            CompletableFuture<Integer> replied = new CompletableFuture<>();
            phone.on(
                    "go",
                    message ->
                            replied.complete(
                                    phone.request("ask", question)
                                            .toCompletableFuture()
                                            .join()
                                            .path("n")
                                            .intValue()));
            phone.subscribe();
            rig.comet.sendMessage(asking.publicToken(), "go", 1);
            assertThat(replied.get(20, TimeUnit.SECONDS)).isEqualTo(1);
        }
    }

    private static void answer(CometMessage question) {
        switch (question.contents().path("n").asInt()) {
            case 1 -> question.reply(question.contents());
            case 2 -> question.refuse("no");
            default -> {
                // says nothing
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = CometTransport.class,
            names = {"STREAM", "POLL"})
    @DisplayName("L4 unsubscribe breaks off at once; a later subscribe goes on from the cursor")
    void unsubscribe_subscribe_goesOn(CometTransport transport) throws Exception {
        CometClient client = newClient(20);
        try (ChaosProxy proxy = new ChaosProxy(rig.container.port(), 1);
                Comet comet =
                        Comet.adopt(url(proxy.port()), session(client), by(transport).build())) {
            Seen seen = new Seen(comet);
            await().until(() -> comet.state() == CometState.CONNECTED);
            List<Long> sent = send(client, 1);
            await().until(() -> seen.ids.size() == 1);
            assertThat(proxy.connections()).isEqualTo(1);
            comet.unsubscribe();
            await().until(() -> proxy.connections() == 0);
            assertThat(comet.state()).isEqualTo(CometState.PAUSED);
            sent.addAll(send(client, 3));
            comet.subscribe();
            await().until(() -> seen.ids.size() == 4);
            assertThat(seen.ids).isEqualTo(sent);
            comet.disconnect();
            await().until(() -> proxy.connections() <= 1); // what carried the disconnect is kept
        }
    }

    @Test
    @DisplayName("L3 a lost session is told, and replaced by the application's own")
    void sessionLost_reconnect_goesOn() {
        CometClient first = newClient(20);
        CometClient second = newClient(20);
        CometOptions options =
                options()
                        .reconnect(() -> CompletableFuture.completedFuture(session(second)))
                        .build();
        try (Comet comet = Comet.adopt(url(), session(first), options)) {
            Seen seen = new Seen(comet);
            await().until(() -> comet.state() == CometState.CONNECTED);
            comet.unsubscribe();
            rig.comet.disconnect(first);
            comet.subscribe();
            await().until(() -> comet.publicToken().equals(second.publicToken()));
            List<Long> sent = send(second, 2);
            await().until(() -> seen.ids.size() == 2);
            assertThat(seen.ids).isEqualTo(sent);
            assertThat(seen.events).containsExactly("lost");
        }
    }

    @Test
    @DisplayName("L3 whoever comes later takes over, and the earlier one knows it and stops")
    void adopt_sameSessionTwice_theLaterWins() {
        CometClient client = newClient(20);
        try (Comet first = Comet.adopt(url(), session(client), options().build())) {
            Seen seen = new Seen(first);
            await().until(() -> first.state() == CometState.CONNECTED);
            try (Comet second = Comet.adopt(url(), session(client), options().build())) {
                await().until(() -> first.state() == CometState.SUPERSEDED);
                await().until(() -> second.state() == CometState.CONNECTED);
                await().until(() -> seen.events.contains("superseded"));
            }
        }
    }

    @Test
    @DisplayName("L1 a subscriber gets what it asks for; a slow one does not slow the client down")
    void messages_subscriber_getsWhatItAsksFor() {
        CometClient client = newClient(20);
        try (Comet comet = Comet.adopt(url(), session(client), options().build())) {
            List<Long> got = new CopyOnWriteArrayList<>();
            CountDownLatch done = new CountDownLatch(1);
            Flow.Subscription[] subscription = new Flow.Subscription[1];
            comet.messages()
                    .subscribe(
                            new Flow.Subscriber<>() {
                                @Override
                                public void onSubscribe(Flow.Subscription s) {
                                    subscription[0] = s;
                                    s.request(2);
                                }

                                @Override
                                public void onNext(CometMessage message) {
                                    got.add(message.id());
                                }

                                @Override
                                public void onError(Throwable failure) {}

                                @Override
                                public void onComplete() {
                                    done.countDown();
                                }
                            });
            Seen seen = new Seen(comet);
            List<Long> sent = send(client, 10);
            await().until(() -> seen.ids.size() == 10);
            await().until(() -> got.size() == 2);
            subscription[0].request(Long.MAX_VALUE);
            await().until(() -> got.size() == 10);
            assertThat(got).isEqualTo(sent);
            comet.disconnect();
            await().until(() -> done.getCount() == 0);
        }
    }

    @Test
    @DisplayName("L6 a proxy that keeps streams back: polls instead, and nothing is lost")
    void stream_keptBack_polls() throws Exception {
        CometClient client = newClient(20);
        try (ChaosProxy proxy = new ChaosProxy(rig.container.port(), 3)) {
            proxy.misbehave(Fault.BUFFERS);
            try (Comet comet = Comet.adopt(url(proxy.port()), session(client), options().build())) {
                Seen seen = new Seen(comet);
                List<Long> sent = send(client, 5);
                await().atMost(Duration.ofSeconds(20)).until(() -> seen.ids.size() == 5);
                assertThat(comet.transport()).isEqualTo(CometTransport.POLL);
                sent.addAll(send(client, 5));
                await().until(() -> seen.ids.size() == 10);
                assertThat(seen.ids).isEqualTo(sent);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"CUTS", "RESETS", "DELAYS", "BAD_GATEWAY", "RANDOM"})
    @DisplayName("L2, L3 whatever the network does: each message once, in order")
    void messages_badNetwork_arriveOnceInOrder(Fault fault) throws Exception {
        badNetwork(fault, 200, 10);
    }

    @Test
    @DisplayName(
            "L2, L3 connections cut every second or so during 10,000 messages: each once, in order")
    void messages_cutDuringTenThousand_arriveOnceInOrder() throws Exception {
        badNetwork(Fault.CUTS, 10_000, 1);
    }

    private void badNetwork(Fault fault, int messages, int pauseMillis) throws Exception {
        CometClient client = newClient(20);
        String name = client.publicToken();
        HistoryChecker history = new HistoryChecker();
        history.born(name, session(client).lastMessageId());
        try (ChaosProxy proxy = new ChaosProxy(rig.container.port(), 11)) {
            proxy.misbehave(fault);
            CometOptions options = options().subscribe(false).build();
            try (Comet comet = Comet.adopt(url(proxy.port()), session(client), options)) {
                comet.on(Comet.ALL, message -> history.received(name, message.id()));
                comet.listen(
                        new CometListener() {
                            @Override
                            public void gap(long from, long to, String reason) {
                                history.gap(name, from, to);
                            }
                        });
                comet.subscribe();
                long last = 0;
                for (int i = 0; i < messages; i++) {
                    last = rig.comet.sendMessage(name, "n", i);
                    history.accepted(last, Audience.one(name));
                    pause(pauseMillis);
                }
                proxy.misbehave(Fault.NONE);
                long end = last;
                await().atMost(Duration.ofSeconds(40)).until(() -> comet.lastMessageId() >= end);
            }
        }
        assertThat(history.check().faults()).isEmpty();
        assertThat(history.check().received()).isEqualTo(messages);
    }

    /** Between messages, so that there is a time for the network to go wrong in. */
    private static void pause(int millis) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }
}
