package dev.comet.redis;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometStateProviderContract;
import java.util.UUID;

/** Everything that a provider promises, of the one over Redis. */
class RedisContractTest extends CometStateProviderContract {

    private String namespace = "";

    TestRedis server() {
        return TestRedis.shared();
    }

    @Override
    protected ICometStateProvider newProvider() {
        namespace = UUID.randomUUID().toString();
        return reopenProvider();
    }

    @Override
    protected ICometStateProvider reopenProvider() {
        return RedisCometStateProvider.builder()
                .uri(server().uri())
                .namespace(namespace)
                .timeOfTheManager()
                .build();
    }
}
