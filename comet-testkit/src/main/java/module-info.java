/** The contract of state providers, as tests to extend. */
module dev.comet.testkit {
    requires transitive dev.comet.core;
    requires transitive org.junit.jupiter.api;
    requires org.assertj.core;
    requires static org.jspecify;

    exports dev.comet.testkit;

    opens dev.comet.testkit to
            org.junit.platform.commons;
}
