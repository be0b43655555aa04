package dev.comet.redis;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Brings a namespace back to what it was, at a server that says it is another one: as a replica
 * that was promoted and lacks what was written last.
 */
final class Forgetting {

    private final TestRedis server;
    private final String prefix;
    private final Map<String, byte[]> kept = new HashMap<>();

    /** As it is now. */
    Forgetting(TestRedis server, String prefix) {
        this.server = server;
        this.prefix = prefix;
        redis(redis -> all(redis).forEach(key -> kept.put(key, redis.dump(key))));
    }

    void happens() {
        redis(
                redis -> {
                    List<String> now = all(redis);
                    redis.multi();
                    now.forEach(redis::del);
                    kept.forEach((key, value) -> redis.restore(key, 0, value));
                    redis.hset(prefix + "epoch", "run", "another".getBytes(StandardCharsets.UTF_8));
                    redis.exec();
                    redis.clientKill(KillArgs.Builder.typeNormal().skipme(true));
                });
    }

    private List<String> all(RedisCommands<String, byte[]> redis) {
        return redis.keys(prefix + "*");
    }

    private void redis(Consumer<RedisCommands<String, byte[]>> task) {
        RedisClient client = RedisClient.create(server.uri());
        try (var connection =
                client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE))) {
            task.accept(connection.sync());
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
