package dev.comet.engine;

import static dev.comet.engine.TimerWheel.TICK_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimerWheelTest {

    private static final long SECOND = 1_000_000_000L;

    /** Origins that catch comparisons made otherwise than by subtraction. */
    private static final class Origins {
        static final long[] ALL = {
            0, 1, -1, 7_000_000_000_000_000L, -7 * SECOND, Long.MAX_VALUE - SECOND, Long.MIN_VALUE
        };
    }

    @ParameterizedTest
    @ValueSource(
            longs = {1, 19_999_999, 20_000_000, 20_000_001, SECOND, 60 * SECOND, 86_400 * SECOND})
    void advance_deadlineReached_firesWithinATickAndNeverBefore(long delay) {
        for (long origin : Origins.ALL) {
            TimerWheel wheel = new TimerWheel(origin);
            Recorded timer = new Recorded();
            wheel.armNoLaterThan(timer, origin + delay);
            assertThat(wheel.size()).isEqualTo(1);

            wheel.advance(origin + delay - 1);
            assertThat(timer.fired).as("origin %d", origin).isEmpty();

            long tick = origin + (delay + TICK_NANOS - 1) / TICK_NANOS * TICK_NANOS;
            wheel.advance(tick);
            assertThat(timer.fired).as("origin %d", origin).containsExactly(tick);
            assertThat(timer.isArmed()).isFalse();
            assertThat(wheel.size()).isZero();
        }
    }

    @Test
    void armNoLaterThan_deadlinePassed_firesAtTheNextTick() {
        TimerWheel wheel = new TimerWheel(0);
        wheel.advance(10 * TICK_NANOS);
        Recorded timer = new Recorded();
        wheel.armNoLaterThan(timer, TICK_NANOS);
        wheel.advance(10 * TICK_NANOS);
        assertThat(timer.fired).isEmpty();
        wheel.advance(11 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
    }

    @Test
    void armNoLaterThan_armedForEarlier_leavesItAlone() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded timer = new Recorded();
        wheel.armNoLaterThan(timer, 3 * TICK_NANOS);
        wheel.armNoLaterThan(timer, 9 * TICK_NANOS);
        wheel.advance(3 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
        wheel.advance(20 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
    }

    @Test
    void armNoLaterThan_armedForLater_firesOnceAndAtTheEarlier() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded timer = new Recorded();
        wheel.armNoLaterThan(timer, 9 * TICK_NANOS);
        wheel.armNoLaterThan(timer, 3 * TICK_NANOS);
        assertThat(wheel.size()).isEqualTo(1);
        wheel.advance(3 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
        wheel.advance(20 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
    }

    @Test
    void disarm_oneOfASlot_leavesTheOthers() {
        TimerWheel wheel = new TimerWheel(0);
        for (int removed = 0; removed < 3; removed++) {
            List<Recorded> timers = List.of(new Recorded(), new Recorded(), new Recorded());
            long now = wheel.nextWakeNanos();
            timers.forEach(timer -> wheel.armNoLaterThan(timer, now));
            wheel.disarm(timers.get(removed));
            wheel.disarm(timers.get(removed));
            assertThat(wheel.size()).isEqualTo(2);
            wheel.advance(now);
            for (int i = 0; i < 3; i++) {
                assertThat(timers.get(i).fired).hasSize(i == removed ? 0 : 1);
            }
            assertThat(wheel.size()).isZero();
        }
    }

    @Test
    void fire_armsItself_firesAgainOnlyLater() {
        TimerWheel wheel = new TimerWheel(0);
        List<Long> fired = new ArrayList<>();
        TimerWheel.Timer timer =
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        fired.add(nowNanos);
                        wheel.armNoLaterThan(this, nowNanos);
                    }
                };
        wheel.armNoLaterThan(timer, TICK_NANOS);
        wheel.advance(100 * TICK_NANOS);
        assertThat(fired).containsExactly(100 * TICK_NANOS);
        wheel.advance(101 * TICK_NANOS);
        assertThat(fired).containsExactly(100 * TICK_NANOS, 101 * TICK_NANOS);
    }

    @Test
    void fire_throws_firesTheOthers() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded before = new Recorded();
        Recorded after = new Recorded();
        wheel.armNoLaterThan(before, TICK_NANOS);
        wheel.armNoLaterThan(
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        throw new AssertionError("this timer fails, as the test wants");
                    }
                },
                TICK_NANOS);
        wheel.armNoLaterThan(after, TICK_NANOS);
        wheel.advance(TICK_NANOS);
        assertThat(before.fired).hasSize(1);
        assertThat(after.fired).hasSize(1);
    }

    @Test
    void advance_clockStandsStillOrGoesBack_firesNothingTwice() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded timer = new Recorded();
        wheel.armNoLaterThan(timer, TICK_NANOS);
        wheel.advance(5 * TICK_NANOS);
        wheel.advance(5 * TICK_NANOS);
        wheel.advance(4 * TICK_NANOS);
        assertThat(timer.fired).hasSize(1);
        Recorded next = new Recorded();
        wheel.armNoLaterThan(next, 6 * TICK_NANOS);
        wheel.advance(6 * TICK_NANOS);
        assertThat(next.fired).hasSize(1);
    }

    @Test
    void advance_clockJumpsFarAhead_firesEverythingDueAndKeepsTheRest() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded soon = new Recorded();
        Recorded later = new Recorded();
        wheel.armNoLaterThan(soon, SECOND);
        wheel.armNoLaterThan(later, 86_400 * SECOND);
        wheel.advance(86_399 * SECOND);
        assertThat(soon.fired).hasSize(1);
        assertThat(later.fired).isEmpty();
        assertThat(wheel.size()).isEqualTo(1);
        wheel.advance(86_400 * SECOND);
        assertThat(later.fired).hasSize(1);
    }

    /**
     * Whoever sleeps until {@link TimerWheel#nextWakeNanos} wakes for every timer in time. Against
     * a list of deadlines that is searched through.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void advance_randomTimersByASleeper_firesEachAsTheModelDoes(long seed) {
        Random random = new Random(seed);
        long origin = Origins.ALL[(int) (seed % Origins.ALL.length)];
        long now = origin;
        TimerWheel wheel = new TimerWheel(now);
        List<Recorded> timers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            timers.add(new Recorded());
        }
        for (int step = 0; step < 5_000; step++) {
            Recorded timer = timers.get(random.nextInt(timers.size()));
            if (random.nextInt(10) == 0) {
                wheel.disarm(timer);
                timer.deadline = null;
            } else {
                // Up to 3 rounds of the wheel, mostly soon.
                long delay = (long) (120 * SECOND * Math.pow(random.nextDouble(), 4));
                wheel.armNoLaterThan(timer, now + delay);
                if (timer.deadline == null || now + delay - timer.deadline < 0) {
                    timer.deadline = now + delay;
                }
            }
            long armed = timers.stream().filter(t -> t.deadline != null).count();
            assertThat(wheel.size()).isEqualTo((int) armed);
            if (random.nextInt(4) == 0) {
                // Asleep until the wheel wants it, or until a message comes before that.
                long wake = wheel.nextWakeNanos();
                assertThat(wake - now).isPositive();
                now = random.nextBoolean() ? wake : now + (wake - now) / 2;
                advanceAndCompare(wheel, timers, now);
            }
        }
    }

    private static void advanceAndCompare(TimerWheel wheel, List<Recorded> timers, long now) {
        timers.forEach(timer -> timer.fired.clear());
        wheel.advance(now);
        for (Recorded timer : timers) {
            if (!timer.fired.isEmpty()) {
                assertThat(timer.fired).hasSize(1);
                assertThat(timer.deadline).as("a timer that was armed").isNotNull();
                assertThat(now - timer.deadline).as("never early").isNotNegative();
                timer.deadline = null;
            } else if (timer.deadline != null) {
                assertThat(now - timer.deadline).as("never late").isLessThan(TICK_NANOS);
            }
        }
    }

    @Test
    @DisplayName("W16: a timer that fails for want of memory fires again, and the others fire")
    void advance_outOfMemory_firesAgainLater() {
        TimerWheel wheel = new TimerWheel(0);
        Recorded before = new Recorded();
        Recorded after = new Recorded();
        List<Long> fired = new ArrayList<>();
        TimerWheel.Timer failing =
                new TimerWheel.Timer() {
                    @Override
                    void fire(long nowNanos) {
                        fired.add(nowNanos);
                        if (fired.size() == 1) {
                            throw new OutOfMemoryError("as the test wants");
                        }
                    }
                };
        wheel.armNoLaterThan(before, 3 * TICK_NANOS);
        wheel.armNoLaterThan(failing, 3 * TICK_NANOS);
        wheel.armNoLaterThan(after, 3 * TICK_NANOS);
        wheel.advance(3 * TICK_NANOS);
        assertThat(fired).hasSize(1);
        assertThat(before.fired).hasSize(1);
        assertThat(after.fired).hasSize(1);
        wheel.advance(3 * TICK_NANOS + SECOND);
        assertThat(fired).hasSize(2);
        assertThat(wheel.size()).isZero();
    }

    @Test
    @DisplayName("W16: a timer that is about to fire can be called off by one before it")
    void disarm_isDue_doesNotFire() {
        TimerWheel wheel = new TimerWheel(0);
        List<TimerWheel.Timer> timers = new ArrayList<>();
        List<Integer> fired = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int number = i;
            timers.add(
                    new TimerWheel.Timer() {
                        @Override
                        void fire(long nowNanos) {
                            fired.add(number);
                            wheel.disarm(timers.get(1));
                            wheel.disarm(timers.get(4));
                            wheel.armNoLaterThan(timers.get(2), nowNanos + SECOND);
                        }
                    });
            wheel.armNoLaterThan(timers.get(i), (i + 1) * TICK_NANOS);
        }
        wheel.advance(10 * TICK_NANOS);
        assertThat(fired).containsExactly(0, 2, 3);
        assertThat(wheel.size()).isEqualTo(1); // the one that was armed anew by a later one
    }

    private static final class Recorded extends TimerWheel.Timer {
        final List<Long> fired = new ArrayList<>();
        Long deadline;

        @Override
        void fire(long nowNanos) {
            fired.add(nowNanos);
        }
    }
}
