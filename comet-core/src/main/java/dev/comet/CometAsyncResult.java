package dev.comet;

import dev.comet.engine.Faults;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request of a client for its messages. It completes <b>exactly once</b>: with messages, a
 * timeout, because a newer request took over, or with an error; whoever loses the race to complete
 * it has no effect.
 *
 * <p>A request that found something is complete when {@link CometStateManager#beginSubscribe}
 * returns. Otherwise it is held, and the callback given to {@link #whenCompleted} is called with
 * the answer.
 *
 * <p>Safe for use by several threads.
 */
public final class CometAsyncResult {

    // State: null (held, nobody asked yet) -> Callback (held) -> CometAnswer (complete). Each arrow
    // is one compare-and-set; the step to
    // CometAnswer is the completion, and who makes it runs the callback it found. The callback, and
    // with it the transport's request, is let go then.
    private static final VarHandle STATE;
    private static final Logger LOG = LoggerFactory.getLogger(CometAsyncResult.class);

    static {
        try {
            STATE =
                    MethodHandles.lookup()
                            .findVarHandle(CometAsyncResult.class, "state", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile @Nullable Object state;
    private final @Nullable HeldRequest request;

    CometAsyncResult(@Nullable HeldRequest request) {
        this.request = request;
    }

    /** Whether there is an answer. */
    public boolean isCompleted() {
        return state instanceof CometAnswer;
    }

    /**
     * How the request ended.
     *
     * @throws IllegalStateException while it is held
     */
    public CometAnswer answer() {
        if (state instanceof CometAnswer answer) {
            return answer;
        }
        throw new IllegalStateException(
                "the request is still held; ask isCompleted(), or use whenCompleted");
    }

    /**
     * Has the callback called with the answer, exactly once. If there is an answer already, that is
     * done before this method returns, on the calling thread.
     *
     * @param callback gets the answer. What it throws is logged and harms nobody
     * @param executor runs the callback. {@code Runnable::run} runs it on the thread that completes
     *     the request, which is often a wait thread: only for callbacks that never block, because
     *     other clients wait for that thread
     * @throws IllegalStateException if there is a callback already
     */
    public void whenCompleted(Consumer<CometAnswer> callback, Executor executor) {
        if (STATE.compareAndSet(this, null, new Callback(this, callback, executor))) {
            return;
        }
        if (!(state instanceof CometAnswer answer)) {
            throw new IllegalStateException("this request has a callback already");
        }
        call(callback, answer);
    }

    /** Completes the request, unless it is complete. Allocates nothing and never throws. */
    boolean complete(CometAnswer answer) {
        while (true) {
            Object before = state;
            if (before instanceof CometAnswer) {
                return false;
            }
            if (STATE.compareAndSet(this, before, answer)) {
                if (before instanceof Callback callback) {
                    handOver(callback);
                }
                return true;
            }
        }
    }

    private static void handOver(Callback callback) {
        try {
            callback.executor.execute(callback);
        } catch (Throwable e) { // an Error too: a pool that finds no thread throws one
            Faults.warn(
                    LOG,
                    "The executor of a request's callback refused it; it runs on the completing thread",
                    e);
            callback.run();
        }
    }

    @Nullable HeldRequest request() {
        return request;
    }

    private static void call(Consumer<CometAnswer> callback, CometAnswer answer) {
        try {
            callback.accept(answer);
        } catch (Throwable e) {
            Faults.warn(LOG, "A request's callback failed; the peer may have got no answer", e);
        }
    }

    /** Runs when there is an answer. */
    private record Callback(
            CometAsyncResult result, Consumer<CometAnswer> consumer, Executor executor)
            implements Runnable {

        @Override
        public void run() {
            call(consumer, result.answer());
        }
    }
}
