package dev.comet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WaitTimerTest {

    private static final long SECOND = 1_000_000_000L;

    private final MovedClock clock = new MovedClock();
    private final CometWaitThread thread =
            new CometWaitThread(
                    "comet-wait-test", clock, new java.util.concurrent.atomic.AtomicLong());
    private final AtomicInteger runs = new AtomicInteger();

    WaitTimerTest() {
        thread.start();
    }

    @AfterEach
    void stop() {
        thread.stop();
        thread.join();
    }

    /** Until the thread has done what was asked before. */
    private void settle() {
        CountDownLatch done = new CountDownLatch(1);
        thread.post(WaitSession.entry(done::countDown));
        await().until(() -> done.getCount() == 0);
    }

    private void pass(long nanos) {
        settle();
        clock.advance(nanos);
        settle();
    }

    @Test
    void startIn_once_startsTheTaskOnce() {
        WaitTimer timer = new WaitTimer(thread, runs::incrementAndGet);
        timer.startIn(SECOND);
        pass(SECOND / 2);
        assertThat(runs).hasValue(0);
        pass(SECOND);
        await().until(() -> runs.get() == 1);
        pass(10 * SECOND);
        assertThat(runs).hasValue(1);
    }

    @Test
    void startIn_again_counts() {
        WaitTimer timer = new WaitTimer(thread, runs::incrementAndGet);
        timer.startIn(SECOND);
        timer.startIn(5 * SECOND);
        pass(3 * SECOND);
        assertThat(runs).hasValue(0);
        timer.startIn(SECOND);
        pass(2 * SECOND);
        await().until(() -> runs.get() == 1);
    }

    @Test
    void stop_beforeItsTime_startsNothing() {
        WaitTimer timer = new WaitTimer(thread, runs::incrementAndGet);
        timer.startIn(SECOND);
        timer.stop();
        pass(5 * SECOND);
        assertThat(runs).hasValue(0);
    }

    @Test
    void startIn_fromWithinTheTask_repeats() {
        WaitTimer[] timer = new WaitTimer[1];
        timer[0] =
                new WaitTimer(
                        thread,
                        () -> {
                            timer[0].startIn(SECOND);
                            runs.incrementAndGet();
                        });
        timer[0].startIn(SECOND);
        for (int i = 1; i <= 5; i++) {
            int expected = i;
            pass(2 * SECOND);
            await().until(() -> runs.get() >= expected);
        }
    }

    @Test
    @DisplayName("W16: a task that fails for want of memory is started again, another one is not")
    void task_outOfMemory_isStartedAgain() {
        WaitTimer timer =
                new WaitTimer(
                        thread,
                        () -> {
                            if (runs.incrementAndGet() < 3) {
                                throw new InternalError("no memory, as the test wants");
                            }
                            throw new IllegalStateException("a fault, as the test wants");
                        });
        timer.startIn(SECOND);
        for (int i = 0; i < 6; i++) {
            pass(2 * SECOND);
        }
        await().until(() -> runs.get() == 3);
        pass(10 * SECOND);
        assertThat(runs).hasValue(3);
    }
}
