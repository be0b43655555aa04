package dev.comet.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/** What the JDK's stages lack. */
final class Stages {

    private Stages() {}

    /**
     * The executor, but what it refuses (it is shut down, or full) runs on the spot: somebody waits
     * for it, and would wait for ever.
     */
    static Executor completing(Executor executor) {
        return completion -> {
            try {
                executor.execute(completion);
            } catch (RejectedExecutionException e) {
                completion.run();
            }
        };
    }

    /** As {@code thenApply}, but a failure stays what it is: nobody has to unwrap it. */
    static <T, R> CompletionStage<R> map(CompletionStage<T> stage, Function<T, R> function) {
        CompletableFuture<R> mapped = new CompletableFuture<>();
        stage.whenComplete(
                (value, failure) -> {
                    if (failure != null) {
                        mapped.completeExceptionally(failure);
                        return;
                    }
                    try {
                        mapped.complete(function.apply(value));
                    } catch (RuntimeException e) {
                        mapped.completeExceptionally(e);
                    }
                });
        return mapped;
    }
}
