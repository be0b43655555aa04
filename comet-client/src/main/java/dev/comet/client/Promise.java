package dev.comet.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What the application gets for something that ends later. What hangs on it runs on an executor;
 * but whoever waits for it goes on as soon as it has ended, and needs no thread of that executor:
 * all of them may be waiting just so.
 */
final class Promise<T> extends CompletableFuture<T> {

    /**
     * Ends before what hangs on the promise runs; or with the promise, if the application ends
     * that.
     */
    private final CompletableFuture<T> ended = new CompletableFuture<>();

    Promise() {
        CompletionStage<T> self = this;
        self.whenComplete(
                (value, failure) -> {
                    if (failure == null) {
                        ended.complete(value);
                    } else {
                        ended.completeExceptionally(failure);
                    }
                });
    }

    /** The stage, for the application. */
    static <T> Promise<T> of(CompletionStage<T> stage, Executor executor) {
        Promise<T> promise = new Promise<>();
        stage.whenComplete(
                (value, failure) -> {
                    if (failure == null) {
                        promise.keep(value, executor);
                    } else {
                        promise.fail(failure, executor);
                    }
                });
        return promise;
    }

    /**
     * @param executor runs what hangs on it; what it refuses (it is shut down, full, or there are
     *     no more threads) runs on the spot: somebody waits for it, and would wait for ever
     */
    void keep(T value, Executor executor) {
        ended.complete(value);
        try {
            executor.execute(() -> complete(value));
        } catch (Throwable e) {
            complete(value);
        }
    }

    /**
     * @param executor as for {@link #keep}
     */
    void fail(Throwable failure, Executor executor) {
        ended.completeExceptionally(failure);
        try {
            executor.execute(() -> completeExceptionally(failure));
        } catch (Throwable e) {
            completeExceptionally(failure);
        }
    }

    @Override
    public T join() {
        return ended.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        return ended.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        return ended.get(timeout, unit);
    }
}
