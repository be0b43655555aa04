package dev.comet.servlet;

class JettyStreamTest extends StreamContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
