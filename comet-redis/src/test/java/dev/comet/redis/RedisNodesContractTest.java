package dev.comet.redis;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometNodesContract;
import java.time.Duration;
import java.util.UUID;

/** What providers of several nodes promise, of those over one Redis. */
class RedisNodesContractTest extends CometNodesContract {

    private static final Duration LEASE = Duration.ofSeconds(2);

    private String namespace = "";

    @Override
    protected ICometStateProvider firstNode() {
        namespace = UUID.randomUUID().toString();
        return anotherNode();
    }

    @Override
    protected ICometStateProvider anotherNode() {
        return RedisCometStateProvider.builder()
                .uri(TestRedis.shared().uri())
                .namespace(namespace)
                .lease(LEASE)
                .timeOfTheManager()
                .build();
    }

    @Override
    protected void crash(ICometStateProvider node) {
        ((RedisCometStateProvider) node).crash();
    }

    @Override
    protected Duration lease() {
        return LEASE;
    }

    @Override
    protected Runnable losesWhatFollows() {
        return new Forgetting(TestRedis.shared(), "comet:{" + namespace + "}:")::happens;
    }
}
