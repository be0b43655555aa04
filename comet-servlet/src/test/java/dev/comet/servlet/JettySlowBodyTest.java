package dev.comet.servlet;

class JettySlowBodyTest extends SlowBodyContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
