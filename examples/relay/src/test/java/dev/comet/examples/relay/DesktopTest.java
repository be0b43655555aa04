package dev.comet.examples.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.client.Comet;
import dev.comet.client.CometOptions;
import dev.comet.client.CometSession;
import dev.comet.client.CometState;
import dev.comet.client.http.CometHttp;
import dev.comet.client.http.JdkHttp;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.swing.JButton;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.SwingUtilities;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DesktopTest {

    /** A network that can be switched off; counts what is asked while it is. */
    private static final class Switch implements CometHttp {
        private final CuttableHttp network = new CuttableHttp(JdkHttp.shared());
        private final AtomicInteger inVain = new AtomicInteger();
        private volatile boolean off;

        void off() {
            off = true;
            network.cut();
        }

        @Override
        public Exchange start(Request request, Receiver receiver) {
            if (!off) {
                return network.start(request, receiver);
            }
            inVain.incrementAndGet();
            receiver.failed(new IOException("no network"));
            return new Exchange() {
                @Override
                public void more() {}

                @Override
                public void abort() {}
            };
        }
    }

    @Test
    @DisplayName(
            "R8 the connection is lost: asks once more, says disconnected and stops, until told to"
                    + " go on")
    void connection_lost_asksOnceMoreAndStops() throws Exception {
        try (RelayServer server =
                RelayServer.start(
                        "127.0.0.1", 0, "code", Relay.Options.DEFAULT, Jobs.Intervals.DEFAULT)) {
            Switch network = new Switch();
            Comet comet =
                    Comet.adopt(
                            server.comet(),
                            session(server),
                            CometOptions.builder().http(network).subscribe(false).build());
            DesktopMonitor[] monitor = new DesktopMonitor[1];
            SwingUtilities.invokeAndWait(() -> monitor[0] = new DesktopMonitor());
            List<CometState> shown = new CopyOnWriteArrayList<>();
            try (DesktopConnection desktop =
                    new DesktopConnection(
                            comet,
                            SwingUtilities::invokeLater,
                            state -> {
                                assertThat(SwingUtilities.isEventDispatchThread()).isTrue();
                                monitor[0].show(state);
                                shown.add(state);
                            },
                            monitor[0]::show)) {
                comet.subscribe();
                await().until(() -> shown.contains(CometState.CONNECTED));
                network.off();
                await().until(() -> shown.contains(CometState.DISCONNECTED));
                assertThat(shown)
                        .containsSubsequence(
                                CometState.CONNECTED,
                                CometState.RECONNECTING,
                                CometState.DISCONNECTED);
                await().until(() -> comet.state() == CometState.PAUSED);
                // A stream that was cut is asked for again, then a poll in its place: one more try.
                assertThat(network.inVain).hasValueBetween(1, 2);
                assertThat(label(monitor[0]).getText()).isEqualTo("disconnected");
                assertThat(button(monitor[0]).isEnabled()).isTrue();

                network.off = false;
                desktop.tryAgain();
                await().until(() -> comet.state() == CometState.CONNECTED);
                server.relay().heart();
                await().until(() -> comet.lastMessageId() > 0);
            }
        }
    }

    private static CometSession session(RelayServer server) {
        String hello =
                Frame.of(
                                Frame.Kind.PHONE_HELLO,
                                Map.of("id", "06:00:00:00:00:01", "deviceid", "desktop"))
                        .hex();
        return new CometSession(
                "06:00:00:00:00:01",
                server.relay()
                        .register(hello, server.relay().keys().issue("06:00:00:00:00:01"))
                        .privateToken(),
                "desktop",
                25,
                0);
    }

    private static JLabel label(DesktopMonitor monitor) {
        return (JLabel) ((JPanel) monitor.getComponent(0)).getComponent(0);
    }

    private static JButton button(DesktopMonitor monitor) {
        return (JButton) ((JPanel) monitor.getComponent(0)).getComponent(1);
    }
}
