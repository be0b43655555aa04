package dev.comet.servlet;

class UndertowStreamTest extends StreamContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
