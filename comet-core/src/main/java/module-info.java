/** Clients, messages and held requests, without HTTP and without a store. */
module dev.comet.core {
    requires org.slf4j;
    requires transitive tools.jackson.databind;
    requires static org.jspecify;

    exports dev.comet;
    exports dev.comet.spi;
}
