package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.http.RateLimit.Rate;
import dev.comet.testkit.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("H6 rate limits")
class RateLimitTest {

    private ManualClock clock = new ManualClock();
    private RateLimit limit = new RateLimit(new Rate(10, 3), 1_000, clock);

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MAX_VALUE - 1_000, Long.MIN_VALUE, -1})
    void take_atAnyReadingOfTheClock_allowsABurstThenTheRate(long start) {
        clock = new ManualClock(start);
        limit = new RateLimit(new Rate(10, 3), 1_000, clock);

        assertThat(limit.take("a", 1)).isZero();
        assertThat(limit.take("a", 2)).isZero();
        assertThat(limit.take("a", 1)).isEqualTo(1);
        assertThat(limit.take("b", 3)).isZero();

        clock.advance(Duration.ofMillis(100));
        assertThat(limit.take("a", 1)).isZero();
        assertThat(limit.take("a", 1)).isPositive();
        clock.advance(Duration.ofMillis(300));
        assertThat(limit.take("a", 3)).isZero();
    }

    @Test
    void take_afterALongRest_allowsNoMoreThanABurst() {
        clock.advance(Duration.ofDays(1));
        assertThat(limit.take("a", 3)).isZero();
        assertThat(limit.take("a", 1)).isPositive();
    }

    @Test
    void take_refused_takesNothing() {
        limit.take("a", 2);
        assertThat(limit.take("a", 2)).isPositive();
        assertThat(limit.take("a", 1)).isZero();
    }

    @Test
    void take_moreThanABurst_isPossibleAfterRest() {
        assertThat(limit.take("a", 100)).isZero();
        assertThat(limit.take("a", 1)).isPositive();
    }

    @Test
    @DisplayName("H1 H6 a flood of addresses is forgotten in order, not remembered")
    void take_moreKeysThanAreRemembered_forgetsTheLeastRecent() {
        for (int i = 0; i < 100_000; i++) {
            limit.take("address " + i, 3);
        }
        assertThat(limit.size()).isLessThanOrEqualTo(1_000);
        assertThat(limit.take("address 99999", 1)).isEqualTo(1);
        assertThat(limit.take("address 0", 1)).isZero();
    }

    @Test
    @DisplayName("W14 keys that rest take no room")
    void take_manyKeysOneAfterTheOther_areForgottenWhenTheyRest() {
        for (int i = 0; i < 900; i++) {
            assertThat(limit.take("key" + i, 1)).isZero();
            clock.advance(Duration.ofMillis(50));
        }
        assertThat(limit.size()).isLessThan(50);
        assertThat(limit.take("key899", 3)).isPositive();
    }

    @Test
    void take_aBusyKeyAmongMany_isRemembered() {
        limit.take("busy", 3);
        for (int i = 0; i < 10_000; i++) {
            limit.take("address " + i, 1);
            assertThat(limit.take("busy", 1)).isPositive();
        }
    }
}
