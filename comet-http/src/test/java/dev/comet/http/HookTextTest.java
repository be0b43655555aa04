package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.comet.CometClient;
import dev.comet.CometException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Which words of an exception that a hook throws reach a peer. */
@DisplayName("O3 what is said to developers is not said to peers, and stands in the log")
class HookTextTest {

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.on("name", (client, m) -> comet.sendToAll("comet.own", 1))
                                    .on("group", (client, m) -> comet.joinGroup("ada", ""))
                                    .on(
                                            "contents",
                                            (client, m) ->
                                                    comet.sendToAll("x", new CompletableFuture<>()))
                                    .on("timeout", (client, m) -> ask(comet))
                                    .onRequestLater(
                                            "later",
                                            (client, m) ->
                                                    CompletableFuture.failedFuture(
                                                            fault(() -> ask(comet))))
                                    .on("own", (client, m) -> fail("only on Mondays"))
                                    .on(
                                            "forge",
                                            (client, m) -> {
                                                throw new CometException(
                                                        CometException.Reason.REFUSED, "a\nb");
                                            })
                                    .onConnect(r -> described(r.text("what", ""))));
    private final CometClient ada = protocol.client("ada");
    private LogCapture log;

    private static void ask(dev.comet.CometStateManager comet) {
        comet.request("ada", "ask", 1, Duration.ofDays(7));
    }

    private static Throwable fault(Runnable action) {
        try {
            action.run();
            return new AssertionError("nothing was thrown");
        } catch (CometException e) {
            return e;
        }
    }

    private static void fail(String text) {
        throw new CometException(CometException.Reason.PARAMETERS_INVALID, text);
    }

    private static CometClient described(String what) {
        CometClient.Builder builder = CometClient.builder();
        return switch (what) {
            case "blank" -> builder.displayName(" ").build();
            case "weak" -> builder.privateToken("x").build();
            case "taken" -> builder.publicToken("ada").build();
            default -> builder.build();
        };
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

    @ParameterizedTest
    @ValueSource(strings = {"name", "group", "contents", "timeout"})
    @DisplayName("O3 a rule that a hook breaks is in the log once a minute, and not in the answer")
    void send_hookBreaksARule_theTextIsInTheLogOnce(String hook) {
        for (int i = 0; i < 3; i++) {
            FakeExchange answer = send(hook, "");
            answer.isError(400, "parameters-invalid");
            assertThat(answer.reason()).contains("log");
            assertThat(answer.reason()).doesNotContain("use ", "comet.", "contents of", "PT");
        }
        assertThat(log.lines()).hasSize(1);
        assertThat(log.text()).containsPattern("use |CompletableFuture|comet\\.");
        assertThat(log.stackTraces()).isZero();
    }

    @Test
    @DisplayName("O3 so is one that a hook breaks later")
    void request_hookBreaksARuleLater_theTextIsInTheLog() {
        send("later", ",\"correlationId\":\"c\"");

        assertThat(protocol.poll(ada, "?hold=0").text())
                .contains("parameters-invalid")
                .doesNotContain("PT168H");
        assertThat(log.text()).contains("PT168H");
    }

    @ParameterizedTest
    @ValueSource(strings = {"blank", "weak", "taken"})
    @DisplayName("O3 so is one that the connect hook breaks")
    void connect_hookBreaksARule_theTextIsInTheLog(String what) {
        FakeExchange answer =
                protocol.handle(FakeExchange.post("/connect").json("{\"what\":\"" + what + "\"}"));

        assertThat(answer.status()).isIn(400, 409);
        assertThat(answer.reason()).doesNotContain("displayName", "privateToken", "ada", "weak");
        assertThat(log.lines()).hasSize(1);
        assertThat(log.text()).containsAnyOf("displayName is blank", "weakPrivateTokens", "ada");
    }

    @Test
    @DisplayName("O3 what the application says on purpose goes out")
    void send_hookRefusesInItsOwnWords_theyGoOut() {
        FakeExchange answer = send("own", "");

        answer.isError(400, "parameters-invalid");
        assertThat(answer.reason()).isEqualTo("only on Mondays");
        assertThat(log.text()).isEmpty();
    }

    @Test
    @DisplayName("O3 at DEBUG refusals have a line, one a second of a kind, with nothing forged")
    void refused_logAtDebug_hasALineASecond() {
        Logger logger = (Logger) LoggerFactory.getLogger(FaultLog.class);
        Level before = logger.getLevel();
        logger.setLevel(Level.DEBUG);
        try {
            for (int i = 0; i < 3; i++) {
                send("own", "").isError(400, "parameters-invalid");
                send("forge", "").isError(403, "refused");
            }
            assertThat(log.lines())
                    .containsExactly(
                            "Refused: 400 parameters-invalid, only on Mondays",
                            "Refused: 403 refused, a?b");
            protocol.pass(Duration.ofSeconds(1));
            send("own", "");
            assertThat(log.lines()).hasSize(3);
        } finally {
            logger.setLevel(before);
        }
    }

    @Test
    @DisplayName("M10: who asks somebody that is not there is told so, and not to connect again")
    void request_targetIsGone_isAboutTheTarget() {
        CompletableFuture<Object> gone = new CompletableFuture<>();
        try (Protocol asking =
                new Protocol((comet, app) -> app.onRequestLater("x", (client, m) -> gone))) {
            CometClient bob = asking.client("bob");
            asking.send(bob, "{\"name\":\"x\",\"correlationId\":\"c\",\"contents\":1}");
            gone.completeExceptionally(
                    new CometException(
                            CometException.Reason.CLIENT_DOES_NOT_EXIST, "the lamp is off"));
            assertThat(asking.poll(bob, "?hold=0").text())
                    .contains("client-does-not-exist", "the lamp is off");
        }
    }
}
