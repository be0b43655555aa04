package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_INITIALIZED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_SUBSCRIBED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows C1–C11 at the manager. */
@Timeout(60)
class ClientsTest {

    private final Server server = Server.start();

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    @DisplayName("C1: broken values of groups, tokens and numbers are refused by name")
    void everyMethod_brokenValue_isRefusedByName() {
        List<String> texts = new ArrayList<>();
        List<Consumer<CometStateManager>> calls =
                List.of(
                        m -> m.sendMessage(" ", "n", 1),
                        m -> m.sendMessage(List.of(), "n", 1),
                        m -> m.sendToAllExcept("", "n", 1),
                        m -> m.sendToGroup("", "n", 1),
                        m -> m.joinGroup("ada", "g".repeat(129)),
                        m -> m.leaveGroup("", "g"),
                        m -> m.groupHistory("g", 1, 0),
                        m -> m.drain(Duration.ofSeconds(-1)));
        for (Consumer<CometStateManager> call : calls) {
            assertThatExceptionOfType(CometException.class)
                    .isThrownBy(() -> call.accept(server.manager))
                    .matches(e -> e.reason() == Reason.PARAMETERS_INVALID)
                    .satisfies(e -> texts.add(e.getMessage()));
        }
        assertThat(texts)
                .containsExactly(
                        "publicToken is blank; use 1 to 256 characters",
                        "publicTokens is empty; name at least one recipient",
                        "publicToken is blank; use 1 to 256 characters",
                        "group is blank; use 1 to 128 characters",
                        "group has 129 characters; use 1 to 128",
                        "publicToken is blank; use 1 to 256 characters",
                        "maxMessages is 0; use at least 1",
                        "spread is PT-1S; use zero or more");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("C2: a second client with either token is refused, the first is unharmed")
    void initializeClient_tokenInUse_isRefusedAndTheFirstGoesOn(boolean samePublic) {
        CometClient ada = server.client("ada");
        Request held = server.poll(ada, 0);
        CometClient second =
                CometClient.builder()
                        .publicToken(samePublic ? "ada" : "other")
                        .privateToken(samePublic ? "other-secret" : ada.privateToken())
                        .build();
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> server.manager.initializeClient(second))
                .matches(e -> e.reason() == Reason.CLIENT_ALREADY_EXISTS)
                .matches(e -> !e.getMessage().contains("secret"));
        server.manager.sendMessage("ada", "still", "here");
        assertThat(held.await().batch().messages()).hasSize(1);
        assertThat(server.manager.clients()).containsExactly(ada);
        assertThat(server.events.count(CLIENT_INITIALIZED, ada)).isEqualTo(1);
    }

    @Test
    @DisplayName("C3: clientInitialized fires once, when the store has the client")
    void initializeClient_handlerLooks_findsTheClientInTheStore() {
        AtomicReference<CometStateManager> manager = new AtomicReference<>();
        List<CometClient> found = new ArrayList<>();
        CometClientEventHandler handler =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        manager.get()
                                .findClientByPrivateToken(client.privateToken())
                                .ifPresent(found::add);
                    }
                };
        server.manager.addEventHandler(handler);
        manager.set(server.manager);
        CometClient ada = server.client("ada");
        server.fetch(ada, 0);
        server.fetch(ada, 0);
        assertThat(found).containsExactly(ada);
        assertThat(server.events.kinds(ada))
                .containsExactly(CLIENT_INITIALIZED, CLIENT_SUBSCRIBED, CLIENT_SUBSCRIBED);
    }

    @Test
    @DisplayName("C4: a public token can neither poll nor disconnect, and no text shows the secret")
    void everyMethod_publicTokenInsteadOfPrivate_findsNobody() {
        CometClient ada = server.client("ada");
        assertThat(server.manager.endpoint().beginSubscribe("ada", 0, null, 0).answer().error())
                .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
        assertThat(
                        server.manager
                                .findClientByPrivateToken("ada")
                                .map(server.manager::disconnect)
                                .orElse(false))
                .isFalse();
        assertThat(server.manager.findClientByPrivateToken("ada")).isEmpty();
        assertThat(server.manager.findClientByPublicToken(ada.privateToken())).isEmpty();
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> server.manager.sendMessage(ada.privateToken(), "n", 1))
                .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST)
                .matches(e -> !e.getMessage().contains("secret"));
        assertThat(server.manager.clients()).containsExactly(ada);
    }

    @Test
    @DisplayName("C4: a client that is sent as contents shows its name and address only")
    void sendMessage_clientAsContents_doesNotCarryItsSecret() {
        CometClient ada = server.client("ada");
        server.manager.sendToAll("joined", ada);
        CometMessage message = server.fetch(ada, 0).batch().messages().get(0);
        assertThat(new String(message.encoded().contentsJson(), UTF_8))
                .isEqualTo("{\"displayName\":\"ada\",\"publicToken\":\"ada\"}");
    }

    @Test
    @DisplayName("C5: clientSubscribed fires on every poll, held or answered at once")
    void beginSubscribe_everyTime_isToldToTheHandlers() {
        CometClient ada = server.client("ada");
        server.poll(ada, 0);
        server.poll(ada, 0);
        server.manager.sendMessage("ada", "n", 1);
        server.poll(ada, 0);
        assertThat(server.events.count(CLIENT_SUBSCRIBED, ada)).isEqualTo(3);
    }

    @Test
    @DisplayName("C6: who stays away is killed once, after its idle time and not before")
    void time_clientStaysAway_killsItOnce() {
        CometClient ada = server.client("ada", 25, 60);
        server.pass(Duration.ofSeconds(30));
        server.fetch(ada, 0);
        server.pass(Duration.ofMillis(59_900));
        assertThat(server.manager.clients()).containsExactly(ada);
        assertThat(server.events.count(IDLE_CLIENT_KILLED, ada)).isZero();
        server.pass(Duration.ofMillis(200));
        assertThat(server.manager.clients()).isEmpty();
        server.pass(Duration.ofMinutes(10));
        assertThat(server.events.kinds(ada))
                .containsExactly(CLIENT_INITIALIZED, CLIENT_SUBSCRIBED, IDLE_CLIENT_KILLED);
        assertThat(server.manager.statistics().clients().idleKilled()).isEqualTo(1);
        assertThat(server.fetch(ada, 0).error())
                .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
    }

    @Test
    @DisplayName("C6: the idle time begins anew with each answered request")
    void time_clientComesBackAgainAndAgain_doesNotKillIt() {
        CometClient ada = server.client("ada", 25, 60);
        for (int i = 0; i < 20; i++) {
            server.pass(Duration.ofSeconds(59));
            assertThat(server.fetch(ada, 0).outcome()).isEqualTo(Outcome.TIMEOUT);
        }
        for (int i = 0; i < 5; i++) {
            server.pass(Duration.ofSeconds(59));
            Request held = server.poll(ada, 0);
            server.pass(Duration.ofSeconds(25));
            assertThat(held.await().outcome()).isEqualTo(Outcome.TIMEOUT);
        }
        assertThat(server.manager.clients()).containsExactly(ada);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"answered while held", "superseded and answered", "aborted", "timed out"})
    @DisplayName(
            "C6: the idle time is counted from the answer, also if it is shorter than the hold")
    void time_idleShorterThanHold_killsOnTime(String ending) {
        CometClient ada = server.client("ada", 300, 10);
        var result = server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
        server.pass(Duration.ofSeconds(12));
        switch (ending) {
            case "answered while held" -> server.manager.sendMessage("ada", "n", 1);
            case "superseded and answered" -> server.fetch(ada, 0);
            case "aborted" -> server.manager.endpoint().endSubscribe(result);
            default -> server.pass(Duration.ofSeconds(288));
        }
        server.settle();
        assertThat(result.isCompleted()).isTrue();
        server.pass(Duration.ofMillis(9_900));
        assertThat(server.manager.clients()).containsExactly(ada);
        server.pass(Duration.ofMillis(200));
        assertThat(server.manager.clients()).isEmpty();
        assertThat(server.events.count(IDLE_CLIENT_KILLED, ada)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE - 30_000_000_000L, -30_000_000_000L, Long.MIN_VALUE})
    @DisplayName("C6, W2: deadlines hold where the clock's readings change their sign")
    void time_clockOverflows_killsAndTimesOutOnTime(long start) {
        try (Server odd = Server.startAt(start)) {
            CometClient ada = odd.client("ada", 25, 60);
            Request held = odd.poll(ada, 0);
            odd.pass(Duration.ofMillis(24_900));
            assertThat(held.isAnswered()).isFalse();
            odd.pass(Duration.ofMillis(200));
            assertThat(held.await().outcome()).isEqualTo(Outcome.TIMEOUT);
            odd.pass(Duration.ofMillis(59_800));
            assertThat(odd.manager.clients()).containsExactly(ada);
            odd.pass(Duration.ofMillis(300));
            assertThat(odd.manager.clients()).isEmpty();
        }
    }

    @Test
    @DisplayName("C7: a client that was initialised and never polled is killed too")
    void time_neverPolled_killsIt() {
        CometClient ada = server.client("ada", 25, 60);
        server.pass(Duration.ofMillis(59_900));
        assertThat(server.manager.clients()).containsExactly(ada);
        server.pass(Duration.ofMillis(200));
        assertThat(server.manager.clients()).isEmpty();
        assertThat(server.events.kinds(ada))
                .containsExactly(CLIENT_INITIALIZED, IDLE_CLIENT_KILLED);
    }

    @Test
    @DisplayName("C8: a held request is never idle, however long it is held")
    void time_requestHeldLongerThanIdle_doesNotKill() {
        CometClient ada = server.client("ada", 300, 2);
        Request held = server.poll(ada, 0);
        for (int i = 0; i < 299; i++) {
            server.pass(Duration.ofSeconds(1));
        }
        assertThat(held.isAnswered()).isFalse();
        assertThat(server.manager.clients()).containsExactly(ada);
        server.manager.sendMessage("ada", "n", 1);
        assertThat(held.await().batch().messages()).hasSize(1);
    }

    @Test
    @DisplayName("C8: a held request is never idle, also if another node asks the store")
    void kill_askedByAnotherNodeWhileHeld_doesNotKill() {
        InProcCometStateProvider store = new InProcCometStateProvider();
        try (Server node = Server.start(store, 2, options -> options)) {
            CometClient ada = node.client("ada", 300, 2);
            Request held = node.poll(ada, 0);
            node.pass(Duration.ofSeconds(299));
            assertThat(store.killIdleCometClient(ada)).isPositive();
            assertThat(held.isAnswered()).isFalse();
            node.pass(Duration.ofSeconds(2));
            assertThat(held.await().outcome()).isEqualTo(Outcome.TIMEOUT);
            assertThat(store.killIdleCometClient(ada)).isPositive();
        }
    }

    @Test
    @DisplayName("C9: tokens can be used again after a kill, and the old messages are gone")
    void initializeClient_tokensOfAKilledClient_beginsAnew() {
        CometClient old = server.client("ada", 25, 60);
        server.manager.joinGroup("ada", "room");
        server.manager.sendMessage("ada", "old", 1);
        server.manager.sendToGroup("room", "old", 2);
        server.manager.sendToAll("old", 3);
        server.pass(Duration.ofSeconds(61));
        assertThat(server.manager.clients()).isEmpty();
        CometClient ada = server.client("ada", 25, 60);
        assertThat(ada.privateToken()).isEqualTo(old.privateToken());
        Request held = server.poll(ada, 0);
        server.manager.sendToGroup("room", "not for the newcomer", 4);
        server.settle();
        assertThat(held.isAnswered()).isFalse();
        server.manager.sendMessage("ada", "new", 5);
        assertThat(held.await().batch().messages())
                .extracting(m -> m.name())
                .containsExactly("new");
        // It is as alive as any: it is killed when its own time has come, and not before.
        server.pass(Duration.ofSeconds(59));
        assertThat(server.manager.clients()).containsExactly(ada);
        server.pass(Duration.ofSeconds(2));
        assertThat(server.manager.clients()).isEmpty();
    }

    @Test
    @DisplayName("C10: disconnect answers the held request and ends the client")
    void disconnect_requestHeld_answersClosed() {
        CometClient ada = server.client("ada");
        Request held = server.poll(ada, 0);
        assertThat(server.manager.disconnect(ada)).isTrue();
        assertThat(held.await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
        assertThat(held.await().endReason()).isEqualTo(EndReason.DISCONNECTED);
        assertThat(server.manager.disconnect(ada)).isFalse();
        assertThat(server.fetch(ada, 0).error())
                .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
        server.pass(Duration.ofMinutes(5));
        assertThat(server.events.kinds(ada))
                .containsExactly(CLIENT_INITIALIZED, CLIENT_SUBSCRIBED, CLIENT_DISCONNECTED);
        assertThat(server.manager.statistics().held().polls()).isZero();
    }

    @Test
    @DisplayName("C11: who is killed with a request held gets client-does-not-exist")
    void kill_requestHeld_answersThatTheClientIsGone() {
        // Killed by the store behind the manager's back: as by another node.
        InProcCometStateProvider store = new InProcCometStateProvider();
        try (Server node = Server.start(store, 2, options -> options)) {
            CometClient ada = node.client("ada");
            Request held = node.poll(ada, 0);
            node.settle();
            store.removeClient(ada, EndReason.DISCONNECTED);
            node.manager.sendToAll("whatever", "wakes everybody");
            assertThat(held.await().error())
                    .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
        }
    }
}
