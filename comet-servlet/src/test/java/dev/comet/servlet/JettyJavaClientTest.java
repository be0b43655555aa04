package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.client.Comet;
import dev.comet.client.CometOptions;
import dev.comet.client.CometSession;
import dev.comet.client.CometState;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class JettyJavaClientTest extends JavaClientContract {

    private static final int CLIENTS = 5_000;

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }

    @Test
    @DisplayName("5,000 clients share one HttpClient, and need no thread each")
    void adopt_fiveThousand_shareWhatTheyNeed() throws Exception {
        ServletRig rig =
                new ServletRig(new JettyContainer(), options -> options, (comet, app) -> {});
        URI url = URI.create("http://127.0.0.1:" + rig.container.port() + "/app/comet");
        List<Comet> clients = new ArrayList<>(CLIENTS);
        AtomicInteger received = new AtomicInteger();
        try {
            int threads = Thread.activeCount();
            for (int i = 0; i < CLIENTS; i++) {
                CometClient client = rig.client("many-" + i, 60, 120);
                Comet comet = Comet.adopt(url, session(client), CometOptions.defaults());
                comet.on("n", message -> received.incrementAndGet());
                clients.add(comet);
                if (i % 100 == 99) { // not all connections in one moment: the backlog is short
                    await().until(
                                    () ->
                                            clients.stream()
                                                    .allMatch(JettyJavaClientTest::isConnected));
                }
            }
            for (int i = 1; i <= 3; i++) {
                rig.comet.sendToAll("n", i);
                int expected = i * CLIENTS;
                await().atMost(Duration.ofSeconds(30)).until(() -> received.get() == expected);
            }
            assertThat(rig.comet.statistics().held().streams()).isEqualTo(CLIENTS);
            assertThat(Thread.activeCount() - threads).isLessThan(100);
        } finally {
            clients.forEach(Comet::close);
            rig.stop();
        }
    }

    private static boolean isConnected(Comet comet) {
        return comet.state() == CometState.CONNECTED;
    }

    private static CometSession session(CometClient client) {
        return new CometSession(client.publicToken(), client.privateToken(), "", 60, 0);
    }
}
