package dev.comet.servlet;

class JettyCometServletTest extends CometServletContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
