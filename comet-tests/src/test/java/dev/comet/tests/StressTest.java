package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Clients that behave as badly as clients do and take the tokens of those before them, senders,
 * requests and replies, stores and executors that fail, and limits so small that much is lost:
 * every loss is announced, exactly, and everything else arrives once and in order. {@link Soak} has
 * it go on for longer.
 *
 * <p>The seed is printed, and {@code -Dcomet.stress.seed=…} sets it. It decides what is tried; the
 * machine decides how the threads meet.
 */
@Timeout(300)
class StressTest {

    /** One for each kind of executor, and each policy once with each kind of store. */
    private static final int ROUNDS = 6;

    private static final Duration ROUND = Duration.ofSeconds(8);

    @Test
    @DisplayName(
            "C12, M1, M2, M4, M6, M7, M8, M12, W5-W7, W14: unruly clients that reuse tokens, a clean history")
    void everything_atOnce_losesNothingUnannounced() throws InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(5).toNanos();
        StressTotals totals = Soak.run(Soak.firstSeed(), ROUNDS, ROUND, end);
        System.out.println("stress: " + totals);
        assertThat(totals.findings()).isEmpty();
        // It was the stress that it claims to be.
        assertThat(totals.deliveries()).isGreaterThan(10_000);
        assertThat(totals.disconnected()).isGreaterThan(100);
        assertThat(totals.killed()).isGreaterThan(10);
        assertThat(totals.overflows()).isGreaterThan(10);
        assertThat(totals.reuses()).isGreaterThan(200);
        assertThat(totals.gaps()).isGreaterThan(100);
        assertThat(totals.superseded()).isGreaterThan(100);
        assertThat(totals.abandoned()).isGreaterThan(100);
        assertThat(totals.timeouts()).isGreaterThan(10);
        assertThat(totals.drained() + totals.closed()).isGreaterThan(10);
        assertThat(totals.replies()).isGreaterThan(100);
        assertThat(totals.refusedSends()).isGreaterThan(100);
        assertThat(totals.refusedTasks()).isGreaterThan(10);
        assertThat(totals.injected()).isGreaterThan(100);
    }
}
