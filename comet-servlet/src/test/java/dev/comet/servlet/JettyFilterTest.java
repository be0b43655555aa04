package dev.comet.servlet;

class JettyFilterTest extends FilterContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
