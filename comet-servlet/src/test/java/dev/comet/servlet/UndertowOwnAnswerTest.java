package dev.comet.servlet;

class UndertowOwnAnswerTest extends OwnAnswerContract {

    @Override
    Container container() throws Exception {
        return new UndertowContainer();
    }
}
