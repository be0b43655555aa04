package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import org.apache.coyote.http2.Http2Protocol;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TomcatCometServletTest extends CometServletContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }

    @Test
    @DisplayName("W13 over HTTP/2 a peer that goes away is released at once")
    void poll_streamIsReset_isAbandoned() throws Exception {
        TomcatContainer tomcat = new TomcatContainer();
        tomcat.connector().addUpgradeProtocol(new Http2Protocol());
        ServletRig rig = new ServletRig(tomcat, CometLimits.defaults(), (comet, app) -> {});
        try {
            HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
            assertThat(http.send(rig.request("/comet.js").build(), BodyHandlers.discarding()))
                    .extracting(response -> response.version())
                    .isEqualTo(HttpClient.Version.HTTP_2);
            CometClient ada = rig.client("ada");
            CompletableFuture<?> poll =
                    http.sendAsync(
                            rig.request("/poll")
                                    .header("Authorization", "Bearer " + ada.privateToken())
                                    .build(),
                            BodyHandlers.discarding());
            await().until(() -> rig.comet.statistics().held().polls() == 1);

            poll.cancel(true);

            await().until(() -> rig.comet.statistics().held().abandoned() == 1);
            assertThat(rig.comet.statistics().held().polls()).isZero();
        } finally {
            rig.stop();
        }
    }
}
