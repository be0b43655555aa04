package dev.comet.examples.relay;

import dev.comet.CometException;
import dev.comet.CometException.Reason;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.KeyValue;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * For a relay that is several processes, and for one that is to know its devices when it starts
 * anew: hashes by MAC, beside what Comet has in the same Redis. Calls wait for two seconds at most.
 */
final class DevicesInRedis implements DeviceStore {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final int MAX_PENDING = 10_000;

    private final RedisClient client;
    private final StatefulRedisConnection<String, String> connection;
    private final String keys;
    private final String active;
    private final String code;
    private final String turn;

    /**
     * @param namespace as Comet's: which of the relays in this Redis
     */
    DevicesInRedis(RedisURI uri, String namespace) {
        String prefix = "relay:{" + namespace + "}:";
        keys = prefix + "keys";
        active = prefix + "active";
        code = prefix + "code";
        turn = prefix + "turn:";
        client = RedisClient.create(uri);
        client.setOptions(ClientOptions.builder().requestQueueSize(MAX_PENDING).build());
        connection = client.connect();
        connection.setTimeout(TIMEOUT);
    }

    private <T> T call(Function<RedisCommands<String, String>, T> command) {
        try {
            return command.apply(connection.sync());
        } catch (RedisException e) {
            throw unavailable(e);
        }
    }

    private static CometException unavailable(RedisException cause) {
        return new CometException(
                Reason.PROVIDER_UNAVAILABLE, "the relay's store is away; try again later", cause);
    }

    @Override
    public @Nullable String keyDigest(String mac) {
        return call(redis -> redis.hget(keys, mac));
    }

    @Override
    public boolean addKeyDigest(String mac, String digest) {
        return call(redis -> redis.hsetnx(keys, mac, digest));
    }

    @Override
    public void replaceKeyDigest(String mac, String digest) {
        call(redis -> redis.hset(keys, mac, digest));
    }

    @Override
    public long keys() {
        return call(redis -> redis.hlen(keys));
    }

    @Override
    public void wasActive(String mac, Instant at) {
        try {
            Future<?> unused =
                    connection.async().hset(active, mac, String.valueOf(at.toEpochMilli()));
        } catch (RedisException e) { // too many wait for it already
            throw unavailable(e);
        }
    }

    @Override
    public Map<String, Instant> lastActive(List<String> macs) {
        if (macs.isEmpty()) {
            return Map.of();
        }
        return call(redis -> redis.hmget(active, macs.toArray(new String[0]))).stream()
                .filter(KeyValue::hasValue)
                .collect(
                        Collectors.toMap(
                                KeyValue::getKey,
                                found -> Instant.ofEpochMilli(Long.parseLong(found.getValue()))));
    }

    @Override
    public String pairingCode(String proposed) {
        call(redis -> redis.set(code, proposed, SetArgs.Builder.nx()));
        return call(redis -> redis.get(code));
    }

    /** The turn of one node ends a little before its next is due, or the others would be first. */
    @Override
    public boolean isTurn(String job, Duration interval) {
        SetArgs forAWhile = SetArgs.Builder.nx().px(Math.max(1, interval.toMillis() * 9 / 10));
        return "OK".equals(call(redis -> redis.set(turn + job, "taken", forAWhile)));
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown(Duration.ZERO, TIMEOUT);
    }
}
