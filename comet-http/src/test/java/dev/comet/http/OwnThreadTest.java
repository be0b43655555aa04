package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An exchange is used by its own thread until it is held: whoever ends a request meanwhile. The
 * {@link Protocol} fails each of these tests if not.
 */
class OwnThreadTest {

    private enum Ending {
        STREAM((protocol, ada) -> protocol.handle(get(ada, "/stream"))),
        POLL((protocol, ada) -> protocol.handle(get(ada, "/poll?hold=0"))),
        DISCONNECT((protocol, ada) -> protocol.comet.disconnect(ada));

        @SuppressWarnings("ImmutableEnumChecker") // lambdas that capture nothing
        private final BiConsumer<Protocol, CometClient> action;

        Ending(BiConsumer<Protocol, CometClient> action) {
            this.action = action;
        }
    }

    private static FakeExchange get(CometClient client, String target) {
        return FakeExchange.get(target).bearer(client.privateToken());
    }

    @ParameterizedTest
    @CsvSource({
        "/stream, STREAM, comet.superseded",
        "/stream, POLL, comet.superseded",
        "/stream, DISCONNECT, comet.closed",
        "/poll, STREAM, comet.superseded",
        "/poll, POLL, comet.superseded",
        "/poll, DISCONNECT, comet.closed"
    })
    @DisplayName("W15 a request that another thread ends at once is answered by its own")
    void request_endsBeforeItHasBegun_isAnsweredByItsOwnThread(
            String target, Ending ending, String answer) {
        AtomicReference<Runnable> meanwhile = new AtomicReference<>();
        CometClientEventHandler between =
                new CometClientEventHandler() {
                    @Override
                    public void clientSubscribed(CometClient client) {
                        Runnable action = meanwhile.getAndSet(null);
                        if (action != null) {
                            CompletableFuture.runAsync(action).join();
                        }
                    }
                };
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            protocol.comet.addEventHandler(between);
            meanwhile.set(() -> ending.action.accept(protocol, ada));

            FakeExchange exchange = protocol.handle(get(ada, target));

            String text = exchange.isStreaming() ? exchange.output().text() : exchange.text();
            assertThat(text).contains("\"name\":\"" + answer + "\"");
            assertThat(text.split("\"name\"", -1)).as(text).hasSize(2);
            if (exchange.isStreaming()) {
                assertThat(exchange.output().end()).isEqualTo("ended");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/stream", "/poll"})
    @DisplayName("W15 a request that cannot be held is answered at once, and leaves nothing behind")
    void request_cannotBeHeld_isAnsweredByItsOwnThread(String target) {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeExchange exchange =
                    get(ada, target)
                            .beforeHold(
                                    () -> {
                                        throw new IllegalStateException("as the test wants");
                                    });

            protocol.handle(exchange).isError(500, "handler-failed");

            assertThat(exchange.isStreaming()).isFalse();
            assertThat(protocol.comet.statistics().held().streams()).isZero();
            assertThat(protocol.comet.statistics().held().polls()).isZero();
        }
    }

    @Test
    @DisplayName("W1 W16 a stream whose answer cannot be begun is answered")
    void stream_answerCannotBeBegun_isAnswered() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            FakeExchange exchange =
                    get(ada, "/stream")
                            .beforeStream(
                                    () -> {
                                        throw new OutOfMemoryError("as the test wants");
                                    });

            protocol.handle(exchange).isError(500, "handler-failed");

            assertThat(protocol.comet.statistics().held().streams()).isZero();
        }
    }

    @Test
    @DisplayName("W13 a peer that goes before its stream has begun is not answered")
    void stream_peerGoesBeforeItHasBegun_isReleased() {
        try (Protocol protocol = new Protocol()) {
            CometClient ada = protocol.client("ada");
            AtomicReference<FakeExchange> opening = new AtomicReference<>();
            protocol.comet.addEventHandler(
                    new CometClientEventHandler() {
                        @Override
                        public void clientSubscribed(CometClient client) {
                            CompletableFuture.runAsync(opening.get()::peerGoes).join();
                        }
                    });
            opening.set(get(ada, "/stream"));

            FakeExchange exchange = protocol.handle(opening.get());

            assertThat(exchange.isAnswered()).isFalse();
            assertThat(exchange.isStreaming()).isFalse();
            assertThat(protocol.comet.statistics().held().streams()).isZero();
            assertThat(protocol.comet.statistics().held().abandoned()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W15 what a hook kept of a request tells it nothing of another one")
    void connectRequest_usedLater_isRefused() {
        AtomicReference<ConnectRequest> kept = new AtomicReference<>();
        FakeExchange connect = FakeExchange.post("/connect").json("{}");
        Protocol protocol =
                new Protocol(
                        (comet, app) ->
                                app.onConnect(
                                        request -> {
                                            kept.set(request);
                                            return CometClient.builder().build();
                                        }));
        assertThat(protocol.handle(connect).status()).isEqualTo(200);

        assertThatThrownBy(() -> kept.get().header("Cookie")).isInstanceOf(AssertionError.class);

        assertThatThrownBy(protocol::close).hasMessageContaining("read after it has been handled");
    }

    @Test
    @DisplayName(
            "the exchange of these tests finds every call that breaks the rule, and who made it")
    void exchange_usedAgainstTheRule_failsTheTest() {
        CometResponse answer = CometResponse.empty(204);
        List<Consumer<CometExchange>> calls =
                List.of(
                        exchange -> exchange.respond(answer),
                        exchange -> exchange.stream(answer, () -> {}),
                        exchange -> exchange.hold(() -> {}));
        for (Consumer<CometExchange> call : calls) {
            AtomicReference<AssertionError> broken = new AtomicReference<>();
            FakeExchange exchange = FakeExchange.get("/poll").handling(broken::set);
            CompletableFuture<Void> elsewhere =
                    CompletableFuture.runAsync(() -> call.accept(exchange));
            assertThatThrownBy(elsewhere::join).hasCauseInstanceOf(AssertionError.class);
            assertThat(broken.getAndSet(null)).hasMessageContaining("GET /poll");

            exchange.handled();
            assertThatThrownBy(() -> call.accept(exchange)).isInstanceOf(AssertionError.class);
            assertThat(broken.get()).isNotNull();
            assertThat(exchange.isAnswered()).isFalse();
        }
    }
}
