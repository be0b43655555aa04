package dev.comet.redis;

/** The same over the oldest Redis that is supported. */
class OldestRedisContractTest extends RedisContractTest {

    @Override
    TestRedis server() {
        return TestRedis.oldest();
    }
}
