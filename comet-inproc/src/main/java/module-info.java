/** The state provider that keeps clients and messages in memory. */
module dev.comet.inproc {
    requires transitive dev.comet.core;
    requires static org.jspecify;

    exports dev.comet.inproc;
}
