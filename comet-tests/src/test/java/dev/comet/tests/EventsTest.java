package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.MESSAGES_DROPPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometGap;
import dev.comet.CometStateManager;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.CallerExecutor;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordingEventHandler;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Event handlers and dependent stages on executors that have their ways (rows W10 and W16). */
@Timeout(60)
class EventsTest {

    @ParameterizedTest
    @ValueSource(strings = {"full", "no threads"})
    @DisplayName("W16: an end event is told although the executor refuses for a while")
    void disconnect_executorRefusesForAMoment_theEndIsTold(String how) {
        AtomicBoolean refusing = new AtomicBoolean();
        CallerExecutor calling = new CallerExecutor();
        Executor moody =
                task -> {
                    if (refusing.get()) {
                        if (how.equals("full")) {
                            throw new RejectedExecutionException("full, as the test wants");
                        }
                        throw new InternalError("unable to create native thread, as it wants");
                    }
                    calling.execute(task);
                };
        try (Server server =
                Server.start(new DelegatingProvider(), 1, o -> o.eventExecutor(moody))) {
            CometClient ada = server.client("ada");
            refusing.set(true);
            assertThat(server.manager.disconnect(ada)).isTrue();
            assertThat(server.manager.clients()).isEmpty();
            CompletableFuture<?> request =
                    server.manager
                            .request("nobody", "n", 1, Duration.ofSeconds(1))
                            .toCompletableFuture();
            assertThat(request).isCompletedExceptionally();
            server.pass(Duration.ofSeconds(5));
            assertThat(server.events.count(CLIENT_DISCONNECTED, ada)).isZero();
            refusing.set(false);
            server.pass(Duration.ofSeconds(5));
            server.events.await(CLIENT_DISCONNECTED, ada);
            assertThat(server.manager.statistics().events().skipped()).isZero();
        }
    }

    @Test
    @DisplayName("W16, M10: what depends on a request runs although the executor refused at first")
    void request_executorRefusesForAMoment_dependentStagesRun() {
        AtomicBoolean refusing = new AtomicBoolean();
        CallerExecutor calling = new CallerExecutor();
        Executor moody =
                task -> {
                    if (refusing.get()) {
                        throw new InternalError("unable to create native thread, as it wants");
                    }
                    calling.execute(task);
                };
        try (Server server =
                Server.start(new DelegatingProvider(), 1, o -> o.eventExecutor(moody))) {
            server.client("ada");
            CompletableFuture<String> told = new CompletableFuture<>();
            server.manager
                    .request("ada", "n", 1, Duration.ofSeconds(10))
                    .whenComplete((reply, failure) -> told.complete(String.valueOf(failure)));
            refusing.set(true);
            server.pass(Duration.ofSeconds(11));
            assertThat(told).isNotDone();
            refusing.set(false);
            server.pass(Duration.ofSeconds(5));
            assertThat(told.orTimeout(10, TimeUnit.SECONDS).join()).contains("no reply within");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W10: a slow handler holds up no other client, also if the caller is to run it")
    void idleKill_executorHasTheCallerRun_otherClientsGoOn(boolean pool) {
        CountDownLatch release = new CountDownLatch(1);
        Set<String> threads = Collections.synchronizedSet(new HashSet<>());
        CometClientEventHandler slow =
                new CometClientEventHandler() {
                    @Override
                    public void idleClientKilled(CometClient client) {
                        threads.add(Thread.currentThread().getName());
                        awaitQuietly(release);
                    }
                };
        ThreadPoolExecutor full =
                new ThreadPoolExecutor(
                        1,
                        1,
                        1,
                        TimeUnit.SECONDS,
                        new SynchronousQueue<>(),
                        new ThreadPoolExecutor.CallerRunsPolicy());
        ManualClock clock = new ManualClock();
        try (CometStateManager manager =
                CometStateManager.builder(new DelegatingProvider())
                        .clock(clock)
                        .waitThreads(1)
                        .eventHandler(slow)
                        .eventExecutor(pool ? full : Runnable::run)
                        .build()) {
            clock.awaitAllParked(1);
            full.execute(() -> awaitQuietly(release)); // from here on its callers run the rest
            manager.initializeClient(
                    CometClient.builder().publicToken("idle").connectionIdleSeconds(10).build());
            CometClient ada =
                    manager.initializeClient(
                            CometClient.builder()
                                    .publicToken("ada")
                                    .connectionTimeoutSeconds(60)
                                    .build());
            CompletableFuture<Integer> answered = new CompletableFuture<>();
            manager.endpoint()
                    .beginSubscribe(ada.privateToken(), 0, null, 0)
                    .whenCompleted(answer -> answered.complete(answer.batch().messages().size()));
            clock.awaitAllParked();
            clock.advance(Duration.ofSeconds(11));
            await().until(() -> !threads.isEmpty());
            manager.sendMessage("ada", "n", 1);
            assertThat(answered.orTimeout(5, TimeUnit.SECONDS).join()).isEqualTo(1);
            assertThat(threads).noneMatch(name -> name.startsWith("comet-wait"));
        } finally {
            release.countDown();
            full.shutdownNow();
        }
    }

    @Test
    @DisplayName("H10: a peer that makes gaps at will fills no queue; each answer counts once")
    void messagesDropped_handlerIsSlow_oneEventWaits() {
        CountDownLatch release = new CountDownLatch(1);
        CometClientEventHandler slow =
                new CometClientEventHandler() {
                    @Override
                    public void messagesDropped(CometClient client, CometGap gap) {
                        awaitQuietly(release);
                    }
                };
        RecordingEventHandler events = new RecordingEventHandler();
        try (CometStateManager manager =
                CometStateManager.builder(new DelegatingProvider())
                        .maxPendingEvents(10)
                        .eventHandler(slow)
                        .eventHandler(events)
                        .build()) {
            CometClient ada = manager.initializeClient(CometClient.builder().build());
            for (int i = 0; i < 1_000; i++) {
                manager.endpoint().beginSubscribe(ada.privateToken(), 1, Duration.ZERO, 0);
            }
            assertThat(manager.statistics().losses().gaps()).isEqualTo(1_000);
            assertThat(manager.statistics().events().pending()).isLessThanOrEqualTo(12);
            release.countDown();
            await().until(() -> manager.statistics().events().pending() == 0);
            assertThat(events.count(MESSAGES_DROPPED, ada)).isBetween(1, 2);
        } finally {
            release.countDown();
        }
    }

    @Test
    @DisplayName("M7: a loss is an event when the answer that says so is given, and not before")
    void messagesDropped_answerLostTheRace_isNoEvent() {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicBoolean slow = new AtomicBoolean();
        DelegatingProvider provider =
                new DelegatingProvider() {
                    @Override
                    public boolean readsFromMemory() {
                        return false;
                    }

                    @Override
                    public dev.comet.CometBatch getMessages(
                            CometClient client, long cursor, int maxMessages, int maxBytes) {
                        if (slow.get() && cursor == 1) {
                            slow.set(false);
                            reading.countDown();
                            awaitQuietly(goOn);
                        }
                        return super.getMessages(client, cursor, maxMessages, maxBytes);
                    }
                };
        try (Server server = Server.start(provider, 1, options -> options)) {
            CometClient ada = server.client("ada");
            slow.set(true);
            CompletableFuture<Request> first =
                    CompletableFuture.supplyAsync(() -> server.poll(ada, 1));
            awaitQuietly(reading);
            Request second = server.poll(ada, 1); // supersedes the first while that reads
            goOn.countDown();
            assertThat(first.join().await().batch().gaps()).isEmpty();
            assertThat(second.await().batch().gaps()).hasSize(1);
            server.events.await(MESSAGES_DROPPED, ada);
            assertThat(server.events.count(MESSAGES_DROPPED, ada)).isEqualTo(1);
            assertThat(server.manager.statistics().losses().gaps()).isEqualTo(1);
        } finally {
            goOn.countDown();
        }
    }

    @Test
    @DisplayName("W12: a thread that was interrupted closes as patiently as another")
    void close_threadIsInterrupted_handlersGetTheirTime() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CompletableFuture<String> ended = new CompletableFuture<>();
        CometClientEventHandler slow =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        begun.countDown();
                        try {
                            release.await();
                            ended.complete("in its own time");
                        } catch (InterruptedException e) {
                            ended.complete("interrupted");
                        }
                    }
                };
        CometStateManager manager =
                CometStateManager.builder(new DelegatingProvider()).eventHandler(slow).build();
        manager.initializeClient(CometClient.builder().build());
        begun.await();
        AtomicBoolean interruptedAfterwards = new AtomicBoolean();
        Thread closer =
                new Thread(
                        () -> {
                            Thread.currentThread().interrupt();
                            manager.close();
                            interruptedAfterwards.set(Thread.currentThread().isInterrupted());
                        });
        closer.start();
        await().until(
                        () ->
                                closer.getState() == Thread.State.TIMED_WAITING
                                        || closer.getState() == Thread.State.TERMINATED);
        release.countDown();
        assertThat(ended.orTimeout(10, TimeUnit.SECONDS).join()).isEqualTo("in its own time");
        closer.join();
        assertThat(interruptedAfterwards).isTrue();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody let go");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
