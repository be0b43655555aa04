/** The wire protocol in a Jakarta Servlet container. */
module dev.comet.servlet {
    requires transitive dev.comet.http;
    requires transitive jakarta.servlet;
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.comet.servlet;
}
