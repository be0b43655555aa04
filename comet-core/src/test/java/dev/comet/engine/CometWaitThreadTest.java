package dev.comet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CometWaitThreadTest {

    private final StandingClock clock = new StandingClock();
    private final AtomicLong replaced = new AtomicLong();
    private final CometWaitThread thread = new CometWaitThread("comet-wait-test", clock, replaced);

    @AfterEach
    void stop() {
        thread.stop();
        thread.join();
    }

    @Test
    void post_threadIsParkedOrAboutToPark_runsEveryTime() throws InterruptedException {
        thread.start();
        for (int i = 0; i < 20_000; i++) {
            run(() -> {}).await();
        }
    }

    @Test
    @DisplayName("W9: a thread with nothing to do parks once and stays parked")
    void run_nothingToDo_parksOnce() throws InterruptedException {
        thread.start();
        run(() -> {}).await();
        clock.awaitAsleep();
        int parks = clock.parks.get();
        run(() -> {}).await();
        clock.awaitAsleep();
        assertThat(clock.parks).hasValue(parks + 1);
    }

    @Test
    @DisplayName(
            "W9, W10: an interrupt that a callback leaves behind does not make the thread spin")
    void run_callbackLeavesItInterrupted_parksAllTheSame() throws InterruptedException {
        thread.start();
        AtomicInteger parksBefore = new AtomicInteger();
        run(() -> {
                    parksBefore.set(clock.parks.get());
                    Thread.currentThread().interrupt();
                })
                .await();
        await().until(() -> clock.parks.get() > parksBefore.get());
        // Interrupted, it could not park: it would come back at once, again and again.
        assertThat(clock.interruptedParks).hasValue(0);
    }

    @Test
    @DisplayName(
            "W16: a wait thread that is thrown out of its loop is replaced, and nothing is lost")
    void run_clockFails_isReplacedAndGoesOn() throws InterruptedException {
        clock.failure.set(new OutOfMemoryError("as the test wants"));
        List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        List<CountDownLatch> ran = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            ran.add(run(() -> threads.add(Thread.currentThread())));
        }
        thread.start();
        await().until(() -> replaced.get() == 1);
        ran.add(run(() -> threads.add(Thread.currentThread())));
        for (CountDownLatch one : ran) {
            one.await();
        }
        assertThat(threads).hasSize(101);
        assertThat(threads.get(0)).isNotSameAs(threads.get(100));
        threads.get(0).join();
        assertThat(threads.get(100).isAlive()).isTrue();
        assertThat(threads.get(100).getName()).isEqualTo("comet-wait-test");
        thread.stop();
        thread.join();
        assertThat(threads.get(100).isAlive()).isFalse();
    }

    @Test
    void post_afterStop_isRefused() {
        thread.start();
        thread.stop();
        thread.join();
        assertThat(thread.post(entry(() -> {}))).isFalse();
    }

    @Test
    void stop_entriesPosted_stillRunsThem() {
        for (int i = 0; i < 200; i++) {
            CometWaitThread one = new CometWaitThread("comet-wait-test", clock, new AtomicLong());
            one.start();
            CountDownLatch ran = new CountDownLatch(10);
            for (int k = 0; k < 10; k++) {
                assertThat(one.post(entry(ran::countDown))).isTrue();
            }
            one.stop();
            one.join();
            assertThat(ran.getCount()).isZero();
        }
    }

    @Test
    void join_onTheThreadItself_returnsAtOnce() throws InterruptedException {
        thread.start();
        run(() -> {
                    thread.stop();
                    thread.join();
                })
                .await();
    }

    private CountDownLatch run(Runnable action) {
        CountDownLatch ran = new CountDownLatch(1);
        assertThat(
                        thread.post(
                                entry(
                                        () -> {
                                            action.run();
                                            ran.countDown();
                                        })))
                .isTrue();
        return ran;
    }

    private static Mailbox.Entry entry(Runnable action) {
        return new Mailbox.Entry() {
            @Override
            void met() {
                action.run();
            }
        };
    }

    /** Whoever parks sleeps until it is unparked. */
    private static final class StandingClock implements WaitClock {

        final AtomicInteger parks = new AtomicInteger();
        final AtomicInteger interruptedParks = new AtomicInteger();
        final AtomicReference<Error> failure = new AtomicReference<>();
        private volatile Thread parker;

        @Override
        public long nanos() {
            return 0;
        }

        @Override
        public void parkUntil(long untilNanos) {
            parker = Thread.currentThread();
            if (parker.isInterrupted()) {
                interruptedParks.incrementAndGet();
            }
            parks.incrementAndGet();
            Error now = failure.getAndSet(null);
            if (now != null) {
                throw now;
            }
            LockSupport.park(this);
        }

        void awaitAsleep() {
            await().until(() -> parker != null && parker.getState() == Thread.State.WAITING);
        }
    }
}
