package dev.comet.examples.relay;

import dev.comet.client.Comet;
import dev.comet.client.CometMessage;
import dev.comet.client.CometOptions;
import dev.comet.client.CometState;
import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.Dimension;
import java.io.IOException;
import java.net.URI;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import javax.swing.BorderFactory;
import javax.swing.DefaultListModel;
import javax.swing.JButton;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JList;
import javax.swing.JPanel;
import javax.swing.JScrollPane;
import javax.swing.SwingUtilities;

/**
 * A window that shows what the relay pushes. Its thread never waits: what has to be waited for is a
 * stage, and what comes of it is posted back. See docs/desktop.md.
 */
public final class DesktopMonitor extends JPanel {

    private static final long serialVersionUID = 1L;
    private static final int MAX_LINES = 200;

    private final JLabel state = new JLabel("connecting");
    private final JButton again = new JButton("Try again");
    private final DefaultListModel<String> lines = new DefaultListModel<>();

    DesktopMonitor() {
        super(new BorderLayout(8, 8));
        setBorder(BorderFactory.createEmptyBorder(12, 12, 12, 12));
        setPreferredSize(new Dimension(420, 320));
        JPanel top = new JPanel(new BorderLayout());
        top.add(state, BorderLayout.CENTER);
        top.add(again, BorderLayout.EAST);
        add(top, BorderLayout.NORTH);
        add(new JScrollPane(new JList<>(lines)), BorderLayout.CENTER);
        again.setEnabled(false);
    }

    /** Connects; called on the event dispatch thread, which goes on at once. */
    void connect(URI url, String mac, String key) {
        Frame hello = Frame.of(Frame.Kind.PHONE_HELLO, Map.of("id", mac, "deviceid", "desktop"));
        Comet.connect(url, Map.of("frame", hello.hex(), "key", key), CometOptions.defaults())
                .whenComplete(
                        (comet, failure) -> {
                            if (failure == null) {
                                follow(comet);
                            } else {
                                SwingUtilities.invokeLater(
                                        () -> state.setText(failure.getMessage()));
                            }
                        });
    }

    /** Not on the event dispatch thread: before the first message comes. */
    private void follow(Comet comet) {
        DesktopConnection connection =
                new DesktopConnection(comet, SwingUtilities::invokeLater, this::show, this::show);
        SwingUtilities.invokeLater(() -> again.addActionListener(event -> connection.tryAgain()));
    }

    void show(CometState now) {
        state.setText(now.toString().toLowerCase(Locale.ROOT));
        state.setForeground(now == CometState.CONNECTED ? new Color(0x13, 0x7A, 0x3B) : Color.RED);
        again.setEnabled(now == CometState.DISCONNECTED);
    }

    void show(CometMessage message) {
        lines.add(
                0,
                LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS)
                        + "  "
                        + message.name());
        if (lines.size() > MAX_LINES) {
            lines.remove(MAX_LINES);
        }
    }

    /** {@code DesktopMonitor http://localhost:8080/comet CODE} */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 2) {
            System.err.println("usage: DesktopMonitor URL-OF-COMET PAIRING-CODE");
            System.exit(2);
        }
        URI url = URI.create(args[0]);
        String mac = Phone.newMac();
        String key = Pairing.key(url, mac, args[1]);
        SwingUtilities.invokeLater(
                () -> {
                    DesktopMonitor monitor = new DesktopMonitor();
                    JFrame window = new JFrame("Relay");
                    window.setDefaultCloseOperation(JFrame.EXIT_ON_CLOSE);
                    window.add(monitor);
                    window.pack();
                    window.setLocationByPlatform(true);
                    window.setVisible(true);
                    monitor.connect(url, mac, key);
                });
    }
}
