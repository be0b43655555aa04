package dev.comet.examples.relay;

import dev.comet.ICometStateProvider;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.redis.RedisCometStateProvider;
import io.lettuce.core.RedisURI;

/**
 * Where a node has what it knows: Comet's clients and messages, and the relay's devices.
 *
 * @param comet for one manager, which closes it
 */
record Storage(ICometStateProvider comet, DeviceStore devices) {

    /** In this process, and for it alone. */
    static Storage inMemory() {
        return new Storage(new InProcCometStateProvider(), new DevicesInMemory());
    }

    /** For all processes that are given the same Redis and namespace. */
    static Storage inRedis(RedisURI uri, String namespace) {
        return new Storage(
                RedisCometStateProvider.builder().uri(uri).namespace(namespace).build(),
                new DevicesInRedis(uri, namespace));
    }
}
