package dev.comet.examples.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.examples.relay.CommandLog.Cleaned;
import dev.comet.examples.relay.CommandLog.Entry;
import dev.comet.examples.relay.CommandLog.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JobsTest {

    private static final class Hand extends Clock {
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private final Hand clock = new Hand();
    private final CommandLog log = new CommandLog(clock, Duration.ofHours(1));

    @Test
    @DisplayName(
            "R7 removes all that is over, adjacent ones too, and all that is older than an hour")
    void clean_completedAndExpired_removesAll() {
        for (int i = 0; i < 10; i++) {
            log.began("old-" + i, "phone", "gateway");
        }
        clock.now = clock.now.plus(Duration.ofMinutes(61));
        for (int i = 0; i < 20; i++) {
            log.began("new-" + i, "phone", "gateway");
        }
        for (int i = 0; i < 15; i++) {
            log.ended("new-" + i, i % 2 == 0 ? State.REPLIED : State.TIMED_OUT);
        }
        log.ended("old-3", State.OFFLINE);
        assertThat(log.clean()).isEqualTo(new Cleaned(16, 9));
        assertThat(log.all()).hasSize(5).extracting(Entry::state).containsOnly(State.WAITING);
        assertThat(log.clean()).isEqualTo(new Cleaned(0, 0));
    }

    @Test
    @DisplayName("R7 one correlation id is one entry")
    void began_twice_isRefused() {
        assertThat(log.began("c", "phone", "gateway")).isTrue();
        assertThat(log.began("c", "phone", "gateway")).isFalse();
        log.ended("unknown", State.REPLIED);
        assertThat(log.all()).hasSize(1);
    }

    @Test
    @DisplayName(
            "R7 a job that takes longer than its interval does not overlap itself; the other goes on")
    void jobs_slow_neverOverlap() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch cleaned = new CountDownLatch(2);
        CountDownLatch hearts = new CountDownLatch(5);
        CountDownLatch held = new CountDownLatch(1);
        Runnable slow =
                () -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    try {
                        held.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    running.decrementAndGet();
                    cleaned.countDown();
                };
        Jobs.Intervals often = new Jobs.Intervals(Duration.ofMillis(10), Duration.ofMillis(10));
        try (Jobs jobs = Jobs.start(slow, hearts::countDown, often)) {
            assertThat(jobs).isNotNull();
            assertThat(hearts.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(most).hasValue(1);
            held.countDown();
            assertThat(cleaned.await(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(most).hasValue(1);
    }

    @Test
    @DisplayName("R7 a job that fails runs again the next time")
    void jobs_failing_runAgain() throws Exception {
        CountDownLatch times = new CountDownLatch(3);
        Runnable failing =
                () -> {
                    times.countDown();
                    throw new IllegalStateException("a fault (expected)");
                };
        Jobs.Intervals often = new Jobs.Intervals(Duration.ofMillis(10), Duration.ofHours(1));
        try (Jobs jobs = Jobs.start(failing, () -> {}, often)) {
            assertThat(jobs).isNotNull();
            assertThat(times.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }
}
