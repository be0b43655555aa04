package dev.comet.redis;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.RecordedAnswers;
import dev.comet.testkit.internal.RecordingEventHandler;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Managers over one Redis, in real time. */
final class TestNodes implements AutoCloseable {

    private final Supplier<RedisCometStateProvider.Builder> builder;
    private final String namespace = UUID.randomUUID().toString();
    private final List<Node> nodes = new ArrayList<>();
    final RecordedAnswers answers = new RecordedAnswers();

    TestNodes(TestRedis redis) {
        this(redis.uri());
    }

    TestNodes(RedisURI uri) {
        this(() -> RedisCometStateProvider.builder().uri(uri));
    }

    /**
     * @param builder of providers, but for what is the same for all
     */
    TestNodes(Supplier<RedisCometStateProvider.Builder> builder) {
        this.builder = builder;
    }

    /** One process, as it were. */
    final class Node {

        final RedisCometStateProvider provider;
        final CometStateManager manager;
        final RecordingEventHandler events = new RecordingEventHandler();

        private Node() {
            provider =
                    builder.get()
                            .namespace(namespace)
                            .commandTimeout(Duration.ofMillis(500))
                            .lease(Duration.ofSeconds(1))
                            .build();
            manager =
                    CometStateManager.builder(provider)
                            .waitThreads(1)
                            .eventExecutor(Runnable::run)
                            .eventHandler(events)
                            .build();
        }

        CometClient client(String name) {
            return client(name, 60);
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
            return poll(client, cursor, atMost, 0);
        }

        RecordedAnswers.Request poll(
                CometClient client, long cursor, @Nullable Duration atMost, long instance) {
            return answers.watch(
                    manager.endpoint()
                            .beginSubscribe(client.privateToken(), cursor, atMost, instance));
        }
    }

    Node node() {
        Node node = new Node();
        nodes.add(node);
        return node;
    }

    String namespace() {
        return namespace;
    }

    /** What all keys of this store begin with. */
    String prefix() {
        return "comet:{" + namespace + "}:";
    }

    @Override
    public void close() {
        nodes.forEach(node -> node.manager.close());
    }
}
