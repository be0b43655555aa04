package dev.comet.servlet;

class TomcatStopTest extends StopContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
