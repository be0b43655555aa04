package dev.comet.servlet;

class JettyJavaClientTest extends JavaClientContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
