package dev.comet.servlet;

class TomcatJavaClientTest extends JavaClientContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
