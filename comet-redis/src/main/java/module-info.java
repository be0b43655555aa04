/** The state provider that keeps clients and messages in Redis. */
@SuppressWarnings({"module", "requires-transitive-automatic", "requires-automatic"})
module dev.comet.redis {
    requires transitive dev.comet.core;
    requires lettuce.core;
    requires org.slf4j;
    requires tools.jackson.databind;
    requires static org.jspecify;

    exports dev.comet.redis;
}
