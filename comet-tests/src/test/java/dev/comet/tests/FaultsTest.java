package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometAnswer.Outcome;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException.Reason;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Providers, handlers and callbacks that fail, block or call back (rows W10 and W11), with one wait
 * thread, so that whoever stops it stops everybody.
 */
@Timeout(60)
class FaultsTest {

    @ParameterizedTest
    @CsvSource({"true, exception", "true, error", "false, exception", "false, error"})
    @DisplayName("W10, P9: a provider that fails to read for one client harms no other")
    void getMessages_failsForOne_answersTheOthers(boolean fromMemory, String how) {
        FaultyProvider provider = new FaultyProvider(fromMemory);
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            CometClient eve = server.client("eve");
            Request adas = server.poll(ada, 0);
            Request bobs = server.poll(bob, 0);
            Request eves = server.poll(eve, 0);
            server.settle();
            provider.faultOf(bob, () -> fail(how));
            server.manager.sendToAll("n", 1);
            assertThat(adas.await().batch().messages()).hasSize(1);
            assertThat(eves.await().batch().messages()).hasSize(1);
            await().until(() -> server.manager.statistics().store().failures() == 1);
            assertThat(bobs.isAnswered()).as("is held on").isFalse();
            provider.faultOf(bob, null);
            server.pass(Duration.ofSeconds(2));
            assertThat(bobs.await().batch().messages()).hasSize(1);
            assertThat(server.manager.statistics().store().failures()).isEqualTo(1);
            server.answers.assertEachAnsweredOnce();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "P9: while the store is away polls stay held; at the end of the hold they are told")
    void getMessages_failsUntilTheEndOfTheHold_isToldThen(boolean fromMemory) {
        FaultyProvider provider = new FaultyProvider(fromMemory);
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada", 25, 60);
            Request held = server.poll(ada, 0);
            server.settle();
            provider.faultOf(ada, () -> fail("exception"));
            server.manager.sendMessage(ada, "n", 1);
            for (int second = 1; second < 25; second++) {
                long failures = server.manager.statistics().store().failures();
                server.pass(Duration.ofSeconds(1));
                assertThat(held.isAnswered()).as("after " + second + " s").isFalse();
                assertThat(failures).as("looks are few").isLessThanOrEqualTo(2L * second);
            }
            server.pass(Duration.ofSeconds(1));
            assertThat(held.await().error())
                    .matches(e -> e.reason() == Reason.PROVIDER_UNAVAILABLE);
            // One that asks for an answer at once is told at once.
            assertThat(server.fetch(ada, 0).error())
                    .matches(e -> e.reason() == Reason.PROVIDER_UNAVAILABLE);
            server.answers.assertEachAnsweredOnce();
        }
    }

    @Test
    @DisplayName(
            "W10: a provider that blocks for one client harms no other; the wait thread goes on")
    void getMessages_blocksForOne_answersTheOthersAndTimesOut() {
        FaultyProvider provider = new FaultyProvider(false);
        CountDownLatch release = new CountDownLatch(1);
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            Request bobs = server.poll(bob, 0);
            server.settle();
            provider.faultOf(bob, () -> awaitQuietly(release));
            long sent = server.manager.sendToAll("n", 1);
            await().until(() -> provider.blocked > 0);
            for (int i = 0; i < 10; i++) {
                Request adas = server.poll(ada, sent);
                sent = server.manager.sendMessage("ada", "n", i);
                assertThat(adas.await().batch().messages()).hasSize(1);
            }
            // Its own deadline does not wait for the store either.
            server.pass(Duration.ofSeconds(26));
            assertThat(bobs.await().outcome()).isEqualTo(Outcome.TIMEOUT);
            release.countDown();
            provider.faultOf(bob, null);
            assertThat(server.poll(bob, 0).await().batch().messages()).hasSize(1);
            server.answers.assertEachAnsweredOnce();
        } finally {
            release.countDown();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W10, C6: a provider that cannot say whether a client is idle is asked again")
    void killIdleCometClient_failsForAWhile_isAskedAgain(boolean fromMemory) {
        FaultyProvider provider = new FaultyProvider(fromMemory);
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada", 25, 60);
            provider.killFault = () -> fail("error");
            server.pass(Duration.ofSeconds(61));
            await().until(() -> server.manager.statistics().store().failures() > 0);
            assertThat(server.manager.clients()).containsExactly(ada);
            provider.killFault = null;
            await().untilAsserted(
                            () -> {
                                server.pass(Duration.ofSeconds(2));
                                assertThat(server.manager.clients()).isEmpty();
                            });
            server.events.await(IDLE_CLIENT_KILLED, ada);
        }
    }

    @Test
    @DisplayName(
            "C6, W10: with a store that may block, the idle time is counted from the answer, too")
    void time_remoteStoreIdleShorterThanHold_killsOnTime() {
        FaultyProvider provider = new FaultyProvider(false);
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada", 300, 10);
            Request held = server.poll(ada, 0);
            server.pass(Duration.ofSeconds(12));
            server.manager.sendMessage("ada", "n", 1);
            assertThat(held.await().batch().messages()).hasSize(1);
            // The store's threads take their own time: a tenth of the hold, in small steps.
            for (int i = 0; i < 30 && !server.manager.clients().isEmpty(); i++) {
                server.pass(Duration.ofSeconds(1));
                await().until(() -> server.manager.statistics().store().busyReads() == 0);
            }
            assertThat(server.manager.clients()).isEmpty();
            server.events.await(IDLE_CLIENT_KILLED, ada);
        }
    }

    @Test
    @DisplayName(
            "C8, W10: a store slow to take the end of a request does not shorten the next one's life")
    void keepAlive_endOfARequestComesAfterTheNextPoll_doesNotShortenItsLife() {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch taken = new CountDownLatch(1);
        FaultyProvider provider =
                new FaultyProvider(false) {
                    @Override
                    public boolean keepAlive(CometClient client, long idleInNanos) {
                        if (!Thread.currentThread().getName().equals("comet-store")) {
                            return super.keepAlive(client, idleInNanos);
                        }
                        begun.countDown();
                        awaitQuietly(release);
                        boolean alive = super.keepAlive(client, idleInNanos);
                        taken.countDown();
                        return alive;
                    }
                };
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada", 300, 10);
            Request first = server.poll(ada, 0);
            server.settle();
            long sent = server.manager.sendMessage("ada", "n", 1);
            first.await();
            awaitQuietly(begun);
            server.poll(ada, sent);
            release.countDown();
            awaitQuietly(taken);
            // Another node asks how long it has got: the hold and the idle time.
            await().untilAsserted(
                            () ->
                                    assertThat(provider.killIdleCometClient(ada))
                                            .isEqualTo(Duration.ofSeconds(310).toNanos()));
        } finally {
            release.countDown();
        }
    }

    @Test
    @DisplayName("W10: a callback that throws harms nobody, also on the wait thread")
    void whenCompleted_callbackThrows_answersTheOthers() {
        try (Server server = start(new FaultyProvider(true))) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            server.manager
                    .endpoint()
                    .beginSubscribe(ada.privateToken(), 0, null, 0)
                    .whenCompleted(answer -> fail("error"));
            Request bobs = server.poll(bob, 0);
            server.settle();
            server.manager.sendToAll("n", 1);
            assertThat(bobs.await().batch().messages()).hasSize(1);
            server.settle();
            assertThat(server.manager.statistics().held().polls()).isZero();
        }
    }

    @Test
    @DisplayName("W10: a callback that blocks on an executor of its own holds nobody up")
    void whenCompleted_callbackBlocks_answersTheOthers() {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        CountDownLatch release = new CountDownLatch(1);
        try (Server server = start(new FaultyProvider(true))) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            server.manager
                    .endpoint()
                    .beginSubscribe(ada.privateToken(), 0, null, 0)
                    .whenCompleted(answer -> awaitQuietly(release), executor);
            Request bobs = server.poll(bob, 0);
            server.manager.sendToAll("n", 1);
            assertThat(bobs.await().batch().messages()).hasSize(1);
        } finally {
            release.countDown();
            executor.shutdownNow();
        }
    }

    @Test
    @DisplayName(
            "W10: a handler that blocks or throws holds up neither requests nor other clients' events")
    void handler_blocksOnOneClient_goesOnWithTheOthers() {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch bobsPolls = new CountDownLatch(3);
        CometClientEventHandler handler =
                new CometClientEventHandler() {
                    @Override
                    public void clientSubscribed(CometClient client) {
                        if (client.publicToken().equals("ada")) {
                            awaitQuietly(release);
                        }
                        bobsPolls.countDown();
                        fail("error");
                    }
                };
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try (Server server =
                Server.start(
                        new FaultyProvider(true),
                        1,
                        options -> options.eventExecutor(executor).eventHandler(handler))) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            Request adas = server.poll(ada, 0);
            for (int i = 0; i < 3; i++) {
                server.fetch(bob, 0);
            }
            awaitQuietly(bobsPolls);
            server.manager.sendToAll("n", 1);
            assertThat(adas.await().batch().messages()).hasSize(1);
        } finally {
            release.countDown();
            executor.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W11: every event's handler may call the manager again")
    void handler_callsTheManager_doesNotDeadlock(boolean ownThread) {
        AtomicReference<CometStateManager> manager = new AtomicReference<>();
        CometClientEventHandler handler =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        busy(m -> m.joinGroup(client, "everybody"));
                        busy(m -> m.sendMessage(client.publicToken(), "welcome", client));
                    }

                    @Override
                    public void clientSubscribed(CometClient client) {
                        busy(m -> m.sendToGroup("everybody", "polls", client));
                        if (client.displayName().equals("unwanted")) {
                            busy(m -> m.disconnect(client));
                        }
                    }

                    @Override
                    public void clientDisconnected(CometClient client, EndReason reason) {
                        busy(m -> m.sendToAll("left", client));
                    }

                    @Override
                    public void idleClientKilled(CometClient client) {
                        busy(m -> m.initializeClient(client));
                    }

                    private void busy(Consumer<CometStateManager> call) {
                        manager.get().clients();
                        call.accept(manager.get());
                    }
                };
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (Server server =
                Server.start(
                        new FaultyProvider(true),
                        1,
                        options ->
                                options.eventExecutor(ownThread ? executor : Runnable::run)
                                        .eventHandler(handler))) {
            manager.set(server.manager);
            CometClient ada = server.client("ada", 25, 60);
            CometClient unwanted =
                    server.manager.initializeClient(
                            CometClient.builder().displayName("unwanted").build());
            server.poll(unwanted, 0).await();
            server.events.await(CLIENT_DISCONNECTED, unwanted);
            assertThat(server.poll(ada, 0).await().batch().messages()).isNotEmpty();
            server.pass(Duration.ofSeconds(70));
            server.events.await(IDLE_CLIENT_KILLED, ada);
            await().untilAsserted(
                            () ->
                                    assertThat(server.manager.clients())
                                            .extracting(CometClient::publicToken)
                                            .containsExactly("ada"));
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    @DisplayName("C5, C10: a client's end is its last event, also when a poll races it")
    void disconnect_whileAPollBegins_isTheLastEvent() {
        AtomicReference<CometStateManager> manager = new AtomicReference<>();
        FaultyProvider provider =
                new FaultyProvider(true) {
                    @Override
                    public boolean keepAlive(CometClient client, long idleInNanos) {
                        boolean alive = super.keepAlive(client, idleInNanos);
                        manager.get().disconnect(client); // in between, as by another thread
                        return alive;
                    }
                };
        try (Server server = start(provider)) {
            manager.set(server.manager);
            CometClient ada = server.client("ada");
            assertThat(server.poll(ada, 0).await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
            assertThat(server.events.kinds(ada)).endsWith(CLIENT_DISCONNECTED);
        }
    }

    @Test
    @DisplayName("M12: who is made a member while it is being initialised is woken by the group")
    void joinGroup_beforeInitializeClientReturns_isWokenByTheGroup() {
        FaultyProvider provider =
                new FaultyProvider(true) {
                    @Override
                    public void initializeClient(CometClient client) {
                        super.initializeClient(client);
                        joinGroup(client, "room"); // by one who saw it in clients()
                    }
                };
        try (Server server = start(provider)) {
            CometClient ada = server.client("ada");
            Request held = server.poll(ada, 0);
            server.settle();
            server.manager.sendToGroup("room", "n", 1);
            assertThat(held.await().batch().messages()).hasSize(1);
        }
    }

    private static Server start(FaultyProvider provider) {
        return Server.start(provider, 1, options -> options);
    }

    private static void fail(String how) {
        if (how.equals("error")) {
            throw new Error("this fails, as the test wants");
        }
        throw new IllegalStateException("this fails, as the test wants");
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

    private static class FaultyProvider extends DelegatingProvider {

        private final boolean fromMemory;
        private volatile @Nullable String victim;
        private volatile @Nullable Runnable fault;
        volatile @Nullable Runnable killFault;
        volatile int blocked;

        FaultyProvider(boolean fromMemory) {
            this.fromMemory = fromMemory;
        }

        void faultOf(CometClient client, @Nullable Runnable fault) {
            this.victim = client.privateToken();
            this.fault = fault;
        }

        @Override
        public boolean readsFromMemory() {
            return fromMemory;
        }

        @Override
        public CometBatch getMessages(
                CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
            CometBatch batch = super.getMessages(client, lastMessageId, maxMessages, maxBytes);
            Runnable now = fault;
            if (now != null && client.privateToken().equals(victim)) {
                blocked = 1;
                now.run();
            }
            return batch;
        }

        @Override
        public long killIdleCometClient(CometClient client) {
            Runnable now = killFault;
            if (now != null) {
                now.run();
            }
            return super.killIdleCometClient(client);
        }
    }
}
