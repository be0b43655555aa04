package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_INITIALIZED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_SUBSCRIBED;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tokens that are used again at once (row C12): what comes late for the client that had them before
 * does not touch the one that has them now. The provider brings about what is late.
 */
@Timeout(60)
class IncarnationTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Calls what a test wants, once, at the moment that it wants. */
    private static final class LateProvider extends DelegatingProvider {

        volatile @Nullable Runnable beforeRemoval;
        volatile @Nullable Runnable afterRemoval;
        volatile @Nullable Runnable afterInitialisation;
        volatile @Nullable Runnable beforeLeft;

        @Override
        public void start(Context context) {
            Listener listener = context.listener();
            super.start(
                    new Context(
                            context.limits(),
                            context.clock(),
                            new DelegatingListener(listener) {
                                @Override
                                public void left(CometClient client, String group) {
                                    run(beforeLeft);
                                    super.left(client, group);
                                }
                            }));
        }

        @Override
        public void initializeClient(CometClient client) {
            super.initializeClient(client);
            run(afterInitialisation);
        }

        @Override
        public boolean removeClient(CometClient client, EndReason reason) {
            run(beforeRemoval);
            boolean removed = super.removeClient(client, reason);
            run(afterRemoval);
            return removed;
        }

        private void run(@Nullable Runnable now) {
            beforeRemoval = now == beforeRemoval ? null : beforeRemoval;
            afterRemoval = now == afterRemoval ? null : afterRemoval;
            afterInitialisation = now == afterInitialisation ? null : afterInitialisation;
            beforeLeft = now == beforeLeft ? null : beforeLeft;
            if (now != null) {
                now.run();
            }
        }
    }

    private final LateProvider provider = new LateProvider();

    private Server start() {
        return Server.start(provider, 1, options -> options);
    }

    @Test
    @DisplayName("C12: the end of a client does not end requests to the one that follows it")
    void request_predecessorsEndComesLate_goesOn() {
        try (Server server = start()) {
            server.client("ada");
            AtomicReference<CompletionStage<CometReply>> reply = new AtomicReference<>();
            provider.afterRemoval =
                    () -> {
                        server.client("ada");
                        reply.set(server.manager.request("ada", "n", 1, TIMEOUT, "one-of-the-new"));
                    };
            server.manager
                    .findClientByPrivateToken("secret-of-ada")
                    .ifPresent(server.manager::disconnect);
            CompletableFuture<CometReply> asked = reply.get().toCompletableFuture();
            assertThat(asked).isNotDone();
            server.manager.endpoint().acceptReply("secret-of-ada", "one-of-the-new", 2);
            assertThat(new String(asked.join().contentsJson(), UTF_8)).isEqualTo("2");
        }
    }

    @Test
    @DisplayName("C12, M10: a request to a client that ends before it is asked ends with it")
    void request_clientEndsMeanwhile_failsAlthoughTheTokensAreUsedAgain() {
        AtomicReference<Server> started = new AtomicReference<>();
        DelegatingProvider replacing =
                new DelegatingProvider() {
                    private boolean replaced;

                    @Override
                    public @Nullable CometClient findClientByPublicToken(String publicToken) {
                        CometClient found = super.findClientByPublicToken(publicToken);
                        if (!replaced) {
                            replaced = true;
                            started.get()
                                    .manager
                                    .findClientByPrivateToken("secret-of-ada")
                                    .ifPresent(started.get().manager::disconnect);
                            started.get().client("ada");
                        }
                        return found;
                    }
                };
        try (Server server = Server.start(replacing, 1, options -> options)) {
            started.set(server);
            server.client("ada");
            CompletionStage<CometReply> reply = server.manager.request("ada", "n", 1, TIMEOUT);
            assertThat(reply.toCompletableFuture()).isCompletedExceptionally();
            assertThatThrownBy(() -> reply.toCompletableFuture().join())
                    .hasRootCauseMessage("this client has ended; another one has its public token");
            assertThat(server.manager.statistics().requests().pending()).isZero();
            CometClient next = server.manager.findClientByPublicToken("ada").orElseThrow();
            assertThat(server.fetch(next, 0).batch().messages()).as("was not asked").isEmpty();
        }
    }

    @Test
    @DisplayName(
            "C12: a reply that comes late for a client is not given to the one that follows it")
    void replyTo_clientHasEnded_theNextOneGetsNothing() {
        try (Server server = start()) {
            CometClient before = server.client("ada");
            server.manager.disconnect(before);
            CometClient next = server.client("ada");
            assertThatThrownBy(() -> server.manager.replyTo(before, "c-1", 1))
                    .isInstanceOf(CometException.class);
            assertThatThrownBy(() -> server.manager.refuseTo(before, "c-2", "refused", "no"))
                    .isInstanceOf(CometException.class);
            assertThat(server.fetch(next, 0).batch().messages()).isEmpty();
            server.manager.replyTo(next, "c-3", 1);
            assertThat(server.fetch(next, 0).batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName(
            "C12: what is sent, asked or joined for a client by name is not the next one's, nor is that left out for it")
    void everyCall_clientHasEnded_isNotForTheNextOne() {
        try (Server server = start()) {
            CometClient before = server.client("ada");
            server.manager.disconnect(before);
            CometClient next = server.client("ada");
            CometStateManager comet = server.manager;
            comet.joinGroup(next, "room");
            assertGone(() -> comet.sendMessage(before, "n", 1));
            assertGone(() -> comet.joinGroup(before, "room"));
            assertGone(() -> comet.leaveGroup(before, "room"));
            assertThatThrownBy(
                            () ->
                                    comet.request(before, "n", 1, Duration.ofSeconds(1))
                                            .toCompletableFuture()
                                            .join())
                    .hasRootCauseMessage("this client has ended; another one has its public token");
            long toAll = comet.sendToAllExcept(before, "n", 1);
            long toRoom = comet.sendToGroupExcept("room", before, "n", 1);
            comet.sendToAllExcept(next, "n", 1);
            comet.sendToGroupExcept("room", next, "n", 1);
            long toHer = comet.sendMessage(next, "n", 1);
            assertThat(server.fetch(next, 0).batch().messages())
                    .extracting(CometMessage::messageId)
                    .containsExactly(toAll, toRoom, toHer);
            CompletionStage<CometReply> reply = comet.request(next, "q", 1, Duration.ofSeconds(1));
            CometMessage asked = server.fetch(next, toHer).batch().messages().get(0);
            comet.endpoint().acceptReply(next.privateToken(), asked.correlationId(), "a");
            assertThat(reply.toCompletableFuture().join().contents()).isEqualTo("a");
        }
    }

    private static void assertGone(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CometException.class,
                        e ->
                                assertThat(e.reason())
                                        .isEqualTo(CometException.Reason.CLIENT_DOES_NOT_EXIST));
    }

    @Test
    @DisplayName("C12: a leave that is told late does not take the next client out of its group")
    void left_toldWhenTheTokensAreUsedAgain_theNewcomerIsWoken() {
        try (Server server = start()) {
            server.client("ada");
            server.manager.joinGroup("ada", "room");
            AtomicReference<Request> held = new AtomicReference<>();
            provider.beforeLeft =
                    () -> {
                        server.manager
                                .findClientByPrivateToken("secret-of-ada")
                                .ifPresent(server.manager::disconnect);
                        CometClient next = server.client("ada");
                        server.manager.joinGroup("ada", "room");
                        held.set(server.poll(next, 0));
                        server.settle();
                    };
            server.manager.leaveGroup("ada", "room");
            server.settle();
            server.manager.sendToGroup("room", "n", 1);
            assertThat(held.get().await().batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName("C12: a second disconnect that comes late does not end the next client")
    void disconnect_tokensAreUsedAgainMeanwhile_endsNobodyElse() {
        try (Server server = start()) {
            CometClient before = server.client("ada");
            AtomicReference<Request> held = new AtomicReference<>();
            provider.beforeRemoval =
                    () -> {
                        assertThat(
                                        server.manager
                                                .findClientByPrivateToken("secret-of-ada")
                                                .map(server.manager::disconnect)
                                                .orElse(false))
                                .isTrue();
                        held.set(server.poll(server.client("ada"), 0));
                        server.settle();
                    };
            assertThat(
                            server.manager
                                    .findClientByPrivateToken("secret-of-ada")
                                    .map(server.manager::disconnect)
                                    .orElse(false))
                    .isFalse();
            assertThat(server.manager.disconnect(before)).isFalse();
            server.settle();
            assertThat(held.get().isAnswered()).isFalse();
            assertThat(server.manager.clients()).hasSize(1).doesNotContain(before);
            assertThat(server.events.count(CLIENT_DISCONNECTED, before)).isEqualTo(1);
            server.manager.sendMessage("ada", "n", 1);
            assertThat(held.get().await().batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName("C12: a poll of the next client is not ended by the end of the one before it")
    void poll_predecessorsEndComesLate_staysHeld() {
        try (Server server = start()) {
            CometClient before = server.client("ada");
            Request old = server.poll(before, 0);
            server.settle();
            AtomicReference<Request> held = new AtomicReference<>();
            provider.afterRemoval = () -> held.set(server.poll(server.client("ada"), 0));
            server.manager
                    .findClientByPrivateToken("secret-of-ada")
                    .ifPresent(server.manager::disconnect);
            server.settle();
            assertThat(old.await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
            assertThat(held.get().isAnswered()).isFalse();
            server.manager.sendToAll("n", 1);
            assertThat(held.get().await().batch().messages()).hasSize(1);
            server.answers.assertEachAnsweredOnce();
        }
    }

    @Test
    @DisplayName(
            "C3: who finds the client before initializeClient returns can use it; events in order")
    void poll_beforeInitializeClientReturns_isHeldAndTheFirstEventIsFirst() {
        try (Server server = start()) {
            AtomicReference<Request> held = new AtomicReference<>();
            provider.afterInitialisation =
                    () -> {
                        CometClient seen =
                                server.manager
                                        .findClientByPrivateToken("secret-of-ada")
                                        .orElseThrow();
                        held.set(server.poll(seen, 0));
                        server.settle();
                    };
            CometClient ada = server.client("ada");
            assertThat(held.get().isAnswered()).isFalse();
            server.manager.sendToAll("n", 1);
            assertThat(held.get().await().batch().messages()).hasSize(1);
            assertThat(server.events.kinds(ada))
                    .containsExactly(CLIENT_INITIALIZED, CLIENT_SUBSCRIBED);
        }
    }

    @Test
    @DisplayName("C3: a store that fails after it has the client fails no initializeClient")
    void initializeClient_storeFailsAfterwards_theClientIsThere() {
        DelegatingProvider failing =
                new DelegatingProvider() {
                    private boolean failed;

                    @Override
                    public java.util.Set<String> groupsOf(CometClient client) {
                        if (!failed) {
                            failed = true;
                            throw new IllegalStateException("the store fails, as the test wants");
                        }
                        return super.groupsOf(client);
                    }

                    @Override
                    public void initializeClient(CometClient client) {
                        super.initializeClient(client);
                        joinGroup(client, "room");
                    }
                };
        try (Server server = Server.start(failing, 1, options -> options)) {
            CometClient ada = server.client("ada");
            Request held = server.poll(ada, 0);
            server.settle();
            server.manager.sendToGroup("room", "n", 1);
            assertThat(held.await().batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName("C2: a client that the store may have or not is none, and its tokens are free")
    void initializeClient_storeFailsWhenItHasIt_leavesNothing() {
        DelegatingProvider failing =
                new DelegatingProvider() {
                    private boolean failed;

                    @Override
                    public void initializeClient(CometClient client) {
                        super.initializeClient(client);
                        if (!failed) {
                            failed = true;
                            throw new IllegalStateException("no answer, as the test wants");
                        }
                    }
                };
        try (Server server = Server.start(failing, 1, options -> options)) {
            assertThatThrownBy(() -> server.client("ada"))
                    .matches(
                            e ->
                                    ((CometException) e).reason()
                                            == CometException.Reason.PROVIDER_UNAVAILABLE);
            assertThat(server.manager.clients()).isEmpty();
            assertThat(server.events.events()).isEmpty();
            CometClient ada = server.client("ada");
            assertThat(server.manager.clients()).containsExactly(ada);
        }
    }

    @Test
    @DisplayName("C3: a client that is ended before initializeClient returns has both its events")
    void disconnect_beforeInitializeClientReturns_tellsBothEvents() {
        try (Server server = start()) {
            provider.afterInitialisation =
                    () ->
                            assertThat(
                                            server.manager
                                                    .findClientByPrivateToken("secret-of-ada")
                                                    .map(server.manager::disconnect)
                                                    .orElse(false))
                                    .isTrue();
            CometClient ada = server.client("ada");
            assertThat(server.events.kinds(ada))
                    .containsExactly(CLIENT_INITIALIZED, CLIENT_DISCONNECTED);
            server.settle();
            assertThat(server.manager.clients()).isEmpty();
        }
    }

    @Test
    @DisplayName("C2: a client that is refused leaves nothing behind, and tells nobody")
    void initializeClient_refused_leavesTheFirstUnharmed() {
        try (Server server = start()) {
            CometClient ada = server.client("ada");
            Request held = server.poll(ada, 0);
            server.settle();
            assertThatThrownBy(() -> server.client("ada")).isInstanceOf(CometException.class);
            server.settle();
            assertThat(held.isAnswered()).isFalse();
            server.manager.sendMessage("ada", "n", 1);
            assertThat(held.await().batch().messages()).hasSize(1);
            assertThat(server.events.events().stream().filter(e -> e.kind() == CLIENT_INITIALIZED))
                    .hasSize(1);
            assertThat(server.manager.statistics().events().pending()).isZero();
        }
    }

    @Test
    @DisplayName("C12: a description that was never initialised cannot be disconnected")
    void disconnect_description_isRefused() {
        try (Server server = start()) {
            CometClient description = CometClient.builder().publicToken("ada").build();
            CometClient ada = server.manager.initializeClient(description);
            assertThat(ada).isNotEqualTo(description);
            assertThatThrownBy(() -> server.manager.disconnect(description))
                    .hasMessage(
                            "client is a description; use what initializeClient has made of it");
            assertThatThrownBy(() -> server.manager.sendMessage(description, "n", 1))
                    .hasMessage(
                            "client is a description; use what initializeClient has made of it");
            assertThat(server.manager.disconnect(ada)).isTrue();
        }
    }
}
