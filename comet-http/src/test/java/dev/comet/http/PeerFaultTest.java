package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What peers can have written to the log. */
@DisplayName("H12 what a peer does wrong is no flood of the log")
class PeerFaultTest {

    private final CompletableFuture<Object> later = new CompletableFuture<>();
    private int calls;
    private final Protocol protocol =
            new Protocol(
                    CometLimits.builder()
                            .clientLog(new LogLimits(2, Long.MAX_VALUE, LogLimits.ANY_AGE))
                            .overflow(OverflowPolicy.REJECT)
                            .build(),
                    (comet, app) ->
                            app.onRequestLater("later", (client, m) -> later())
                                    .onRequest("stage", (client, m) -> later())
                                    .on("fail", (client, m) -> fail())
                                    .onConnect(request -> fail()));
    private final CometClient ada = protocol.client("ada");
    private LogCapture log;

    private CompletionStage<Object> later() {
        calls++;
        return later;
    }

    private static CometClient fail() {
        throw new IllegalStateException("the application's fault");
    }

    @BeforeEach
    void capture() {
        log = new LogCapture(CometHttpHandler.class);
    }

    @AfterEach
    void close() {
        log.close();
        protocol.close();
    }

    private FakeExchange send(String name, String correlation) {
        return protocol.send(ada, name, correlation);
    }

    @Test
    @DisplayName("H12 replies that find the queue full are one line, without a stack trace")
    void reply_queueIsFull_isOneLineWithoutStackTrace() {
        for (int i = 0; i < 20; i++) {
            send("later", ",\"correlationId\":\"c-" + i + "\"");
        }
        later.complete("x".repeat(100));

        assertThat(log.lines()).as(log.text()).hasSizeLessThanOrEqualTo(1);
        assertThat(log.stackTraces()).isZero();
    }

    @Test
    @DisplayName("H12 a plain send where only a request can be replied to is the sender's fault")
    void send_hookRepliesLater_isTheSendersFault() {
        FakeExchange answer = send("later", "");

        answer.isError(400, "parameters-invalid");
        assertThat(answer.reason()).contains("correlationId");
        assertThat(calls).as("calls of the hook").isZero();
        assertThat(log.text()).isEmpty();
    }

    @Test
    @DisplayName("H12 a hook that replies with a stage and was not registered for it: says the fix")
    void send_hookRepliesWithAStage_saysTheFix() {
        send("stage", ",\"correlationId\":\"c-1\"").isError(500, "handler-failed");

        assertThat(log.causes()).contains("onRequestLater");
    }

    @Test
    @DisplayName("H12 a hook that fails is told once a minute, with how often")
    void hook_fails_isToldOnceAMinute() {
        for (int i = 0; i < 20; i++) {
            send("fail", "").isError(500, "handler-failed");
        }
        assertThat(log.lines()).as(log.text()).hasSize(1);
        assertThat(log.stackTraces()).isOne();

        protocol.pass(Duration.ofSeconds(50));
        protocol.poll(ada, "?hold=0");
        protocol.pass(Duration.ofSeconds(10));
        send("fail", "");
        assertThat(log.lines()).hasSize(2).last().asString().contains("19 more");
    }

    @Test
    void connectHook_fails_isToldOnceAMinute() {
        for (int i = 0; i < 20; i++) {
            protocol.handle(FakeExchange.post("/connect")).isError(500, "handler-failed");
        }
        assertThat(log.lines()).as(log.text()).hasSize(1);
    }
}
