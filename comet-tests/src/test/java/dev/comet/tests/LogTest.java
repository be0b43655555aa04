package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.LogLimits;
import dev.comet.inproc.InProcCometStateProvider;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What a server's log has of Comet. */
class LogTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.comet");
    private final Queue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> appender =
            new AppenderBase<>() {
                @Override
                protected void append(ILoggingEvent event) {
                    events.add(event);
                }
            };

    @BeforeEach
    void listen() {
        appender.start();
        logger.addAppender(appender);
        logger.setAdditive(false);
        logger.setLevel(Level.DEBUG);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    private List<String> lines(Level level) {
        return events.stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    @Test
    @DisplayName("O2 start and stop are a line each, with provider and limits; nothing is secret")
    void life_ofAManager_isTwoLinesAndNothingSecret() {
        CometLimits limits =
                CometLimits.builder()
                        .sharedLog(new LogLimits(2, 100_000, LogLimits.ANY_AGE))
                        .maxTotalBytes(1_234_567)
                        .build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            server.poll(ada, 0);
            server.poll(ada, 0);
            for (int i = 0; i < 5; i++) {
                server.manager.sendToAllExcept("ada", "n", i);
            }
            assertThat(server.fetch(bob, 0).batch().gaps()).isNotEmpty();
            server.manager.disconnect(bob);
            server.pass(Duration.ofSeconds(26)); // its poll ends
            server.pass(Duration.ofSeconds(61));
        }

        assertThat(lines(Level.INFO)).hasSize(2);
        assertThat(lines(Level.INFO).get(0))
                .contains(
                        "started on Java " + Runtime.version(),
                        InProcCometStateProvider.class.getName(),
                        "maxTotalBytes=1234567");
        assertThat(lines(Level.INFO).get(1)).contains("stopped");
        assertThat(String.join("\n", lines(Level.DEBUG)))
                .contains("initialised", "took over", "was told of", "was ended", "stayed away");
        assertThat(events)
                .extracting(ILoggingEvent::getFormattedMessage)
                .noneMatch(line -> line.contains("secret-of-"));
        assertThat(events).noneMatch(event -> event.getThrowableProxy() != null);
    }

    @Test
    @DisplayName("O2 a handler that fails each time is one stack trace, not thousands")
    void handler_failsEachTime_isSaidOnce() {
        CometClientEventHandler failing =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        throw new IllegalStateException("of the application");
                    }
                };
        CometClientEventHandler refused =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        throw new CometException(
                                CometException.Reason.CLIENT_DOES_NOT_EXIST, "has left");
                    }
                };
        try (Server server =
                Server.start(
                        new InProcCometStateProvider(),
                        1,
                        options -> options.eventHandler(failing).eventHandler(refused))) {
            for (int i = 0; i < 1_000; i++) {
                server.client("client-" + i);
            }
            server.settle();
        }

        // Another test may have said it already, or a minute end meanwhile.
        assertThat(events)
                .filteredOn(event -> event.getThrowableProxy() != null)
                .hasSizeLessThanOrEqualTo(2);
        assertThat(lines(Level.WARN)).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    @DisplayName("O2 closing with requests pending is no fault: no stack trace")
    void close_requestsPending_logsNoStackTrace() {
        Server server = Server.start();
        for (int i = 0; i < 20; i++) {
            server.client("lamp-" + i);
            CometClient asking = server.client("phone-" + i);
            server.manager
                    .request("lamp-" + i, "n", 1, Duration.ofSeconds(10))
                    .whenComplete(
                            (reply, failure) ->
                                    server.manager.refuseTo(asking, "c", "closed", "later"));
        }
        server.close();

        assertThat(events).noneMatch(event -> event.getThrowableProxy() != null);
    }
}
