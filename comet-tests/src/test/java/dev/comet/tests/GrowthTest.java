package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.Footprint;
import dev.comet.engine.PoolFootprint;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Row W14. */
@Timeout(120)
class GrowthTest {

    private static final int CLIENTS = 200;
    private static final int CYCLES = 100_000;

    @Test
    @DisplayName(
            "W14: 100,000 cycles of every kind leave sessions, readers and timers as they were")
    void everything_manyTimes_leavesNoGrowth() throws InterruptedException {
        try (Server server = Server.start()) {
            CometStateManager manager = server.manager;
            CometClient[] clients = new CometClient[CLIENTS];
            long[] cursors = new long[CLIENTS];
            for (int i = 0; i < CLIENTS; i++) {
                clients[i] = server.client("client-" + i, 25, 600);
            }
            server.settle();
            PoolFootprint before = Footprint.of(manager);
            assertThat(before).isEqualTo(new PoolFootprint(CLIENTS, CLIENTS, 0, CLIENTS + 1));

            Random random = new Random(1);
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                int i = random.nextInt(CLIENTS);
                String name = clients[i].publicToken();
                CometAsyncResult result =
                        manager.endpoint()
                                .beginSubscribe(clients[i].privateToken(), cursors[i], null, 0);
                switch (cycle % 8) {
                    case 0, 1, 2 -> cursors[i] = manager.sendMessage(name, "n", 1);
                    case 3, 4 -> manager.endpoint().endSubscribe(result);
                    case 5 -> server.fetch(clients[i], cursors[i]);
                    case 6 -> {
                        manager.joinGroup(name, "group-" + i % 10);
                        manager.leaveGroup(name, "group-" + i % 10);
                    }
                    default -> {
                        if (random.nextInt(20) == 0) {
                            manager.disconnect(clients[i]);
                            clients[i] = server.client("client-" + i, 25, 600);
                            cursors[i] = 0;
                        }
                    }
                }
                if (cycle % 1_000 == 0) {
                    server.clock.advance(Duration.ofSeconds(1));
                }
            }
            for (int i = 0; i < CLIENTS; i++) {
                server.fetch(clients[i], cursors[i]); // ends what is still held
            }
            server.settle();
            assertThat(Footprint.of(manager)).isEqualTo(before);
            assertThat(manager.statistics().held().polls()).isZero();
            assertThat(manager.statistics().events().pending()).isZero();

            for (CometClient client : clients) {
                manager.disconnect(client);
            }
            server.settle();
            assertThat(Footprint.of(manager)).isEqualTo(new PoolFootprint(0, 0, 0, 1));
        }
    }

    @Test
    @DisplayName("W14, C6: clients that are killed leave nothing behind")
    void time_everybodyStaysAway_leavesNothing() throws InterruptedException {
        try (Server server = Server.start()) {
            for (int i = 0; i < 1_000; i++) {
                CometClient client = server.client("client-" + i, 25, 60);
                server.manager.joinGroup(client, "group-" + i % 10);
                server.poll(client, 0);
            }
            server.pass(Duration.ofSeconds(26));
            server.pass(Duration.ofSeconds(61));
            assertThat(server.manager.clients()).isEmpty();
            assertThat(Footprint.of(server.manager)).isEqualTo(new PoolFootprint(0, 0, 0, 1));
            assertThat(server.manager.statistics().clients().idleKilled()).isEqualTo(1_000);
        }
    }
}
