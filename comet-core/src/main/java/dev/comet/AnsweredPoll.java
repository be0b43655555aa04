package dev.comet;

import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** A request that was answered at once and never held. */
record AnsweredPoll(CometAnswer answer) implements CometAsyncResult {

    @Override
    public boolean isCompleted() {
        return true;
    }

    @Override
    public void whenCompleted(Consumer<CometAnswer> callback) {
        Completion.call(callback, answer);
    }

    @Override
    public void whenCompleted(Consumer<CometAnswer> callback, Executor executor) {
        Completion.call(callback, answer);
    }
}
