package dev.comet.servlet;

class JettyStopTest extends StopContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
