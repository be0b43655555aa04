package dev.comet;

import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * One request of a client for its messages. It completes <b>exactly once</b>: with messages, a
 * timeout, because a newer request took over, or with an error; whoever loses the race to complete
 * it has no effect.
 *
 * <p>A request that found something is complete when {@link CometEndpoint#beginSubscribe} returns.
 * Otherwise it is held, and the callback given to {@link #whenCompleted} is called with the answer.
 *
 * <p>Safe for use by several threads. Implemented by Comet only.
 */
public interface CometAsyncResult {

    /** Whether there is an answer. */
    boolean isCompleted();

    /**
     * How the request ended.
     *
     * @throws IllegalStateException while it is held
     */
    CometAnswer answer();

    /**
     * Has the callback called with the answer, exactly once: on the thread that completes the
     * request, or before this method returns if there is an answer already. That thread is often a
     * wait thread: only for callbacks that never block, because other clients wait for it.
     *
     * @param callback gets the answer. What it throws is logged and harms nobody
     * @throws IllegalStateException if there is a callback already
     */
    void whenCompleted(Consumer<CometAnswer> callback);

    /**
     * As {@link #whenCompleted(Consumer)}, on a thread of the executor's. If there is an answer
     * already, the callback is called on this thread, before this method returns.
     *
     * @param callback gets the answer. What it throws is logged and harms nobody
     * @param executor runs the callback. If it refuses, the completing thread runs it
     * @throws IllegalStateException if there is a callback already
     */
    void whenCompleted(Consumer<CometAnswer> callback, Executor executor);
}
