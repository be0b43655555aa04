package dev.comet.servlet;

class UndertowSlowBodyTest extends SlowBodyContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
