package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class HttpStatisticsTest {

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("fine", (client, m) -> {})
                                    .on("fails", (client, m) -> fail())
                                    .on("full", (client, m) -> full()));

    private static void fail() {
        throw new IllegalStateException("the application's fault, as the test wants");
    }

    private static void full() {
        throw new CometException(
                CometException.Reason.LIMIT_REACHED, "CometLimits.maxGroups allows no more");
    }

    @AfterEach
    void close() {
        protocol.close();
    }

    @Test
    @DisplayName("O3: refusals are counted by status and code, hooks are counted and timed")
    void statistics_refusalsAndHooks_areCounted() {
        CometClient ada = protocol.client("ada");
        protocol.handle(FakeExchange.get("/poll"));
        protocol.handle(FakeExchange.get("/poll").bearer("nobody-has-this-token"));
        protocol.handle(FakeExchange.get("/poll").bearer("nobody-has-this-token"));
        for (String name : new String[] {"fine", "fails", "full"}) {
            protocol.handle(
                    FakeExchange.post("/send")
                            .bearer(ada.privateToken())
                            .json("{\"name\":\"" + name + "\",\"contents\":1}"));
        }

        CometHttpStatistics statistics = protocol.handler.statistics();
        assertThat(statistics.refusals())
                .isEqualTo(
                        Map.of(
                                "401 token-missing", 1L,
                                "404 client-does-not-exist", 2L,
                                "500 handler-failed", 1L,
                                "503 limit-reached", 1L));
        assertThat(statistics.hooks().calls()).isEqualTo(3);
        assertThat(statistics.hooks().failures()).isEqualTo(1);
        assertThat(statistics.hooks().total()).isPositive();
        assertThat(statistics.hooks().longest())
                .isBetween(statistics.hooks().total().dividedBy(3), statistics.hooks().total());
    }

    @Test
    @DisplayName("O3: what an exception tells whoever runs the server is not told to a browser")
    void send_hookMeetsALimit_theTextIsThePeers() {
        CometClient ada = protocol.client("ada");
        FakeExchange answer =
                protocol.handle(
                        FakeExchange.post("/send")
                                .bearer(ada.privateToken())
                                .json("{\"name\":\"full\",\"contents\":1}"));
        assertThat(answer.text()).contains("try again later").doesNotContain("CometLimits");
    }
}
