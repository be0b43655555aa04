package dev.comet.servlet;

class TomcatOwnAnswerTest extends OwnAnswerContract {

    @Override
    Container container() throws Exception {
        TomcatContainer tomcat = new TomcatContainer();
        tomcat.connector().setProperty("maxKeepAliveRequests", "-1"); // each carries thousands
        return tomcat;
    }
}
