package dev.comet.servlet;

class TomcatSlowBodyTest extends SlowBodyContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
