package dev.comet.servlet;

class UndertowUnreadAnswersTest extends UnreadAnswersContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
