package dev.comet.servlet;

class TomcatFilterTest extends FilterContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
