package dev.comet.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class OncePerMinuteTest {

    @Test
    @DisplayName("H12 what happens often is said once a minute, at any reading of the clock")
    void happened_often_isSaidOnceAMinute() {
        OncePerMinute lines = new OncePerMinute();
        long begin = Long.MAX_VALUE - 1;
        long minute = TimeUnit.MINUTES.toNanos(1);

        assertThat(lines.happened(begin)).isZero();
        assertThat(lines.happened(begin + minute - 1)).isNegative();
        assertThat(lines.happened(begin + minute)).isEqualTo(1);
        assertThat(lines.happened(begin + minute)).isNegative();
    }
}
