package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers;
import dev.comet.testkit.internal.Recording;
import dev.comet.testkit.internal.RecordingEventHandler;
import dev.comet.testkit.internal.RecordingEventHandler.Kind;
import dev.comet.testkit.internal.RecordingListener;
import dev.comet.testkit.internal.RecordingListener.Call;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The recordings and the clock, with a manager at work. */
class RecordingTest {

    private final ManualClock clock = new ManualClock();
    private final RecordingEventHandler events = new RecordingEventHandler();
    private final RecordedAnswers answers = new RecordedAnswers();
    private final CometStateManager manager =
            CometStateManager.builder(new NaiveStateProvider())
                    .clock(clock)
                    .eventHandler(events)
                    .waitThreads(2)
                    .build();

    private final CometClient ada =
            manager.initializeClient(CometClient.builder().publicToken("ada").build());

    private RecordedAnswers.Request poll(long cursor) {
        return answers.watch(
                manager.endpoint().beginSubscribe(ada.privateToken(), cursor, null, 0));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void recordedAnswers_pollAnswered_isRecordedOnce() {
        RecordedAnswers.Request first = poll(0);
        clock.awaitAllParked(2);
        assertThat(first.isAnswered()).isFalse();

        long id = manager.sendMessage("ada", "said", "hello");
        assertThat(first.await().batch().messages()).hasSize(1);
        RecordedAnswers.Request second = poll(id);
        manager.close();
        answers.awaitAll();

        assertThat(second.await().outcome()).isNotEqualTo(Outcome.MESSAGES);
        assertThat(answers.requests()).containsExactly(first, second);
        assertThat(answers.count()).isEqualTo(2);
        answers.assertEachAnsweredOnce();
    }

    @Test
    void assertEachAnsweredOnce_heldStill_fails() {
        poll(0);

        assertThatThrownBy(answers::assertEachAnsweredOnce)
                .isInstanceOf(AssertionError.class)
                .hasMessage("request 1 of 1 was answered 0 times: []");
    }

    @Test
    void manualClock_advancedPastTheHold_answersTimeout() {
        RecordedAnswers.Request request = poll(0);
        clock.awaitAllParked(2);
        clock.advance(Duration.ofSeconds(24));
        clock.awaitAllParked(2);
        assertThat(request.isAnswered()).isFalse();

        clock.advance(Duration.ofSeconds(2));

        assertThat(request.await().outcome()).isEqualTo(Outcome.TIMEOUT);
    }

    @Test
    void recordingEventHandler_lifeOfAClient_isInOrder() {
        poll(0);
        manager.disconnect(ada);

        events.await(Kind.CLIENT_DISCONNECTED, ada);

        assertThat(events.kinds(ada))
                .containsExactly(
                        Kind.CLIENT_INITIALIZED, Kind.CLIENT_SUBSCRIBED, Kind.CLIENT_DISCONNECTED);
        assertThat(events.count(Kind.CLIENT_INITIALIZED, ada)).isEqualTo(1);
        assertThat(events.events()).hasSize(3);
        events.clear();
        assertThat(events.events()).isEmpty();
    }

    @Test
    void recordingListener_calls_areRecordedAfterTheReaction() {
        CometClient ada = CometClient.builder().build();
        RecordingListener listener = new RecordingListener();
        Recording<Integer> recordedBefore = new Recording<>();
        listener.onCall(call -> recordedBefore.add(listener.calls().size()));

        listener.everyoneGrew();
        listener.groupGrew("room");
        listener.clientGrew(ada);
        listener.joined(ada, "room");
        listener.left(ada, "room");

        assertThat(listener.calls())
                .containsExactly(
                        Call.everyoneGrew(),
                        Call.groupGrew("room"),
                        Call.clientGrew(ada),
                        Call.joined(ada, "room"),
                        Call.left(ada, "room"));
        assertThat(recordedBefore.all()).containsExactly(0, 1, 2, 3, 4);
        assertThat(listener.count(Call.groupGrew("room"))).isEqualTo(1);
    }

    @Test
    void await_neverComes_failsAndShowsWhatCame() {
        RecordingListener listener = new RecordingListener(Duration.ofMillis(20));
        listener.everyoneGrew();

        assertThatThrownBy(() -> listener.await(Call.groupGrew("room")))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll("waited PT0.02S for 1 × ", "GROUP_GREW", "EVERYONE_GREW");
    }
}
