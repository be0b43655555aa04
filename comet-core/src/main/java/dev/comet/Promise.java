package dev.comet;

import dev.comet.engine.PatientExecutor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What the application gets for something that ends later. Dependent stages run on an executor; but
 * whoever waits for it goes on as soon as it has ended, and needs no thread of that executor: all
 * of them may be waiting just so.
 */
final class Promise<T> extends CompletableFuture<T> {

    /** Ends before dependent stages run; or with the promise, if the application ends that. */
    private final CompletableFuture<T> ended = new CompletableFuture<>();

    private final Completion completion;

    /**
     * @param executor runs dependent stages
     */
    Promise(PatientExecutor executor) {
        completion = new Completion(executor);
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
    static <T> Promise<T> of(CompletionStage<T> stage, PatientExecutor executor) {
        Promise<T> promise = new Promise<>(executor);
        stage.whenComplete(
                (value, failure) -> {
                    if (failure == null) {
                        promise.keep(value);
                    } else {
                        promise.fail(failure);
                    }
                });
        return promise;
    }

    /** Made with the promise: to end it later takes no memory that may be missing then. */
    private final class Completion extends PatientExecutor.Task {

        private volatile @Nullable T value;
        private volatile @Nullable Throwable failure;

        private final PatientExecutor executor;

        Completion(PatientExecutor executor) {
            this.executor = executor;
        }

        @Override
        protected PatientExecutor executor() {
            return executor;
        }

        @Override
        protected void work() {
            Throwable why = failure;
            if (why == null) {
                complete(value);
            } else {
                completeExceptionally(why);
            }
        }
    }

    /** Once, and not after {@link #fail}. */
    void keep(T value) {
        completion.value = value;
        ended.complete(value);
        completion.start();
    }

    /** Once, and not after {@link #keep}. */
    void fail(Throwable failure) {
        completion.failure = failure;
        ended.completeExceptionally(failure);
        completion.start();
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
