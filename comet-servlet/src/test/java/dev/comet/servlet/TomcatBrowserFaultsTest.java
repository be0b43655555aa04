package dev.comet.servlet;

class TomcatBrowserFaultsTest extends BrowserFaultsContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
