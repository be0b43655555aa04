package dev.comet.inproc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometGap;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogStartTest {

    private final ClientRecord ada = Logs.client("ada");
    private final ClientRecord bob = Logs.client("bob");
    private final ClientRecord eve = Logs.client("eve");

    @Test
    @DisplayName("M11: what was for everyone but one is no loss of that one")
    void above_manyForAllButOne_isNoLossOfThatOne() {
        LogStart start = LogStart.NONE;
        for (long id = 1; id <= 1_000; id++) {
            start = start.above(Logs.entry(id, 0, ada), CometGap.Reason.OVERFLOW);
        }
        assertThat(start.idFor(ada)).isZero();
        assertThat(start.idFor(bob)).isEqualTo(1_000);
        assertThat(start.head()).isEqualTo(1_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    @DisplayName("M11: the start knows each client's last loss, as a list of all losses does")
    void idFor_randomExceptions_isTheLastThatWasForTheClient(long seed) {
        Random random = new Random(seed);
        List<ClientRecord> clients = List.of(ada, bob, eve);
        List<LogEntry> gone = new ArrayList<>();
        LogStart start = LogStart.NONE;
        long id = 0;
        ClientRecord except = null;
        for (int i = 0; i < 5_000; i++) {
            if (random.nextInt(3) == 0) {
                int who = random.nextInt(4);
                except = who == 3 ? null : clients.get(who);
            }
            id += 1 + random.nextInt(3);
            LogEntry entry = Logs.entry(id, 0, except);
            gone.add(entry);
            start = start.above(entry, CometGap.Reason.EXPIRED);
            for (ClientRecord client : clients) {
                assertThat(start.idFor(client)).isEqualTo(lastFor(client, gone));
            }
        }
    }

    private static long lastFor(ClientRecord client, List<LogEntry> gone) {
        for (int i = gone.size() - 1; i >= 0; i--) {
            if (gone.get(i).except() != client) {
                return gone.get(i).id();
            }
        }
        return 0;
    }
}
