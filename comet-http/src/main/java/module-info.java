/** The wire protocol without a container. */
module dev.comet.http {
    requires transitive dev.comet.core;
    requires transitive tools.jackson.databind;
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.comet.http;
}
