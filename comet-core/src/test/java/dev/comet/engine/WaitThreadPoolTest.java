package dev.comet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.engine.CometWaitRequest.EndCause;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class WaitThreadPoolTest {

    private final MovedClock clock = new MovedClock();
    private WaitThreadPool<Session> pool = new WaitThreadPool<>(2, clock);

    @AfterEach
    void close() {
        pool.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 64})
    @DisplayName("W8: keys are spread over 1, 5 and 64 wait threads")
    void ownerOf_manyKeys_sharesThemOut(int threads) {
        pool.close();
        pool = new WaitThreadPool<>(threads, clock);
        int keys = threads * 500;
        Map<CometWaitThread, Integer> share = new HashMap<>();
        for (int i = 0; i < keys; i++) {
            share.merge(pool.ownerOf("client-" + i), 1, Integer::sum);
        }
        assertThat(share).hasSize(threads);
        assertThat(share.values())
                .allMatch(count -> (count > 250 && count < 1_000) || threads == 1);
    }

    @Test
    void open_keyInUse_returnsTheOneThatIsThere() throws InterruptedException {
        Session first = pool.open(new Session(pool, "a"));
        assertThat(pool.open(new Session(pool, "a"))).isSameAs(first);
        assertThat(pool.get("a")).isSameAs(first);
        assertThat(pool.end(first, EndCause.CLIENT_ENDED)).isTrue();
        assertThat(pool.end(first, EndCause.CLIENT_ENDED)).isFalse();
        assertThat(pool.get("a")).isNull();
        Session second = pool.open(new Session(pool, "a"));
        assertThat(pool.end(first, EndCause.CLIENT_ENDED)).isFalse();
        assertThat(pool.get("a")).isSameAs(second);
    }

    @Test
    void signal_ownLogGrew_looksAgainUntilThereIsSomething() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        Request request = hold(session);
        settle(session);
        int looks = request.looks.get();
        assertThat(looks).isPositive();
        pool.grew("a");
        settle(session);
        assertThat(request.looks).hasValue(looks + 1);
        assertThat(request.isDone()).isFalse();
        request.somethingToFind = true;
        pool.grew("a");
        settle(session);
        assertThat(request.isDone()).isTrue();
        int looksInAll = request.looks.get();
        pool.grew("a");
        settle(session);
        assertThat(request.looks).hasValue(looksInAll);
    }

    @Test
    void takeOver_oneIsHeld_supersedesItAndHoldsTheNewer() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        Request first = hold(session);
        Request second = hold(session);
        settle(session);
        assertThat(first.ending()).isEqualTo("SUPERSEDED");
        assertThat(second.isDone()).isFalse();
        second.somethingToFind = true;
        pool.grew("a");
        settle(session);
        assertThat(second.ending()).isEqualTo("found");
    }

    @Test
    @DisplayName(
            "W7: who took a request away says how it ends, not the wait thread that comes late")
    void hold_requestLetGoButNotYetEnded_leavesTheEndToWhoLetGo() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        Request request = new Request(session, 1_000);
        session.takeOver(request);
        // As a completion does it: lets go, then completes. The wait thread comes in between.
        session.letGo(request);
        pool.hold(request);
        settle(session);
        assertThat(request.ending()).isNull();
        request.end(EndCause.CLIENT_ENDED);
        assertThat(request.ending()).isEqualTo("CLIENT_ENDED");
    }

    @Test
    void end_requestIsHeld_endsItAndLeavesNoTimer() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        Request request = hold(session);
        settle(session);
        assertThat(timers(session)).isEqualTo(1);
        pool.end(session, EndCause.CLIENT_ENDED);
        settle(session);
        assertThat(request.ending()).isEqualTo("CLIENT_ENDED");
        assertThat(timers(session)).isZero();
    }

    @Test
    void end_requestComesLate_endsThatToo() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        pool.end(session, EndCause.CLIENT_ENDED);
        Request late = hold(session);
        settle(session);
        assertThat(late.ending()).isEqualTo("CLIENT_ENDED");
        assertThat(timers(session)).isZero();
    }

    @Test
    void everyoneGrew_readerFails_looksForTheOthersAllTheSame() throws InterruptedException {
        pool.close();
        pool = new WaitThreadPool<>(1, clock);
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            requests.add(hold(pool.open(new Session(pool, "s" + i))));
        }
        settle(pool.get("s0"));
        requests.get(0).somethingToFind = true;
        requests.get(1).failure = new Error("this look fails, as the test wants");
        requests.get(2).somethingToFind = true;
        pool.everyoneGrew();
        settle(pool.get("s0"));
        assertThat(requests.get(0).ending()).isEqualTo("found");
        assertThat(requests.get(2).ending()).isEqualTo("found");
    }

    @Test
    void joinAndLeave_manyTimesInAnyOrder_readsTheLogOnceAndForgetsItAtLast()
            throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        Session other = pool.open(new Session(pool, "b"));
        Request request = hold(session);
        settle(session);
        for (int i = 0; i < 3; i++) {
            pool.join(session, "g");
            pool.join(session, "g");
            pool.join(other, "g");
            settle(session);
            settle(other);
            int looks = request.looks.get();
            pool.groupGrew("g");
            settle(session);
            assertThat(request.looks).hasValue(looks + 1);
            pool.leave(session, "g");
            pool.leave(session, "g");
            settle(session);
            assertThat(request.looks).as("one last look on leaving").hasValue(looks + 2);
            pool.groupGrew("g");
            settle(session);
            assertThat(request.looks).hasValue(looks + 2);
            assertThat(pool.groupLogs()).isEqualTo(1);
            pool.leave(other, "g");
            settle(other);
            assertThat(pool.groupLogs()).isZero();
        }
    }

    @Test
    void end_memberOfGroups_forgetsTheirLogs() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        pool.join(session, "g");
        pool.join(session, "h");
        pool.end(session, EndCause.CLIENT_ENDED);
        pool.join(session, "late");
        settle(session);
        assertThat(pool.groupLogs()).isZero();
    }

    @Test
    @DisplayName("W12: close answers what is held, and what comes later, as closed")
    void close_requestsHeldAndLate_endsThem() {
        Session session = pool.open(new Session(pool, "a"));
        Request held = hold(session);
        pool.close();
        assertThat(held.ending()).isEqualTo("STOPPED");
        Request late = hold(session);
        assertThat(late.ending()).isEqualTo("STOPPED");
        pool.close();
    }

    @Test
    @DisplayName("W12: a drain that close cuts short completes")
    void drain_closedBeforeItsEnd_completes() throws Exception {
        pool.open(new Session(pool, "a"));
        CompletionStage<Void> drained = pool.drain(TimeUnit.HOURS.toNanos(1), bound -> bound - 1);
        pool.close();
        drained.toCompletableFuture().get();
    }

    @Test
    void drain_requestRegistersLate_endsItToo() throws InterruptedException {
        Session session = pool.open(new Session(pool, "a"));
        CompletionStage<Void> drained = pool.drain(1, bound -> 0);
        // Each thread's last timer is armed when it comes to it, perhaps for the tick after this.
        await().until(
                        () -> {
                            clock.advance(TimerWheel.TICK_NANOS);
                            return drained.toCompletableFuture().isDone();
                        });
        // Looked before the drain began, and was registered when it was over.
        Request late = hold(session);
        settle(session);
        clock.advance(2 * TimerWheel.TICK_NANOS);
        await().until(late::isDone);
        assertThat(late.ending()).isEqualTo("DRAINING");
    }

    private Request hold(Session session) {
        Request request = new Request(session, 1_000_000_000L);
        session.takeOver(request);
        pool.hold(request);
        return request;
    }

    /** Until the session's thread has done everything that was posted before, and parks. */
    private static void settle(Session session) throws InterruptedException {
        for (int i = 0; i < 2; i++) {
            CountDownLatch done = new CountDownLatch(1);
            session.post(done::countDown);
            done.await();
        }
    }

    private static int timers(Session session) throws InterruptedException {
        AtomicInteger size = new AtomicInteger(-1);
        session.post(() -> size.set(session.owner().timers().size()));
        settle(session);
        return size.get();
    }

    private static final class Session extends WaitSession {
        Session(WaitThreadPool<?> pool, String key) {
            super(pool.ownerOf(key), key);
        }

        @Override
        protected long idleNanos() {
            return 5_000_000_000L;
        }

        @Override
        protected void couldBeIdle() {}
    }

    private static final class Request extends CometWaitRequest {
        final AtomicInteger looks = new AtomicInteger();
        volatile boolean somethingToFind;
        volatile Error failure;
        private final AtomicReference<String> ending = new AtomicReference<>();

        Request(WaitSession session, long deadlineNanos) {
            super(session, deadlineNanos);
        }

        String ending() {
            return ending.get();
        }

        private void complete(String how) {
            session().letGo(this);
            ending.compareAndSet(null, how);
        }

        @Override
        protected boolean isDone() {
            return ending.get() != null;
        }

        @Override
        protected void look() {
            looks.incrementAndGet();
            if (failure != null) {
                throw failure;
            }
            if (somethingToFind) {
                complete("found");
            }
        }

        @Override
        protected void timeOut() {
            complete("timeout");
        }

        @Override
        protected void end(EndCause why) {
            complete(why.name());
        }

        @Override
        protected void superseded(CometWaitRequest newer) {
            complete("SUPERSEDED");
        }
    }
}
