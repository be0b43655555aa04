package dev.comet.servlet;

class JettyOwnAnswerTest extends OwnAnswerContract {

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }
}
