/** The Comet client for Java programs. */
module dev.comet.client {
    requires transitive tools.jackson.databind;
    requires transitive java.net.http; // JdkHttp, the default
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.comet.client;
    exports dev.comet.client.http;
}
