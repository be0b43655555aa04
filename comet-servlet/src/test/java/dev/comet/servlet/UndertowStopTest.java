package dev.comet.servlet;

class UndertowStopTest extends StopContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
