package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.testkit.internal.RecordedStream;
import dev.comet.testkit.internal.RecordingEventHandler.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What happens to a stream while its opener has not begun it yet. */
@Timeout(60)
class StreamOpeningTest {

    /** How another thread ends it. */
    private enum Ending {
        STREAM(Outcome.SUPERSEDED, (server, ada) -> server.stream(ada, 0)),
        POLL(Outcome.SUPERSEDED, (server, ada) -> server.fetch(ada, 0)),
        DISCONNECT(Outcome.CLIENT_ENDED, (server, ada) -> server.manager.disconnect(ada)),
        CLOSE(Outcome.ERROR, (server, ada) -> server.manager.close());

        private final Outcome outcome;

        @SuppressWarnings("ImmutableEnumChecker") // lambdas that capture nothing
        private final BiConsumer<Server, CometClient> action;

        Ending(Outcome outcome, BiConsumer<Server, CometClient> action) {
            this.outcome = outcome;
            this.action = action;
        }
    }

    /** Has another thread do something once the stream is its client's newest. */
    private static final class InterruptedProvider extends DelegatingProvider {

        private final AtomicReference<Runnable> meanwhile = new AtomicReference<>();

        @Override
        public boolean keepAlive(CometClient client, long nanos) {
            Runnable action = meanwhile.getAndSet(null);
            if (action != null) {
                CompletableFuture.runAsync(action).join();
            }
            return super.keepAlive(client, nanos);
        }
    }

    /** Which threads called it, and how it ended. */
    private static final class ThreadsOfASink implements CometStreamSink {

        private final List<Thread> threads = new ArrayList<>(); // guarded by this
        private final AtomicReference<CometAnswer> end = new AtomicReference<>();
        private final Consumer<CometStream> whenOpened;

        ThreadsOfASink(Consumer<CometStream> whenOpened) {
            this.whenOpened = whenOpened;
        }

        private synchronized void called() {
            threads.add(Thread.currentThread());
        }

        @Override
        public void opened(CometStream stream) {
            called();
            whenOpened.accept(stream);
        }

        @Override
        public boolean messages(CometBatch batch) {
            called();
            return true;
        }

        @Override
        public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
            called();
            return true;
        }

        @Override
        public void ended(CometAnswer why) {
            called();
            assertThat(end.compareAndSet(null, why)).as("the only end").isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Ending.class)
    @DisplayName("W15: an end that another thread brings first is told on the opener's thread")
    void openStream_endsBeforeItHasBegun_isToldOnTheOpenersThread(Ending ending) {
        InterruptedProvider store = new InterruptedProvider();
        try (Server server = Server.start(store, 2, options -> options)) {
            CometClient ada = server.client("ada");
            ThreadsOfASink sink = new ThreadsOfASink(stream -> {});
            store.meanwhile.set(() -> ending.action.accept(server, ada));

            server.manager.endpoint().openStream(ada.privateToken(), 0, sink, 0);

            assertThat(sink.end.get()).isNotNull();
            assertThat(sink.end.get().outcome()).isEqualTo(ending.outcome);
            assertThat(sink.threads).containsOnly(Thread.currentThread());
            assertThat(sink.threads).as("opened and ended").hasSize(2);
        }
    }

    @Test
    @DisplayName("W13: a peer that is gone before the stream has begun leaves no trace")
    void openStream_peerGoesAtOnce_idleTimeBegins() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 25, 60);
            ThreadsOfASink sink = new ThreadsOfASink(CometStream::close);

            server.manager.endpoint().openStream(ada.privateToken(), 0, sink, 0);

            assertThat(sink.end.get().outcome()).isEqualTo(Outcome.ABANDONED);
            assertThat(server.manager.statistics().held().streams()).isZero();
            assertThat(server.manager.statistics().held().abandoned()).isEqualTo(1);
            server.pass(Duration.ofSeconds(59));
            assertThat(server.events.count(Kind.IDLE_CLIENT_KILLED, ada)).isZero();
            server.pass(Duration.ofSeconds(2));
            assertThat(server.events.count(Kind.IDLE_CLIENT_KILLED, ada)).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W15: a transport that cannot hold the request opens nothing and ends nothing")
    void openStream_sinkRefuses_nothingHasHappened() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            RecordedStream older = server.stream(ada, 0);
            IllegalStateException refusal = new IllegalStateException("cannot, as the test wants");
            ThreadsOfASink sink =
                    new ThreadsOfASink(
                            stream -> {
                                throw refusal;
                            });

            assertThatThrownBy(
                            () ->
                                    server.manager
                                            .endpoint()
                                            .openStream(ada.privateToken(), 0, sink, 0))
                    .isSameAs(refusal);

            assertThat(sink.end.get()).isNull();
            assertThat(older.isEnded()).isFalse();
            assertThat(server.manager.statistics().held().streams()).isEqualTo(1);
        }
    }
}
