package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What becomes of requests whose hook replies later, whatever its stage does. */
class LaterReplyTest {

    private static final int OF_CLIENT = 100;

    private final Deque<CompletableFuture<Object>> stages = new ArrayDeque<>();
    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.onRequest("echo", (client, m) -> m.contents())
                                    .onRequest("lambda", (client, m) -> (Runnable) () -> {})
                                    .onRequestLater("later", (client, m) -> newStage())
                                    .onRequestLater("nothing", (client, m) -> nothing())
                                    .onRequestLater("twice", (client, m) -> new Twice())
                                    .onRequestLater("deaf", (client, m) -> new Deaf()));
    private final CometClient ada = client("ada");
    private LogCapture log;

    /** What a promise of another library may do. */
    private static final class Twice extends CompletableFuture<Object> {
        @Override
        public CompletableFuture<Object> whenComplete(
                BiConsumer<? super Object, ? super Throwable> action) {
            action.accept("first", null);
            action.accept("second", null);
            return this;
        }
    }

    private static final class Deaf extends CompletableFuture<Object> {
        @Override
        public CompletableFuture<Object> whenComplete(
                BiConsumer<? super Object, ? super Throwable> action) {
            throw new UnsupportedOperationException("as the test wants");
        }
    }

    private CompletionStage<Object> newStage() {
        CompletableFuture<Object> stage = new CompletableFuture<>();
        stages.add(stage);
        return stage;
    }

    @SuppressWarnings("NullAway") // what an application does without it
    private static CompletionStage<Object> nothing() {
        return null;
    }

    /** Stays for longer than a place is kept. */
    private CometClient client(String name) {
        return protocol.comet.initializeClient(
                CometClient.builder().publicToken(name).connectionIdleSeconds(3_600).build());
    }

    @BeforeEach
    void capture() {
        log = new LogCapture(CometHttpHandler.class);
    }

    @AfterEach
    void close() {
        log.close();
        protocol.close();
    }

    private FakeExchange request(CometClient client, String name, String correlationId) {
        return request(client, name, correlationId, "192.0.2.1");
    }

    private FakeExchange request(
            CometClient client, String name, String correlationId, String address) {
        return request(protocol, client, name, correlationId, address);
    }

    private static FakeExchange request(
            Protocol protocol,
            CometClient client,
            String name,
            String correlationId,
            String address) {
        return protocol.handle(
                FakeExchange.post("/send")
                        .bearer(client.privateToken())
                        .from(address)
                        .json(
                                "{\"name\":\"%s\",\"correlationId\":\"%s\",\"contents\":1}"
                                        .formatted(name, correlationId)));
    }

    private void takeAllPlacesOf(CometClient client) {
        for (int i = 0; i < OF_CLIENT; i++) {
            assertThat(request(client, "later", "c-" + i).status()).isEqualTo(202);
        }
        protocol.pass(Duration.ofSeconds(2)); // so that it is not the rate that refuses
    }

    private String polled(CometClient client) {
        return protocol.poll(client, "?hold=0").text();
    }

    private long failures() {
        return protocol.handler.statistics().hooks().failures();
    }

    @Test
    @DisplayName("H19 however much others of an address ask, who asks one thing at a time goes on")
    void request_manyClientsOfOneAddress_leaveOneToEachOther() {
        List<CometClient> hogs = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            hogs.add(client("hog-" + i));
        }
        int taken = 0;
        for (int i = 0; i < 10; i++) {
            for (CometClient hog : hogs) {
                taken += request(hog, "later", "c-" + i).status() == 202 ? 1 : 0;
            }
            protocol.pass(Duration.ofSeconds(1)); // so that it is not the rate that refuses
        }
        assertThat(taken).isLessThan(1_000);
        request(hogs.get(0), "later", "d").isError(429, "too-many-requests");

        for (int i = 0; i < 300; i++) {
            CometClient user = client("user-" + i);
            assertThat(request(user, "later", "c-1").status()).isEqualTo(202);
            if (i < 100) { // the answer takes a little
                assertThat(request(user, "later", "c-2").status()).isEqualTo(202);
            }
        }
        assertThat(request(ada, "echo", "d").status()).isEqualTo(200);
        assertThat(request(ada, "later", "c", "192.0.2.2").status()).isEqualTo(202);
    }

    @Test
    @DisplayName("H19 all of an address together have a bound, even of one place each")
    void request_endlessClientsOfOneAddress_haveABoundTogether() {
        int taken = 0;
        for (int i = 0; i < 2_100; i++) {
            CometClient next = client("next-" + i);
            taken += request(next, "later", "c").status() == 202 ? 1 : 0;
            protocol.comet.disconnect(next); // who comes again has no more by that
        }
        assertThat(taken).isEqualTo(2_000);
        assertThat(protocol.handler.statistics().limits())
                .containsEntry("pendingRepliesPerAddress", 100L);
        assertThat(request(ada, "later", "c", "192.0.2.2").status()).isEqualTo(202);
    }

    @Test
    @DisplayName("H19 how many may wait, and how long, can be set")
    void request_boundsAreSet_theyCount() {
        Protocol small =
                new Protocol(
                        (comet, app) ->
                                app.pendingReplies(2, 6, Duration.ofSeconds(10))
                                        .onRequestLater("later", (client, m) -> newStage()));
        try (small) {
            CometClient bob =
                    small.comet.initializeClient(CometClient.builder().publicToken("bob").build());
            assertThat(request(small, bob, "later", "c-1", "192.0.2.1").status()).isEqualTo(202);
            assertThat(request(small, bob, "later", "c-2", "192.0.2.1").status()).isEqualTo(202);
            request(small, bob, "later", "c-3", "192.0.2.1").isError(429, "too-many-requests");
            small.pass(Duration.ofSeconds(10));
            assertThat(request(small, bob, "later", "c-4", "192.0.2.1").status()).isEqualTo(202);
        }
    }

    @Test
    @DisplayName("H19 what is replied to at once takes no place")
    void request_allPlacesAreTaken_hooksThatReplyAtOnceGoOn() {
        takeAllPlacesOf(ada);

        assertThat(request(ada, "echo", "c").status()).isEqualTo(200);
        request(ada, "later", "c").isError(429, "too-many-requests");
    }

    @Test
    @DisplayName("H19 a hook that never replies blocks nobody for ever; what it says later is lost")
    void request_neverReplied_thePlaceIsGivenBack() {
        takeAllPlacesOf(ada);
        protocol.pass(Duration.ofMinutes(5));

        assertThat(request(ada, "later", "c").status()).isEqualTo(202);
        assertThat(failures()).isEqualTo(OF_CLIENT);
        assertThat(log.lines()).as(log.text()).hasSize(1);
        assertThat(log.text()).contains("later");

        stages.remove().complete("much too late");
        stages.removeLast().complete("in time");
        assertThat(polled(ada))
                .contains("in time")
                .doesNotContain("too late")
                .contains(
                        "\"comet.refused\",\"correlationId\":\"c-0\",\"contents\":{\"code\":\"timed-out\"");
        assertThat(failures()).isEqualTo(OF_CLIENT);
    }

    @Test
    @DisplayName("H19 a reply that comes too late is dropped, whether its place was wanted or not")
    void request_repliedTooLate_isDroppedAndCounted() {
        request(ada, "later", "c");
        protocol.pass(Duration.ofMinutes(6));
        stages.remove().complete("much too late");

        assertThat(polled(ada)).doesNotContain("comet.reply").contains("timed-out");
        assertThat(failures()).isEqualTo(1);
    }

    @Test
    @DisplayName("M10: a hook without a stage has failed")
    void request_noStage_isAFailure() {
        request(ada, "nothing", "c").isError(500, "handler-failed");

        assertThat(failures()).isEqualTo(1);
        assertThat(log.causes()).contains("CompletionStage");
    }

    @Test
    @DisplayName("M10: a request has one reply, however often its stage completes")
    void request_stageCompletesTwice_isRepliedToOnce() {
        assertThat(request(ada, "twice", "c").status()).isEqualTo(202);

        assertThat(polled(ada)).contains("first").doesNotContain("second");
    }

    @Test
    @DisplayName("M10: a stage that takes no callback is a failure of its hook, and takes no place")
    void request_stageCannotBeWaitedFor_isAFailure() {
        for (int i = 0; i < OF_CLIENT + 1; i++) {
            request(ada, "deaf", "c-" + i).isError(500, "handler-failed");
            protocol.advance(Duration.ofMillis(20));
        }
        assertThat(failures()).isEqualTo(OF_CLIENT + 1);
        assertThat(log.text()).contains("hook for deaf");
    }

    @Test
    @DisplayName("O3: a hook that fails later, or whose reply cannot be sent, is counted once")
    void statistics_hooksThatFailLate_areCountedOnce() {
        request(ada, "later", "c-1");
        stages.remove().completeExceptionally(new IllegalStateException("as the test wants"));
        assertThat(failures()).isEqualTo(1);
        request(ada, "later", "c-2");
        stages.remove().complete((Runnable) () -> {});
        assertThat(failures()).isEqualTo(2);
        request(ada, "lambda", "c-3").isError(500, "handler-failed");
        assertThat(failures()).isEqualTo(3);
        request(ada, "later", "c-4");
        stages.remove()
                .completeExceptionally(
                        new CometException(CometException.Reason.REFUSED, "as it pleases"));
        assertThat(failures()).isEqualTo(3);

        assertThat(protocol.handler.statistics().refusals())
                .containsEntry("500 handler-failed", 3L)
                .containsEntry("403 refused", 1L);
    }
}
