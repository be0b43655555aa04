/** The state provider that keeps clients and messages in PostgreSQL. */
@SuppressWarnings({"module", "requires-transitive-automatic", "requires-automatic"})
module dev.comet.postgresql {
    requires transitive dev.comet.core;
    requires transitive java.sql;
    requires org.postgresql.jdbc;
    requires org.slf4j;
    requires static org.checkerframework.checker.qual;
    requires static org.jspecify;

    exports dev.comet.postgresql;
}
