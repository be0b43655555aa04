package dev.comet.servlet;

class TomcatUnreadAnswersTest extends UnreadAnswersContract {

    @Override
    Container container() throws Exception {
        return new TomcatContainer();
    }
}
