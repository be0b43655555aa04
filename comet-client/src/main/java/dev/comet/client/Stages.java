package dev.comet.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** What the JDK's stages lack. */
final class Stages {

    private Stages() {}

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
                    } catch (Throwable e) {
                        mapped.completeExceptionally(e);
                    }
                });
        return mapped;
    }
}
