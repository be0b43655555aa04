package dev.comet.examples.relay;

import dev.comet.client.Comet;
import dev.comet.client.CometListener;
import dev.comet.client.CometMessage;
import dev.comet.client.CometState;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * How a desktop program keeps a persistent connection: by a client that asks again by itself, and a
 * display that is told. When the cloud is silent for longer than its heart-beats allow, the client
 * asks once more; when that fails too, the program says "disconnected" and stops, and leaves it to
 * the user to try again.
 *
 * <p>Nothing here waits, and the display is only ever touched through its own executor ({@code
 * SwingUtilities::invokeLater}).
 */
final class DesktopConnection implements CometListener, AutoCloseable {

    private final Comet comet;
    private final Executor display;
    private final Consumer<CometState> shown;

    /**
     * @param shown is told, on the display's thread, what to show
     * @param messages is given messages, on the display's thread
     */
    DesktopConnection(
            Comet comet,
            Executor display,
            Consumer<CometState> shown,
            Consumer<CometMessage> messages) {
        this.comet = comet;
        this.display = display;
        this.shown = shown;
        comet.listen(this);
        comet.on(Comet.ALL, message -> display.execute(() -> messages.accept(message)));
        display.execute(() -> shown.accept(comet.state()));
    }

    @Override
    public void stateChanged(CometState from, CometState to) {
        if (to == CometState.DISCONNECTED) {
            comet.unsubscribe(); // asked once more, in vain: this is the user's business now
        } else if (from == CometState.DISCONNECTED && to == CometState.PAUSED) {
            return; // still to be shown as disconnected
        }
        display.execute(() -> shown.accept(to));
    }

    /** What the button does. */
    void tryAgain() {
        comet.subscribe();
    }

    @Override
    public void close() {
        comet.close();
    }
}
