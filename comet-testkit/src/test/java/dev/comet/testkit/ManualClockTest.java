package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ManualClockTest {

    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void endThreads() throws InterruptedException {
        stop.set(true);
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
            thread.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(thread.isAlive()).isFalse();
        }
    }

    private Thread start(Runnable body) {
        Thread thread = new Thread(body);
        threads.add(thread);
        thread.start();
        return thread;
    }

    /** A wait thread in miniature: drains a mailbox, then parks. */
    private final class Worker {
        final Queue<Runnable> mailbox = new ConcurrentLinkedQueue<>();
        final Thread thread;

        Worker(ManualClock clock) {
            thread =
                    start(
                            () -> {
                                while (!stop.get()) {
                                    for (Runnable r; (r = mailbox.poll()) != null; ) {
                                        r.run();
                                    }
                                    if (!stop.get()) {
                                        clock.parkUntil(clock.nanos() + 1_000_000);
                                    }
                                }
                            });
        }

        void submit(Runnable task) {
            mailbox.add(task);
            LockSupport.unpark(thread);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 7, -5, Long.MAX_VALUE - 10})
    void advance_anyStart_movesBothReadings(long start) {
        ManualClock clock = new ManualClock(start);
        Instant before = clock.now();

        clock.advance(Duration.ofNanos(3));
        clock.advance(Duration.ofDays(300));

        assertThat(clock.nanos() - start).isEqualTo(Duration.ofDays(300).toNanos() + 3);
        assertThat(Duration.between(before, clock.now()))
                .isEqualTo(Duration.ofDays(300).plusNanos(3));
    }

    @Test
    void advance_backwards_isRefused() {
        ManualClock clock = new ManualClock();

        assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1)))
                .hasMessage("duration is PT-0.000000001S; time only moves forward");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 10})
    void parkUntil_timeInThePast_returnsAtOnce(long start) {
        ManualClock clock = new ManualClock(start);
        clock.parkUntil(start);
        clock.parkUntil(start - 1);
        clock.advance(Duration.ofNanos(20));
        clock.parkUntil(start + 20);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 10})
    void parkUntil_advancedPast_returns(long start) throws InterruptedException {
        ManualClock clock = new ManualClock(start);
        Thread parked =
                start(
                        () -> {
                            while (clock.nanos() - (start + 100) < 0 && !stop.get()) {
                                clock.parkUntil(start + 100);
                            }
                        });
        clock.awaitAllParked();
        clock.advance(Duration.ofNanos(99));
        clock.awaitAllParked();
        assertThat(parked.isAlive()).isTrue();

        clock.advance(Duration.ofNanos(1));

        parked.join();
    }

    @Test
    void parkUntil_unparked_returns() throws InterruptedException {
        ManualClock clock = new ManualClock();
        Thread parked = start(() -> clock.parkUntil(clock.nanos() + 1));

        LockSupport.unpark(parked);

        parked.join();
    }

    @RepeatedTest(100)
    void parkUntil_racingAdvance_losesNoWakeUp() throws InterruptedException {
        ManualClock clock = new ManualClock();
        long deadline = clock.nanos() + 1;
        CountDownLatch go = new CountDownLatch(1);
        Thread parked =
                start(
                        () -> {
                            go.countDown();
                            while (clock.nanos() - deadline < 0) {
                                clock.parkUntil(deadline);
                            }
                        });
        go.await();

        clock.advance(Duration.ofNanos(1));

        parked.join();
    }

    @RepeatedTest(100)
    void awaitAllParked_workHandedOver_isDone() {
        ManualClock clock = new ManualClock();
        Worker worker = new Worker(clock);
        AtomicInteger done = new AtomicInteger();
        clock.awaitAllParked();

        worker.submit(done::incrementAndGet);
        clock.awaitAllParked();

        assertThat(done).hasValue(1);
    }

    @RepeatedTest(100)
    void awaitAllParked_workHandedOn_isDoneToo() {
        ManualClock clock = new ManualClock();
        Worker first = new Worker(clock);
        Worker second = new Worker(clock);
        AtomicInteger done = new AtomicInteger();

        first.submit(() -> second.submit(done::incrementAndGet));
        second.submit(() -> first.submit(done::incrementAndGet));
        clock.awaitAllParked(2);

        assertThat(done).hasValue(2);
    }

    @Test
    void awaitAllParked_threadThatEnded_isNotWaitedFor() throws InterruptedException {
        ManualClock clock = new ManualClock();
        Thread ends = start(() -> clock.parkUntil(clock.nanos() + 1));
        LockSupport.unpark(ends);
        ends.join();
        new Worker(clock);

        clock.awaitAllParked();
    }

    @Test
    void awaitAllParked_threadThatDoesNotPark_failsAndShowsWhereItIs() throws Exception {
        ManualClock clock = new ManualClock(0, Duration.ofMillis(20));
        CountDownLatch hasParked = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        Thread busy =
                start(
                        () -> {
                            LockSupport.unpark(Thread.currentThread());
                            clock.parkUntil(1);
                            hasParked.countDown();
                            awaitUninterruptibly(never);
                        });
        busy.setName("busy");
        hasParked.await();
        try {
            assertThatThrownBy(clock::awaitAllParked)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("busy has not parked:")
                    .hasMessageContaining("awaitUninterruptibly");
        } finally {
            never.countDown();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void awaitAllParked_tooFewThreads_failsAndSaysHowMany() {
        ManualClock clock = new ManualClock(0, Duration.ofMillis(20));

        assertThatThrownBy(() -> clock.awaitAllParked(3))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("0 threads park with this clock; 3 were expected");
    }
}
