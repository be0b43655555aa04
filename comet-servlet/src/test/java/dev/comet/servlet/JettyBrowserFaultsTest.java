package dev.comet.servlet;

class JettyBrowserFaultsTest extends BrowserFaultsContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
