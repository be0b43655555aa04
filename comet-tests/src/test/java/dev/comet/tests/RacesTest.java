package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometException.Reason;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordedStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two things that happen to a held request at the same time, thousands of times: it is answered
 * once, and what was sent arrives (rows W5–W7, C6, C9, C11).
 */
@Timeout(120)
class RacesTest {

    private static final int ROUNDS = 1_000;

    private final Server server = Server.start();
    private final CometStateManager manager = server.manager;

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    @DisplayName("W7: a poll racing a send finds the message, at once or later")
    void beginSubscribe_racingASend_getsTheMessage() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            int audience = i % 2;
            AtomicReference<Request> poll = new AtomicReference<>();
            AtomicReference<Long> sent = new AtomicReference<>();
            long from = cursor;
            race(
                    () -> poll.set(server.poll(ada, from)),
                    () ->
                            sent.set(
                                    audience == 0
                                            ? manager.sendMessage("ada", "n", 1)
                                            : manager.sendToAll("n", 1)));
            CometAnswer answer = poll.get().await();
            assertThat(ids(answer)).containsExactly(sent.get());
            cursor = answer.batch().cursor();
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("W7, M12: a join racing a held poll and a send to the group loses no wake-up")
    void joinGroup_racingAPoll_isWokenByTheGroup() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            AtomicReference<Request> poll = new AtomicReference<>();
            AtomicReference<Long> sent = new AtomicReference<>();
            long from = cursor;
            boolean leavesAtOnce = i % 2 == 0;
            race(
                    () -> poll.set(server.poll(ada, from)),
                    () -> {
                        manager.joinGroup("ada", "room");
                        sent.set(manager.sendToGroup("room", "n", 1));
                        if (leavesAtOnce) {
                            manager.leaveGroup("ada", "room");
                        }
                    });
            CometAnswer answer = poll.get().await();
            assertThat(ids(answer)).containsExactly(sent.get());
            manager.leaveGroup("ada", "room");
            cursor = answer.batch().cursor();
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("W5, W7: a stream racing a poll, a send and the peer's going: nothing is lost")
    void openStream_racingAPollASendAndItsEnd_losesNothing() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            RecordedStream stream = new RecordedStream();
            AtomicReference<Request> poll = new AtomicReference<>();
            AtomicReference<Long> sent = new AtomicReference<>();
            long from = cursor;
            boolean peerGoes = i % 2 == 0;
            race(
                    () -> {
                        server.stream(ada, from, stream);
                        if (peerGoes) {
                            stream.stream().close();
                        }
                    },
                    () -> poll.set(server.poll(ada, from)),
                    () -> sent.set(manager.sendMessage("ada", "n", 1)));
            RecordedStream last = server.stream(ada, cursor);
            assertThat(last.ids()).containsExactly(sent.get());
            assertThat(stream.awaitEnd().outcome()).isIn(Outcome.SUPERSEDED, Outcome.ABANDONED);
            assertThat(stream.ids()).isSubsetOf(sent.get());
            cursor = sent.get();
        }
        server.answers.awaitAll();
        server.answers.assertEachAnsweredOnce();
        assertThat(manager.statistics().held().streams()).isEqualTo(1);
        assertThat(manager.statistics().held().polls()).isZero();
    }

    @Test
    @DisplayName(
            "H3, W7: ready racing sends and a sink that fills with each write: all come in order")
    void ready_racingSends_losesNoWakeUp() {
        CometClient ada = server.client("ada");
        RecordedStream stream = server.stream(ada, 0, new RecordedStream().takes(1));
        List<Long> sent = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < ROUNDS; i++) {
            race(
                    () -> stream.goOn(1),
                    () -> sent.add(manager.sendMessage("ada", "n", 1)),
                    () -> sent.add(manager.sendToAll("n", 1)));
            stream.awaitCalls(i + 2); // the first heart-beat, and one each time
        }
        stream.goOn(Integer.MAX_VALUE);
        assertThat(stream.awaitIds(sent.size()))
                .isSorted()
                .containsExactlyInAnyOrderElementsOf(sent);
    }

    @Test
    @DisplayName("W7, M12: leaving between a message and its wake-up loses neither")
    void leaveGroup_betweenAppendAndWakeUp_isWoken() {
        AtomicReference<Runnable> beforeGroupGrew = new AtomicReference<>(() -> {});
        try (Server late =
                Server.start(new LateGroupProvider(beforeGroupGrew), 2, options -> options)) {
            CometClient ada = late.client("ada");
            late.manager.joinGroup("ada", "room");
            Request poll = late.poll(ada, 0);
            late.settle();
            beforeGroupGrew.set(
                    () -> {
                        late.manager.leaveGroup("ada", "room");
                        late.settle();
                    });

            long sent = late.manager.sendToGroup("room", "n", 1);

            assertThat(ids(poll.await())).containsExactly(sent);
        }
    }

    /** Tells late that a group's log grew. */
    private static final class LateGroupProvider extends DelegatingProvider {

        private final AtomicReference<Runnable> beforeGroupGrew;

        LateGroupProvider(AtomicReference<Runnable> beforeGroupGrew) {
            this.beforeGroupGrew = beforeGroupGrew;
        }

        @Override
        public void start(Context context) {
            Listener listener = context.listener();
            super.start(
                    new Context(
                            context.limits(),
                            context.clock(),
                            new DelegatingListener(listener) {
                                @Override
                                public void groupGrew(String group) {
                                    beforeGroupGrew.get().run();
                                    listener.groupGrew(group);
                                }
                            }));
        }
    }

    @Test
    @DisplayName(
            "W5, W7: a poll racing a newer poll and a send: one is superseded at most, and the message arrives")
    void beginSubscribe_racingAnotherAndASend_losesNothing() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            AtomicReference<Request> one = new AtomicReference<>();
            AtomicReference<Request> two = new AtomicReference<>();
            AtomicReference<Long> sent = new AtomicReference<>();
            long from = cursor;
            race(
                    () -> one.set(server.poll(ada, from)),
                    () -> two.set(server.poll(ada, from)),
                    () -> sent.set(manager.sendMessage("ada", "n", 1)));
            List<CometAnswer> answers = List.of(one.get().await(), two.get().await());
            assertThat(answers)
                    .extracting(CometAnswer::outcome)
                    .isSubsetOf(Outcome.MESSAGES, Outcome.SUPERSEDED)
                    .contains(Outcome.MESSAGES);
            answers.stream()
                    .filter(answer -> answer.outcome() == Outcome.MESSAGES)
                    .forEach(answer -> assertThat(ids(answer)).containsExactly(sent.get()));
            cursor = sent.get();
        }
        server.settle();
        assertThat(manager.statistics().held().polls()).isZero();
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("W5: two polls at the same time: exactly one of them stays")
    void beginSubscribe_twoAtTheSameTime_leavesOneHeld() {
        CometClient ada = server.client("ada");
        for (int i = 0; i < ROUNDS; i++) {
            AtomicReference<Request> one = new AtomicReference<>();
            AtomicReference<Request> two = new AtomicReference<>();
            race(() -> one.set(server.poll(ada, 0)), () -> two.set(server.poll(ada, 0)));
            // The one before both, and one of both.
            assertThat(server.answers.count()).isEqualTo(2 * i + 1);
            assertThat(manager.statistics().held().polls()).isEqualTo(1);
        }
        server.settle();
        manager.sendMessage("ada", "n", 1);
        server.answers.awaitAll();
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName(
            "W6: the end of an old request racing the beginning of a newer one leaves the newer")
    void endSubscribe_racingANewerPoll_leavesTheNewer() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            long from = cursor;
            CometAsyncResult old =
                    manager.endpoint().beginSubscribe(ada.privateToken(), from, null, 0);
            AtomicReference<Request> newer = new AtomicReference<>();
            race(
                    () -> manager.endpoint().endSubscribe(old),
                    () -> newer.set(server.poll(ada, from)));
            assertThat(old.answer().outcome()).isIn(Outcome.ABANDONED, Outcome.SUPERSEDED);
            assertThat(newer.get().isAnswered()).isFalse();
            cursor = manager.sendMessage("ada", "n", 1);
            assertThat(ids(newer.get().await())).containsExactly(cursor);
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName(
            "W7: a timeout racing a send: one completion, and the message arrives then or next time")
    void time_racingASend_completesOnceAndLosesNothing() {
        CometClient ada = server.client("ada", 1, 600);
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            Request poll = server.poll(ada, cursor);
            server.clock.advance(Duration.ofMillis(970)); // the last tick before the deadline
            AtomicReference<Long> sent = new AtomicReference<>();
            race(
                    () -> server.clock.advance(Duration.ofMillis(50)),
                    () -> sent.set(manager.sendMessage("ada", "n", 1)));
            CometAnswer answer = poll.await();
            if (answer.outcome() == Outcome.TIMEOUT) {
                answer = server.fetch(ada, Math.max(cursor, answer.batch().cursor()));
            }
            assertThat(ids(answer)).containsExactly(sent.get());
            cursor = sent.get();
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName(
            "W7: an abort racing a send: one completion, and the message is there for the next poll")
    void endSubscribe_racingASend_losesNothing() {
        CometClient ada = server.client("ada");
        long cursor = 0;
        for (int i = 0; i < ROUNDS; i++) {
            CometAsyncResult result =
                    manager.endpoint().beginSubscribe(ada.privateToken(), cursor, null, 0);
            Request poll = server.answers.watch(result);
            AtomicReference<Long> sent = new AtomicReference<>();
            race(
                    () -> manager.endpoint().endSubscribe(result),
                    () -> sent.set(manager.sendMessage("ada", "n", 1)));
            assertThat(poll.await().outcome()).isIn(Outcome.ABANDONED, Outcome.MESSAGES);
            assertThat(ids(server.fetch(ada, cursor))).containsExactly(sent.get());
            cursor = sent.get();
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName(
            "C10, C9, W7: a disconnect racing a poll and a send answers the poll, and the tokens are free")
    void disconnect_racingAPollAndASend_answersThePollAndFreesTheTokens() {
        for (int i = 0; i < ROUNDS; i++) {
            CometClient ada = server.client("ada");
            AtomicReference<Request> poll = new AtomicReference<>();
            race(
                    () -> poll.set(server.poll(ada, 0)),
                    () -> manager.disconnect(ada),
                    () -> manager.sendToAll("n", 1));
            CometAnswer answer = poll.get().await();
            assertThat(answer.outcome())
                    .isIn(Outcome.MESSAGES, Outcome.CLIENT_ENDED, Outcome.ERROR);
            if (answer.outcome() == Outcome.ERROR) {
                assertThat(answer.error()).matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
            }
            assertThat(manager.clients()).isEmpty();
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("C10: a disconnect racing whatever else is seen of the client is told as such")
    void disconnect_racingWhatIsSeenOfTheClient_isTold() {
        for (int i = 0; i < ROUNDS; i++) {
            CometClient ada = server.client("ada");
            Request poll = server.poll(ada, 0);
            race(
                    () -> manager.disconnect(ada),
                    () -> manager.endpoint().seenAt(ada, "192.0.2.1"),
                    () -> manager.endpoint().seenAt(ada, "192.0.2.2"));
            assertThat(poll.await().outcome()).isEqualTo(Outcome.CLIENT_ENDED);
        }
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName(
            "C6: coming back racing the idle kill: either it lives, or it is told; killed once")
    void beginSubscribe_racingTheIdleKill_livesOrIsTold() {
        int killed = 0;
        for (int i = 0; i < ROUNDS; i++) {
            CometClient ada = server.client("ada", 25, 60);
            server.settle();
            server.clock.advance(Duration.ofMillis(59_970));
            AtomicReference<Request> poll = new AtomicReference<>();
            race(
                    () -> server.clock.advance(Duration.ofMillis(50)),
                    () -> poll.set(server.poll(ada, 0)));
            server.settle();
            if (manager.clients().isEmpty()) {
                killed++;
                assertThat(poll.get().await().error())
                        .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
            } else {
                assertThat(poll.get().isAnswered()).isFalse();
                long id = manager.sendMessage("ada", "n", 1);
                assertThat(ids(poll.get().await())).containsExactly(id);
                manager.disconnect(ada);
            }
        }
        assertThat(manager.statistics().clients().idleKilled()).isEqualTo(killed);
        server.answers.assertEachAnsweredOnce();
    }

    @Test
    @DisplayName("C7, C9: a token used again while its old client ends has an idle time of its own")
    void initializeClient_racingTheEndOfTheOldClient_isKilledInItsTurn() {
        for (int i = 0; i < ROUNDS; i++) {
            CometClient old = server.client("ada", 25, 600);
            race(
                    () -> manager.disconnect(old),
                    () -> {
                        while (idleSecondsOfAda() == 600) {
                            Thread.onSpinWait();
                        }
                        server.client("ada", 25, 60);
                    });
            if (i % 100 == 0) {
                server.pass(Duration.ofSeconds(61));
                assertThat(manager.clients()).isEmpty();
            } else {
                manager.findClientByPublicToken("ada").ifPresent(manager::disconnect);
            }
        }
    }

    private int idleSecondsOfAda() {
        return manager.findClientByPublicToken("ada")
                .map(CometClient::connectionIdleSeconds)
                .orElse(0);
    }

    private static List<Long> ids(CometAnswer answer) {
        return answer.batch().messages().stream().map(CometMessage::messageId).toList();
    }

    /** Runs all at the same time, as far as this machine can, and waits for them. */
    private static void race(Runnable... runners) {
        CyclicBarrier start = new CyclicBarrier(runners.length);
        List<Throwable> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 1; i < runners.length; i++) {
            Runnable runner = runners[i];
            Thread thread =
                    new Thread(
                            () -> {
                                try {
                                    start.await();
                                    runner.run();
                                } catch (Throwable e) {
                                    synchronized (failures) {
                                        failures.add(e);
                                    }
                                }
                            });
            threads.add(thread);
            thread.start();
        }
        try {
            start.await();
            runners[0].run();
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AssertionError(e);
        }
        synchronized (failures) {
            assertThat(failures).isEmpty();
        }
    }
}
