package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometAsyncResult;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometStateManager;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a manager ends, or sends its clients away (row W12). */
@Timeout(60)
class ClosingTest {

    @AfterEach
    void noThreadIsLeft() {
        await().untilAsserted(() -> assertThat(cometThreads()).isEmpty());
    }

    private static List<String> cometThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("comet-"))
                .toList();
    }

    @Test
    @DisplayName("W12: close answers every held request and ends every thread before it returns")
    void close_manyHeld_answersAllAndLeavesNoThread() {
        CometStateManager manager =
                CometStateManager.builder(new InProcCometStateProvider())
                        .waitThreads(5)
                        .eventHandler(new CometClientEventHandler() {})
                        .build();
        List<CometAsyncResult> held = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            CometClient client = manager.initializeClient(CometClient.builder().build());
            held.add(manager.endpoint().beginSubscribe(client.privateToken(), 0, null, 0));
        }
        assertThat(cometThreads()).contains("comet-wait-1", "comet-wait-5", "comet-events");
        manager.close();
        assertThat(cometThreads()).isEmpty();
        assertThat(held)
                .allMatch(CometAsyncResult::isCompleted)
                .allMatch(result -> result.answer().outcome() == Outcome.ERROR)
                .allMatch(result -> result.answer().error().reason() == Reason.CLOSED);
        assertThat(manager.statistics().held().polls()).isZero();
    }

    @Test
    @DisplayName("W12: close on a wait thread is refused, for it would wait for that very thread")
    void close_onAWaitThread_isRefused() throws Exception {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CompletableFuture<Void> closed = new CompletableFuture<>();
            CometAsyncResult poll =
                    server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
            poll.whenCompleted(
                    answer -> {
                        try {
                            server.manager.close();
                            closed.complete(null);
                        } catch (Throwable e) {
                            closed.completeExceptionally(e);
                        }
                    });

            server.pass(Duration.ofSeconds(26));

            assertThat(closed)
                    .failsWithin(Duration.ofSeconds(20))
                    .withThrowableOfType(ExecutionException.class)
                    .withCauseInstanceOf(IllegalStateException.class)
                    .withMessageContaining("wait thread");
            assertThat(server.poll(ada, 0).isAnswered()).isFalse();
        }
    }

    @Test
    @DisplayName("W12: use after close is a clear error, and close again does nothing")
    void everyMethod_afterClose_saysClosed() {
        Server server = Server.start();
        CometClient ada = server.client("ada");
        CometAsyncResult held =
                server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
        server.close();
        server.close();
        CometStateManager closed = server.manager;
        List<Consumer<CometStateManager>> calls =
                List.of(
                        m -> m.initializeClient(ada),
                        m -> m.findClientByPrivateToken(ada.privateToken()),
                        m -> m.findClientByPublicToken("ada"),
                        CometStateManager::clients,
                        m -> m.disconnect(ada),
                        m -> m.confirmedMessageId(ada),
                        m -> m.sendMessage("ada", "n", 1),
                        m -> m.sendMessage(List.of("ada"), "n", 1),
                        m -> m.sendToAll("n", 1),
                        m -> m.sendToAllExcept("ada", "n", 1),
                        m -> m.sendToGroup("g", "n", 1),
                        m -> m.sendToGroupExcept("g", "ada", "n", 1),
                        m -> m.joinGroup("ada", "g"),
                        m -> m.leaveGroup("ada", "g"),
                        m -> m.groupMembers("g"),
                        m -> m.groupHistory("g", 1, 1),
                        m -> m.drain(Duration.ZERO));
        for (Consumer<CometStateManager> call : calls) {
            assertThatExceptionOfType(CometException.class)
                    .isThrownBy(() -> call.accept(closed))
                    .withMessage("this CometStateManager is closed; build a new one")
                    .matches(e -> e.reason() == Reason.CLOSED);
        }
        assertThat(
                        closed.endpoint()
                                .beginSubscribe(ada.privateToken(), 0, null, 0)
                                .answer()
                                .error())
                .matches(e -> e.reason() == Reason.CLOSED);
        assertThat(closed.endpoint().endSubscribe(held).error())
                .matches(e -> e.reason() == Reason.CLOSED);
        assertThat(closed.statistics().held().polls()).isZero();
    }

    @Test
    @DisplayName("W12: polls that race close are all answered")
    void close_racingPolls_answersThemAll() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            CometStateManager manager =
                    CometStateManager.builder(new InProcCometStateProvider())
                            .waitThreads(2)
                            .build();
            List<CometClient> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(manager.initializeClient(CometClient.builder().build()));
            }
            AtomicInteger answered = new AtomicInteger();
            AtomicInteger wrong = new AtomicInteger();
            CountDownLatch begun = new CountDownLatch(5);
            Thread poller =
                    new Thread(
                            () -> {
                                for (CometClient client : clients) {
                                    manager.endpoint()
                                            .beginSubscribe(client.privateToken(), 0, null, 0)
                                            .whenCompleted(
                                                    answer -> {
                                                        answered.incrementAndGet();
                                                        if (answer.outcome() != Outcome.ERROR) {
                                                            wrong.incrementAndGet();
                                                        }
                                                    },
                                                    Runnable::run);
                                    begun.countDown();
                                }
                            });
            poller.start();
            begun.await();
            manager.close();
            poller.join();
            assertThat(answered).hasValue(20);
            assertThat(wrong).hasValue(0);
        }
    }

    @Test
    @DisplayName("W12: several threads may close at the same time")
    void close_byManyAtTheSameTime_closesOnce() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            AtomicInteger closes = new AtomicInteger();
            CometStateManager manager =
                    CometStateManager.builder(
                                    new DelegatingProvider() {
                                        @Override
                                        public void close() {
                                            closes.incrementAndGet();
                                            super.close();
                                        }
                                    })
                            .build();
            List<Thread> closers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                closers.add(new Thread(manager::close));
            }
            closers.forEach(Thread::start);
            for (Thread closer : closers) {
                closer.join();
            }
            assertThat(closes).hasValue(1);
        }
    }

    @Test
    @DisplayName("W12: a handler may close the manager")
    void close_byAHandler_ends() throws InterruptedException {
        AtomicReference<CometStateManager> manager = new AtomicReference<>();
        CountDownLatch closed = new CountDownLatch(1);
        manager.set(
                CometStateManager.builder(new InProcCometStateProvider())
                        .eventHandler(
                                new CometClientEventHandler() {
                                    @Override
                                    public void clientDisconnected(
                                            CometClient client, EndReason reason) {
                                        manager.get().close();
                                        closed.countDown();
                                    }
                                })
                        .build());
        CometClient ada = manager.get().initializeClient(CometClient.builder().build());
        CometClient bob = manager.get().initializeClient(CometClient.builder().build());
        CometAsyncResult held =
                manager.get().endpoint().beginSubscribe(bob.privateToken(), 0, null, 0);
        manager.get().disconnect(ada);
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(held.answer().error()).matches(e -> e.reason() == Reason.CLOSED);
    }

    @Test
    @DisplayName("W12: a provider that serves another manager is refused, and no thread stays")
    void build_providerInUse_isRefusedAndLeavesNoThread() {
        InProcCometStateProvider provider = new InProcCometStateProvider();
        try (CometStateManager first = CometStateManager.builder(provider).build()) {
            int threads = cometThreads().size();
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> CometStateManager.builder(provider).build());
            await().untilAsserted(() -> assertThat(cometThreads()).hasSize(threads));
            assertThat(first.clients()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 10})
    @DisplayName("W12: a drain sends everybody away within its time, and takes nobody new")
    void drain_manyHeld_answersReconnectWithinItsTime(long seconds) {
        try (Server server = Server.start()) {
            List<Request> held = new ArrayList<>();
            List<CometClient> clients = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                clients.add(server.client("client-" + i, 60, 600));
                held.add(server.poll(clients.get(i), 0));
            }
            server.settle();
            CompletableFuture<Void> drained =
                    server.manager.drain(Duration.ofSeconds(seconds)).toCompletableFuture();
            assertThat(server.manager.isDraining()).isTrue();
            if (seconds == 10) {
                server.pass(Duration.ofSeconds(5));
                assertThat(server.answers.count()).isBetween(150, 350);
                assertThat(drained).isNotDone();
            }
            server.pass(Duration.ofSeconds(seconds).plusMillis(100));
            assertThat(drained).isDone();
            held.forEach(
                    request -> assertThat(request.await().outcome()).isEqualTo(Outcome.RECONNECT));
            assertThat(server.manager.statistics().held().polls()).isZero();
            assertThatExceptionOfType(CometException.class)
                    .isThrownBy(() -> server.client("late"))
                    .matches(e -> e.reason() == Reason.DRAINING);
            // Whoever comes gets its messages, or is sent on at once.
            CometClient ada = clients.get(0);
            assertThat(server.poll(ada, 0).await().outcome()).isEqualTo(Outcome.RECONNECT);
            server.manager.sendMessage(ada.publicToken(), "n", 1);
            assertThat(server.poll(ada, 0).await().batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName("W17: a drain with nobody there is over at once")
    void drain_nothingHeld_isOverAtOnce() {
        try (Server server = Server.start()) {
            server.client("ada");
            await().until(drain(server, Duration.ofHours(1))::isDone);
        }
    }

    @Test
    @DisplayName("W17: a drain is over when the last request and the last stream have ended")
    void drain_lastOneEnds_isOver() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 60, 600);
            CometClient bob = server.client("bob", 60, 600);
            CometClient eve = server.client("eve", 60, 600);
            server.poll(ada, 0);
            server.stream(bob, 0);
            server.poll(eve, 0);
            server.settle();
            CompletableFuture<Void> drained = drain(server, Duration.ofHours(1));

            // Who comes meanwhile is answered, and is none to wait for.
            assertThat(server.poll(ada, 0).await().outcome()).isEqualTo(Outcome.RECONNECT);
            server.manager.disconnect(eve);
            server.settle();
            assertThat(drained).isNotDone();

            server.manager.disconnect(bob);
            await().until(drained::isDone);
            await().until(drain(server, Duration.ofHours(1))::isDone);
        }
    }

    @Test
    @DisplayName("W17: a drain is not over before the last stream has been told that it ends")
    void drain_streamIsBeingWritten_isOverWhenItHasBeenTold() throws Exception {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 60, 600);
            SlowSink sink = new SlowSink();
            server.manager.endpoint().openStream(ada.privateToken(), 0, sink, 0);
            server.settle();
            CompletableFuture<Void> drained = drain(server, Duration.ofHours(1));
            server.settle();
            server.manager.sendMessage("ada", "n", 1);
            sink.writing.await();

            server.manager.disconnect(ada);
            boolean wasOver = drained.isDone();
            sink.written.countDown();

            assertThat(wasOver).as("over before the stream was told").isFalse();
            drained.get(10, TimeUnit.SECONDS);
            assertThat(sink.ended).isTrue();
        }
    }

    /** Takes its time over a message. */
    private static final class SlowSink implements CometStreamSink {

        final CountDownLatch writing = new CountDownLatch(1);
        final CountDownLatch written = new CountDownLatch(1);
        volatile boolean ended;

        @Override
        public void opened(CometStream stream) {}

        @Override
        public boolean messages(CometBatch batch) {
            writing.countDown();
            try {
                written.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return true;
        }

        @Override
        public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
            return true;
        }

        @Override
        public void ended(CometAnswer why) {
            ended = true;
        }
    }

    @Test
    @DisplayName("W17: a drain that meets polls on their way is over once each has its answer")
    void drain_racingPolls_isOverWhenTheyAreAnswered() throws Exception {
        for (int round = 0; round < 50; round++) {
            try (Server server = Server.start()) {
                CometClient keeps = server.client("keeps", 60, 600);
                CometAsyncResult kept =
                        server.manager.endpoint().beginSubscribe(keeps.privateToken(), 0, null, 0);
                CountDownLatch begun = new CountDownLatch(2);
                AtomicBoolean over = new AtomicBoolean();
                List<CompletableFuture<Void>> peers = new ArrayList<>();
                for (String name : List.of("ada", "bob")) {
                    CometClient client = server.client(name, 60, 600);
                    peers.add(
                            CompletableFuture.runAsync(
                                    () -> {
                                        while (!over.get()) {
                                            server.manager
                                                    .endpoint()
                                                    .beginSubscribe(
                                                            client.privateToken(), 0, null, 0);
                                            begun.countDown();
                                        }
                                    }));
                }
                begun.await();
                CompletableFuture<Void> drained = drain(server, Duration.ofHours(1));
                for (int i = 0; i < 1_000; i++) {
                    assertThat(drained.isDone() && !kept.isCompleted()).isFalse();
                }
                server.manager.disconnect(keeps);
                over.set(true);
                peers.forEach(CompletableFuture::join);
                // A peer that came to no poll since the drain began still has the one before.
                server.manager
                        .findClientByPrivateToken("secret-of-ada")
                        .ifPresent(server.manager::disconnect);
                server.manager
                        .findClientByPrivateToken("secret-of-bob")
                        .ifPresent(server.manager::disconnect);
                await().until(drained::isDone);
                assertThat(kept.isCompleted()).isTrue();
                assertThat(server.manager.statistics().held().polls()).isZero();
            }
        }
    }

    private static CompletableFuture<Void> drain(Server server, Duration spread) {
        return server.manager.drain(spread).toCompletableFuture();
    }

    @Test
    @DisplayName("W12: a drain that close cuts short completes")
    void close_duringADrain_completesIt() {
        Server server = Server.start();
        server.poll(server.client("ada"), 0);
        CompletableFuture<Void> drained =
                server.manager.drain(Duration.ofHours(1)).toCompletableFuture();
        server.close();
        await().until(drained::isDone);
        assertThat(drained).isCompletedWithValue(null);
    }
}
