package dev.comet.engine;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Work on one target that is done by one thread at a time, without a lock: whoever asks for it
 * while nobody is at it does it, and goes on for as long as others ask. Nobody waits, nothing that
 * was asked for is left undone, and what many ask for meanwhile is done once.
 *
 * <p>Its state is a field of the target, which begins at 0: there are too many targets for an
 * object each.
 *
 * <p>Safe for use by any number of threads.
 *
 * @param <T> what is worked on
 */
public final class SerialWork<T> {

    private final AtomicIntegerFieldUpdater<T> asked;
    private final Consumer<? super T> work;

    /**
     * @param asked a volatile field of the target that nobody else touches
     * @param work looks for all that there is to do, and does it. Should handle what goes wrong:
     *     what it throws is logged, and the work goes on
     */
    public SerialWork(AtomicIntegerFieldUpdater<T> asked, Consumer<? super T> work) {
        this.asked = asked;
        this.work = work;
    }

    /** Has the work done: by this thread, unless another is at it. */
    public void run(T target) {
        if (begin(target)) {
            finish(target);
        }
    }

    /**
     * Asks for the work to be done.
     *
     * @return whether it is the caller's to see to that: by calling {@link #finish}, on this thread
     *     or another, or {@link #giveUp}. If not, somebody is at it who will see what was asked for
     */
    public boolean begin(T target) {
        return asked.getAndIncrement(target) == 0;
    }

    /** Does the work, until nothing is asked for. Only after {@link #begin} has returned true. */
    public void finish(T target) {
        int done = asked.get(target);
        do {
            try {
                work.accept(target);
            } catch (Throwable e) {
                Faults.error("Work failed; what is asked for next is done", e);
            }
            done = asked.addAndGet(target, -done);
        } while (done > 0);
    }

    /**
     * As {@link #finish(Object)}, by somebody who may find that it is not for this thread.
     *
     * @param attempt does the work as it is asked for now, and must not throw; false: it did
     *     nothing
     * @return false if it did nothing the last time: then it is still the caller's to finish
     */
    public boolean finish(T target, Predicate<? super T> attempt) {
        int done = asked.get(target);
        do {
            if (!attempt.test(target)) {
                return false;
            }
            done = asked.addAndGet(target, -done);
        } while (done > 0);
        return true;
    }

    /**
     * The work is not going to be done: who asks next does it. Only after {@link #begin} has
     * returned true.
     */
    public void giveUp(T target) {
        asked.set(target, 0);
    }
}
