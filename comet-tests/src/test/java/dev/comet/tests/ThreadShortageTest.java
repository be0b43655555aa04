package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.ManagerThreads;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.RecordedAnswers;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.RecordedStream;
import dev.comet.testkit.internal.RecordingEventHandler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A machine that has no thread to give for some seconds, with a store that may block (row W16): as
 * soon as there are threads again, everything goes on.
 */
@Timeout(60)
class ThreadShortageTest {

    private final AtomicInteger idleBeginnings = new AtomicInteger();
    private volatile boolean isShort;

    /** When it is made, not when it is started: newer JDKs' pools do not call start() for that. */
    private final class ScarceThread extends Thread {
        ScarceThread(Runnable work) {
            super(work);
            if (isShort) {
                throw new InternalError("unable to create native thread, as the test wants");
            }
        }
    }

    private final DelegatingProvider blocking =
            new DelegatingProvider() {
                @Override
                public boolean readsFromMemory() {
                    return false;
                }

                @Override
                public boolean keepAlive(CometClient client, long idleInNanos) {
                    if (Thread.currentThread().getName().equals("comet-store")) {
                        idleBeginnings.incrementAndGet();
                    }
                    return super.keepAlive(client, idleInNanos);
                }
            };

    private final ManualClock clock = new ManualClock();
    private final RecordingEventHandler events = new RecordingEventHandler();
    private final RecordedAnswers answers = new RecordedAnswers();
    private final CometStateManager manager =
            ManagerThreads.madeBy(
                            ScarceThread::new,
                            CometStateManager.builder(blocking)
                                    .clock(clock)
                                    .waitThreads(1)
                                    .eventHandler(events))
                    .build();

    private CometClient client(String name) {
        clock.awaitAllParked(1);
        return manager.initializeClient(CometClient.builder().publicToken(name).build());
    }

    private void pass(Duration duration) {
        clock.awaitAllParked();
        clock.advance(duration);
        clock.awaitAllParked();
    }

    @AfterEach
    void close() {
        isShort = false;
        manager.close();
    }

    @Test
    @DisplayName("W16: a held poll hears of a message that came while there was no thread")
    void send_noThreadForAMoment_thePollIsAnsweredAfterwards() {
        CometClient ada = client("ada");
        Request poll =
                answers.watch(manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0));
        clock.awaitAllParked();
        await().until(() -> manager.statistics().store().busyReads() == 0);
        isShort = true;
        manager.sendMessage("ada", "n", 1);
        manager.sendMessage("ada", "n", 2);
        pass(Duration.ofSeconds(3));
        assertThat(poll.isAnswered()).isFalse();
        isShort = false;
        pass(Duration.ofSeconds(2));
        assertThat(poll.await().batch().messages()).hasSize(2);
    }

    @Test
    @DisplayName("W16: so does a stream")
    void send_noThreadForAMoment_theStreamGoesOn() {
        CometClient ada = client("ada");
        RecordedStream stream = new RecordedStream();
        manager.endpoint().openStream(ada.privateToken(), 0, stream, 0);
        clock.awaitAllParked();
        isShort = true;
        manager.sendMessage("ada", "n", 1);
        pass(Duration.ofSeconds(3));
        isShort = false;
        pass(Duration.ofSeconds(2));
        assertThat(stream.awaitIds(1)).hasSize(1);
    }

    @Test
    @DisplayName(
            "W16, C6: a client that became idle while there was no thread is killed afterwards")
    void time_noThreadForAMoment_theIdleClientIsKilled() {
        CometClient ada = client("ada");
        isShort = true;
        pass(Duration.ofSeconds(61));
        pass(Duration.ofSeconds(5));
        assertThat(manager.clients()).containsExactly(ada);
        isShort = false;
        pass(Duration.ofSeconds(2));
        await().until(() -> manager.clients().isEmpty());
        events.await(IDLE_CLIENT_KILLED, ada);
    }

    @Test
    @DisplayName(
            "W16: a client can be ended without a thread, and its end is told when there is one")
    void disconnect_noThreadForAMoment_isDoneAndToldAfterwards() {
        isShort = true;
        CometClient ada = client("ada");
        assertThat(manager.disconnect(ada)).isTrue();
        assertThat(manager.clients()).isEmpty();
        pass(Duration.ofSeconds(5));
        assertThat(events.events()).isEmpty();
        isShort = false;
        pass(Duration.ofSeconds(2));
        events.await(CLIENT_DISCONNECTED, ada);
        assertThat(events.kinds(ada))
                .containsExactly(
                        RecordingEventHandler.Kind.CLIENT_INITIALIZED, CLIENT_DISCONNECTED);
    }

    @Test
    @DisplayName(
            "W10: however many requests end while the store hangs, a client has one task there")
    void poll_storeHangs_tasksForItAreBounded() {
        CometClient ada = client("ada");
        isShort = true; // as if each of its threads were stuck: none takes a task
        for (int i = 0; i < 1_000; i++) {
            manager.endpoint().beginSubscribe(ada.privateToken(), 0, Duration.ZERO, 0);
        }
        isShort = false;
        pass(Duration.ofSeconds(2));
        await().until(() -> manager.statistics().store().busyReads() == 0);
        assertThat(idleBeginnings).hasValue(1);
    }

    @Test
    @DisplayName("W16, M10: what depends on a request runs when there is a thread again")
    void request_noThreadForAMoment_dependentStagesRunAfterwards() {
        client("ada");
        CompletableFuture<String> told = new CompletableFuture<>();
        manager.request("ada", "n", 1, Duration.ofSeconds(2))
                .whenComplete((reply, failure) -> told.complete(String.valueOf(failure)));
        isShort = true;
        pass(Duration.ofSeconds(3));
        pass(Duration.ofSeconds(3));
        assertThat(told).isNotDone();
        isShort = false;
        pass(Duration.ofSeconds(2));
        await().until(told::isDone);
        assertThat(told.join()).contains("no reply within");
    }
}
