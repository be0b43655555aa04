package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.http.CometHttpHandler;
import java.io.EOFException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.xnio.Options;

class UndertowCometServletTest extends CometServletContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }

    @Test
    @DisplayName("H2 a peer whose body stalls is cut off, which is no error in the log")
    void send_bodyStalls_isCutOffQuietly() throws Exception {
        UndertowContainer undertow = new UndertowContainer();
        undertow.builder().setSocketOption(Options.READ_TIMEOUT, 100);
        ServletRig rig = new ServletRig(undertow, CometLimits.defaults(), (comet, app) -> {});
        CometClient ada = rig.client("ada");
        try (LogCapture log = new LogCapture(CometHttpHandler.class);
                RawPeer peer = new RawPeer(undertow.port())) {
            peer.send(
                    RawPeer.head(
                            "POST /app/comet/send",
                            "Authorization: Bearer " + ada.privateToken(),
                            "Content-Type: application/json",
                            "Content-Length: 10"));

            assertThatThrownBy(peer::read).isInstanceOf(EOFException.class);
            assertThat(log.text()).isEmpty();
        } finally {
            rig.stop();
        }
    }
}
