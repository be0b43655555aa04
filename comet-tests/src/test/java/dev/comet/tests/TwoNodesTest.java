package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_INITIALIZED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.Footprint;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordedStream;
import dev.comet.testkit.internal.RecordingEventHandler.Kind;
import dev.comet.testkit.internal.SharedStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two managers over one store: what one of them alone would get wrong. */
@Timeout(60)
class TwoNodesTest {

    private final SharedStore store = new SharedStore(new InProcCometStateProvider());
    private final SharedStore.Node nodeA = store.node();
    private final SharedStore.Node nodeB = store.node();
    private final ManualClock clock = new ManualClock();
    private final Server a = new Server(nodeA, clock, 1, options -> options);
    private final Server b = new Server(nodeB, clock, 1, options -> options);

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    private void settle() {
        a.settle();
        b.settle();
        a.settle();
    }

    private void pass(int seconds) {
        settle();
        clock.advance(Duration.ofSeconds(seconds));
        settle();
    }

    private List<Kind> told(CometClient client) {
        List<Kind> told = new java.util.ArrayList<>(a.events.kinds(client));
        told.addAll(b.events.kinds(client));
        told.removeIf(kind -> kind == Kind.CLIENT_SUBSCRIBED);
        return told;
    }

    private static CometAnswer from(CometStateManager manager, CometClient client, long instance) {
        return manager.endpoint()
                .beginSubscribe(client.privateToken(), 0, Duration.ZERO, instance)
                .answer();
    }

    // ---- newest wins

    @Test
    @DisplayName("P6 W5 a poll at another node supersedes, and says who it is; one waiter stays")
    void poll_atAnotherNode_supersedes() {
        CometClient ada = a.client("ada");
        Request old = a.poll(ada, 0);
        settle();
        Request newer =
                b.answers.watch(
                        b.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 7));
        settle();

        assertThat(old.await().outcome()).isEqualTo(Outcome.SUPERSEDED);
        assertThat(old.await().instance()).isEqualTo(7);
        assertThat(newer.isAnswered()).isFalse();
        a.manager.sendMessage(ada, "n", 1);
        settle();
        assertThat(newer.await().batch().messages()).hasSize(1);
        a.answers.assertEachAnsweredOnce();
        b.answers.assertEachAnsweredOnce();
        assertThat(a.manager.statistics().held().polls()).isZero();
    }

    @Test
    @DisplayName("P6 W5 a stream is superseded by a poll at another node, and the other way round")
    void stream_atAnotherNode_supersedesAndIsSuperseded() {
        CometClient ada = a.client("ada");
        RecordedStream stream = a.stream(ada, 0);
        Request poll = b.poll(ada, 0);
        settle();
        assertThat(stream.awaitEnd().outcome()).isEqualTo(Outcome.SUPERSEDED);
        RecordedStream again = a.stream(ada, 0);
        settle();
        assertThat(poll.await().outcome()).isEqualTo(Outcome.SUPERSEDED);
        b.manager.sendMessage(ada, "n", 1);
        settle();
        assertThat(again.batches()).hasSize(1);
    }

    @Test
    @DisplayName("P6 W5 W6 that a client has moved away, told when it is back, ends nothing")
    void superseded_toldWhenTheClientIsBack_endsNothing() {
        CometClient ada = a.client("ada");
        nodeA.hearsNothing();
        from(b.manager, ada, 1);
        Request back = a.poll(ada, 0);
        settle();
        nodeA.hearsAgain();
        settle();

        assertThat(back.isAnswered()).isFalse();
        b.manager.sendMessage(ada, "n", 1);
        settle();
        assertThat(back.await().batch().messages()).hasSize(1);
    }

    @Test
    @DisplayName("P6 W5 W14 a client that changes node with every request leaves nothing behind")
    void poll_atAnotherNodeEachTime_leavesNothingBehind() throws InterruptedException {
        CometClient ada = a.client("ada");
        a.manager.joinGroup(ada, "room");
        long cursor = 0;
        for (int i = 0; i < 50; i++) {
            Server here = i % 2 == 0 ? b : a;
            Request held = here.poll(ada, cursor);
            settle();
            long id = a.manager.sendToGroup("room", "n", i);
            settle();
            assertThat(held.await().batch().messages()).hasSize(1);
            cursor = id;
        }
        assertThat(sessions(a) + sessions(b)).as("sessions").isLessThanOrEqualTo(1);
        pass(61);
        assertThat(a.manager.clients()).isEmpty();
        assertThat(sessions(a) + sessions(b)).isZero();
        assertThat(told(ada)).containsExactly(CLIENT_INITIALIZED, IDLE_CLIENT_KILLED);
    }

    private static int sessions(Server server) throws InterruptedException {
        return Footprint.of(server.manager).sessions();
    }

    // ---- idle

    @Test
    @DisplayName(
            "P6 C8 a request that is held at one node is not idle at another, where it was before")
    void time_heldAtAnotherNode_isNotIdle() {
        CometClient ada = a.client("ada", 300, 10);
        from(a.manager, ada, 0);
        Request held = b.poll(ada, 0);
        pass(200);

        assertThat(held.isAnswered()).isFalse();
        assertThat(a.manager.clients()).containsExactly(ada);
        assertThat(told(ada)).containsExactly(CLIENT_INITIALIZED);
    }

    @Test
    @DisplayName("P6 C6 a client that stays away is killed once, whichever nodes it has visited")
    void time_clientStaysAway_isKilledOnce() {
        CometClient ada = a.client("ada", 25, 60);
        from(b.manager, ada, 0);
        from(a.manager, ada, 0);
        from(b.manager, ada, 0);
        pass(59);
        assertThat(a.manager.clients()).containsExactly(ada);
        pass(2);
        pass(61);

        assertThat(a.manager.clients()).isEmpty();
        assertThat(told(ada)).containsExactly(CLIENT_INITIALIZED, IDLE_CLIENT_KILLED);
    }

    @Test
    @DisplayName(
            "P6 C6 C7 clients of a node that is gone are killed once, if they do not come back")
    void crash_clientsOfTheNode_areKilledOnceUnlessTheyComeBack() {
        CometClient ada = a.client("ada", 25, 60);
        CometClient bob = a.client("bob", 25, 60);
        a.poll(ada, 0);
        a.poll(bob, 0);
        settle();
        nodeA.crash();
        Request back = b.poll(bob, 0);
        pass(30);
        assertThat(back.await().outcome()).isEqualTo(Outcome.TIMEOUT);
        b.poll(bob, 0);
        pass(40);
        pass(5);

        assertThat(b.manager.clients()).containsExactly(bob);
        assertThat(b.events.kinds(ada)).containsExactly(IDLE_CLIENT_KILLED);
        assertThat(b.manager.statistics().clients().idleKilled()).isEqualTo(1);
    }

    // ---- the end

    @Test
    @DisplayName(
            "P6 C10 a disconnect at one node answers what another holds, with the reason; once")
    void disconnect_heldAtAnotherNode_answersWithTheReason() {
        CometClient ada = a.client("ada");
        Request held = b.poll(ada, 0);
        settle();

        assertThat(a.manager.disconnect(ada)).isTrue();
        assertThat(b.manager.disconnect(ada)).isFalse();
        settle();

        assertThat(held.await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
        assertThat(held.await().endReason()).isEqualTo(EndReason.DISCONNECTED);
        assertThat(told(ada)).containsExactly(CLIENT_INITIALIZED, CLIENT_DISCONNECTED);
        CometClient next = b.client("ada");
        Request nexts = a.poll(next, 0);
        settle();
        assertThat(nexts.isAnswered()).isFalse();
    }

    @Test
    @DisplayName("P6 C10 a disconnect ends a client that moves away and back meanwhile, too")
    void disconnect_clientMovesAwayAndBackMeanwhile_answers() {
        CometClient ada = a.client("ada");
        List<Request> back = new java.util.ArrayList<>();
        nodeA.beforeRemoval(
                () -> {
                    from(b.manager, ada, 1);
                    back.add(a.poll(ada, 0));
                });
        assertThat(a.manager.disconnect(ada)).isTrue();
        settle();
        // At once: with the reason, unless its own look is first to find the client gone.
        assertThat(back.get(0).await().outcome()).isIn(Outcome.CLIENT_ENDED, Outcome.ERROR);
        assertThat(told(ada)).containsExactly(CLIENT_INITIALIZED, CLIENT_DISCONNECTED);
    }

    // ---- requests and replies

    @Test
    @DisplayName("P6 M10 a reply, or a refusal, that is posted at another node reaches who waits")
    void reply_atAnotherNode_reachesTheRequester() {
        CometClient lamp = b.client("lamp");
        CompletableFuture<CometReply> asked = ask("c-1");
        b.manager.endpoint().acceptReply(lamp.privateToken(), "c-1", "on");
        assertThat(asked.join().contents()).isEqualTo("on");
        CompletableFuture<CometReply> again = ask("c-2");
        b.manager.endpoint().acceptRefusal(lamp.privateToken(), "c-2", "no bulb");
        assertReason(again, CometException.Reason.REFUSED);
    }

    private CompletableFuture<CometReply> ask(String correlationId) {
        return a.manager
                .request("lamp", "switch", true, Duration.ofSeconds(30), correlationId)
                .toCompletableFuture();
    }

    private static void assertReason(
            CompletableFuture<CometReply> reply, CometException.Reason reason) {
        assertThatThrownBy(reply::join)
                .hasRootCauseInstanceOf(CometException.class)
                .rootCause()
                .extracting(e -> ((CometException) e).reason())
                .isEqualTo(reason);
    }

    @Test
    @DisplayName("P6 M10 timeout, a second reply, a duplicate and a dead client are told apart")
    void reply_lateTwiceOrOfADeadClient_isToldApart() {
        CometClient lamp = b.client("lamp");
        CometClient dead = b.client("dead");
        CompletableFuture<CometReply> first = ask("c-1");
        b.manager.endpoint().acceptReply(lamp.privateToken(), "c-1", 1);
        first.join();
        assertReply(CometException.Reason.ALREADY_REPLIED, b, lamp, "c-1");
        assertReply(CometException.Reason.ALREADY_REPLIED, a, lamp, "c-1");
        assertReply(CometException.Reason.NO_SUCH_REQUEST, b, dead, "c-1");

        CompletableFuture<CometReply> waits = ask("c-2");
        assertReason(
                b.manager
                        .request("lamp", "switch", true, Duration.ofSeconds(30), "c-2")
                        .toCompletableFuture(),
                CometException.Reason.DUPLICATE_REQUEST);
        assertReason(ask("c-2"), CometException.Reason.DUPLICATE_REQUEST);
        b.manager.endpoint().acceptReply(lamp.privateToken(), "c-2", "still awaited");
        assertThat(waits.join().contents()).isEqualTo("still awaited");
        waits = ask("c-4");
        pass(31);
        assertReason(waits, CometException.Reason.TIMED_OUT);
        assertReply(CometException.Reason.NO_SUCH_REQUEST, b, lamp, "c-4");

        CompletableFuture<CometReply> last = ask("c-3");
        b.manager.disconnect(lamp);
        assertReason(last, CometException.Reason.CLIENT_DOES_NOT_EXIST);
    }

    private static void assertReply(
            CometException.Reason reason, Server at, CometClient client, String correlationId) {
        assertThatThrownBy(
                        () ->
                                at.manager
                                        .endpoint()
                                        .acceptReply(client.privateToken(), correlationId, 1))
                .isInstanceOfSatisfying(
                        CometException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    // ---- everything else

    @Test
    @DisplayName("P6 M4 M12 joins, sends and broadcasts at one node wake the requests of another")
    void send_atAnotherNode_wakes() {
        CometClient ada = a.client("ada");
        Request held = b.poll(ada, 0);
        settle();
        a.manager.joinGroup(ada, "room");
        settle();
        long id = a.manager.sendToGroup("room", "n", 1);
        settle();
        assertThat(held.await().batch().messages()).hasSize(1);
        Request next = b.poll(ada, id);
        settle();
        a.manager.sendToAll("n", 2);
        settle();
        assertThat(next.await().batch().messages()).hasSize(1);
    }
}
