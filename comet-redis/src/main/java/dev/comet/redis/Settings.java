package dev.comet.redis;

import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.List;

/**
 * What {@link RedisCometStateProvider.Builder} was told.
 *
 * @param uris of one server, or of several of a Redis Cluster
 */
record Settings(
        List<RedisURI> uris,
        String namespace,
        Duration commandTimeout,
        Duration lease,
        Duration retention,
        int maxPendingCommands,
        int waitForReplicas,
        boolean checksServer,
        boolean timeOfTheManager) {

    /** Where Redis is, for people. */
    String where() {
        RedisURI first = uris.get(0);
        return first.getSentinelMasterId() != null
                ? "Redis's master " + first.getSentinelMasterId()
                : "Redis at " + first.getHost() + ":" + first.getPort();
    }

    /** What all keys begin with. In a cluster, all of them are at one server. */
    String prefix() {
        return "comet:{" + namespace + "}:";
    }
}
