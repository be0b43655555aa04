/** The Comet client for Java programs. */
module dev.comet.client {
    requires transitive tools.jackson.databind;
    requires static transitive java.net
            .http; // only dev.comet.client.jdk: another transport does without
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.comet.client;
    exports dev.comet.client.jdk;
}
