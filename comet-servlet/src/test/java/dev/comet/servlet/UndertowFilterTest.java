package dev.comet.servlet;

class UndertowFilterTest extends FilterContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
