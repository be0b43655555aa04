/** Clients, messages and held requests, without HTTP and without a store. */
@SuppressWarnings("module") // these need this module, and are not there when it is compiled
module dev.comet.core {
    requires org.slf4j;
    requires transitive tools.jackson.databind;
    requires static org.jspecify;

    exports dev.comet;
    exports dev.comet.internal to
            dev.comet.http,
            dev.comet.inproc;
}
