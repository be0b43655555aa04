package dev.comet.postgresql;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.LogLimits;
import dev.comet.testkit.internal.RecordedAnswers;
import dev.comet.testkit.internal.RecordingEventHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Managers over one schema, in real time. */
final class TestNodes implements AutoCloseable {

    /** What a client's own log holds. */
    static final int OWN_LOG = 10_000;

    final String schema = TestPostgres.newSchema();
    final RecordedAnswers answers = new RecordedAnswers();
    private final List<Node> nodes = new ArrayList<>();

    /** One process, as it were. */
    final class Node {

        final PostgresCometStateProvider provider;
        final CometStateManager manager;
        final RecordingEventHandler events = new RecordingEventHandler();

        private Node(Duration commandTimeout) {
            provider =
                    PostgresCometStateProvider.builder(TestPostgres.dataSource())
                            .schema(schema)
                            .commandTimeout(commandTimeout)
                            .lease(Duration.ofSeconds(1))
                            .build();
            manager =
                    CometStateManager.builder(provider)
                            .limits(
                                    CometLimits.builder()
                                            .clientLog(
                                                    new LogLimits(
                                                            OWN_LOG, 1 << 24, LogLimits.ANY_AGE))
                                            .build())
                            .waitThreads(1)
                            .eventExecutor(Runnable::run)
                            .eventHandler(events)
                            .build();
        }

        CometClient client(String name, int idleSeconds) {
            return manager.initializeClient(
                    CometClient.builder()
                            .publicToken(name)
                            .connectionIdleSeconds(idleSeconds)
                            .build());
        }

        RecordedAnswers.Request poll(CometClient client, long cursor) {
            return poll(client, cursor, null);
        }

        RecordedAnswers.Request poll(CometClient client, long cursor, @Nullable Duration atMost) {
            return answers.watch(
                    manager.endpoint().beginSubscribe(client.privateToken(), cursor, atMost, 0));
        }
    }

    Node node() {
        return node(Duration.ofSeconds(5));
    }

    Node node(Duration commandTimeout) {
        Node node = new Node(commandTimeout);
        nodes.add(node);
        return node;
    }

    static boolean isUnavailable(Throwable error) {
        return error instanceof CometException refusal
                && refusal.reason() == Reason.PROVIDER_UNAVAILABLE;
    }

    @Override
    public void close() {
        nodes.forEach(node -> node.manager.close());
    }
}
