package dev.comet.servlet;

class JettyUnreadAnswersTest extends UnreadAnswersContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
