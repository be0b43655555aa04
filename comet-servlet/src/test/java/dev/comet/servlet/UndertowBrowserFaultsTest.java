package dev.comet.servlet;

class UndertowBrowserFaultsTest extends BrowserFaultsContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
