package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.testkit.ManualClock;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A store that does not answer, or whose answer does not arrive. */
@Timeout(60)
class HungStoreTest {

    @Test
    @DisplayName("W16: a store that hangs is asked once for each client, whether it is idle")
    void idleChecks_storeHangs_oneWaitsForEachClient() {
        CountDownLatch hangs = new CountDownLatch(1);
        DelegatingProvider provider =
                new DelegatingProvider() {
                    @Override
                    public boolean readsFromMemory() {
                        return false;
                    }

                    @Override
                    public long killIdleCometClient(CometClient client) {
                        try {
                            hangs.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return super.killIdleCometClient(client);
                    }
                };
        ManualClock clock = new ManualClock();
        try (CometStateManager manager =
                CometStateManager.builder(provider).clock(clock).waitThreads(1).build()) {
            int clients = 40;
            for (int i = 0; i < clients; i++) {
                manager.initializeClient(
                        CometClient.builder()
                                .publicToken("client-" + i)
                                .connectionIdleSeconds(10)
                                .build());
            }
            clock.awaitAllParked();
            for (int i = 0; i < 100; i++) {
                clock.advance(Duration.ofSeconds(11));
                clock.awaitAllParked();
            }
            int waiting = manager.statistics().store().busyReads();
            hangs.countDown();
            assertThat(waiting).isLessThanOrEqualTo(clients);
        }
    }

    @Test
    @DisplayName("M10: a request to a client whose initialisation failed ends with it")
    void request_initialisationFailsAfterTheStoreHadTheClient_endsWithTheClient() {
        AtomicReference<CometStateManager> manager = new AtomicReference<>();
        AtomicReference<CompletionStage<CometReply>> asked = new AtomicReference<>();
        DelegatingProvider provider =
                new DelegatingProvider() {
                    @Override
                    public void initializeClient(CometClient client) {
                        super.initializeClient(client);
                        asked.set(manager.get().request("ada", "n", "?", Duration.ofMinutes(30)));
                        throw new IllegalStateException("the connection broke before the answer");
                    }
                };
        try (CometStateManager made = CometStateManager.builder(provider).build()) {
            manager.set(made);
            try {
                made.initializeClient(CometClient.builder().publicToken("ada").build());
            } catch (CometException e) {
                // PROVIDER_UNAVAILABLE
            }
            assertThat(made.findClientByPublicToken("ada")).isEmpty();
            assertThat(made.statistics().requests().pending()).isZero();
        }
    }
}
