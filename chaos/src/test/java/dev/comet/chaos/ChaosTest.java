package dev.comet.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opentest4j.TestAbortedException;

/** Two minutes of {@link Chaos}, which {@code mvn -Pchaos} has go on for longer. */
@Timeout(1_200)
class ChaosTest {

    private static final Duration LENGTH = Duration.ofMinutes(2);

    @Test
    @DisplayName(
            "P2 P3 P4 P6: nodes and Redis are killed under clients that change node at every request")
    void nodesAndRedis_killed_loseNothingUnannounced() throws IOException, InterruptedException {
        for (ChaosRun.Outcome outcome : Chaos.run(LENGTH)) {
            assertThat(outcome.findings()).isEmpty();
            // It was the chaos that it claims to be.
            assertThat(outcome.deliveries()).isGreaterThan(1_000);
            assertThat(outcome.clients()).isGreaterThan(200);
            assertThat(outcome.nodeKills()).isPositive();
            assertThat(outcome.redisKills()).isPositive();
        }
    }

    @Test
    void javascriptClients_tookPart() {
        if (!JsClients.isThere()) {
            throw new TestAbortedException(
                    "skipped: no node on the PATH, so no clients of comet.js in the chaos");
        }
    }
}
