package dev.comet.servlet;

class TomcatStreamTest extends StreamContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
