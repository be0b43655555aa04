package dev.comet.servlet;

class UndertowJavaClientTest extends JavaClientContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
