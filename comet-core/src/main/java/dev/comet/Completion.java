package dev.comet;

import dev.comet.engine.Faults;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides who completes a request, and calls the callback that waits for it.
 *
 * <p>Its state is a field of the request, which begins as null: there are too many requests for an
 * object each.
 *
 * <p>Safe for use by any number of threads.
 *
 * @param <T> what is completed
 */
final class Completion<T> {

    // State: null (held, nobody asked yet) -> callback (held) -> CometAnswer (complete). Each arrow
    // is one compare-and-set; the step to CometAnswer is the completion, and who makes it runs the
    // callback it found. The callback, and with it the transport's request, is dropped then.

    private static final Logger LOG = LoggerFactory.getLogger(Completion.class);

    private final AtomicReferenceFieldUpdater<T, @Nullable Object> state;

    /**
     * @param state a volatile field of what is completed that nobody else touches
     */
    Completion(AtomicReferenceFieldUpdater<T, @Nullable Object> state) {
        this.state = state;
    }

    boolean isDone(T target) {
        return state.get(target) instanceof CometAnswer;
    }

    CometAnswer answer(T target) {
        if (state.get(target) instanceof CometAnswer answer) {
            return answer;
        }
        throw new IllegalStateException(
                "the request is still held; ask isCompleted(), or use whenCompleted");
    }

    /**
     * @throws IllegalStateException if there is a callback already
     */
    void whenDone(T target, Consumer<CometAnswer> callback) {
        setUnlessDone(target, callback, callback);
    }

    /**
     * @throws IllegalStateException if there is a callback already
     */
    void whenDone(T target, Consumer<CometAnswer> callback, Executor executor) {
        setUnlessDone(target, new HandOver(callback, executor), callback);
    }

    private void setUnlessDone(
            T target, Consumer<CometAnswer> waiting, Consumer<CometAnswer> callback) {
        if (state.compareAndSet(target, null, waiting)) {
            return;
        }
        if (!(state.get(target) instanceof CometAnswer answer)) {
            throw new IllegalStateException("this request has a callback already");
        }
        call(callback, answer);
    }

    /** Completes it, unless it is complete. Allocates nothing and never throws. */
    @SuppressWarnings("unchecked") // nothing else is put there
    boolean complete(T target, CometAnswer answer) {
        while (true) {
            Object before = state.get(target);
            if (before instanceof CometAnswer) {
                return false;
            }
            if (state.compareAndSet(target, before, answer)) {
                if (before != null) {
                    call((Consumer<CometAnswer>) before, answer);
                }
                return true;
            }
        }
    }

    static void call(Consumer<CometAnswer> callback, CometAnswer answer) {
        try {
            callback.accept(answer);
        } catch (Throwable e) {
            Faults.warn(LOG, "A request's callback failed; the peer may have got no answer", e);
        }
    }

    /**
     * Has an executor call the callback. One that queues the task and throws all the same has it
     * run once: whoever takes the answer calls.
     */
    private static final class HandOver extends AtomicReference<@Nullable CometAnswer>
            implements Consumer<CometAnswer>, Runnable {

        private static final long serialVersionUID = 1L;

        private final transient Consumer<CometAnswer> callback;
        private final transient Executor executor;

        HandOver(Consumer<CometAnswer> callback, Executor executor) {
            this.callback = callback;
            this.executor = executor;
        }

        @Override
        public void accept(CometAnswer answer) {
            set(answer);
            try {
                executor.execute(this);
            } catch (Throwable e) { // an Error too: a pool that finds no thread throws one
                Faults.warn(
                        LOG,
                        "The executor of a request's callback refused it; it runs on the completing thread",
                        e);
                run();
            }
        }

        @Override
        public void run() {
            CometAnswer answer = getAndSet(null);
            if (answer != null) {
                call(callback, answer);
            }
        }
    }
}
