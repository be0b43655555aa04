package dev.comet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.comet.CometAnswer.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CompletionTest {

    private final Target result = new Target();
    private final List<CometAnswer> answers = new ArrayList<>();

    @Test
    void whenCompleted_beforeTheAnswer_isCalledWithIt() {
        result.whenCompleted(answers::add);
        assertThat(result.isCompleted()).isFalse();
        CometAnswer answer = CometAnswer.timeout(5);
        assertThat(result.complete(answer)).isTrue();
        assertThat(answers).containsExactly(answer);
        assertThat(result.answer()).isSameAs(answer);
    }

    @Test
    void whenCompleted_afterTheAnswer_isCalledAtOnceAndNotOnTheExecutor() {
        CometAnswer answer = CometAnswer.timeout(5);
        result.complete(answer);
        result.whenCompleted(
                answers::add,
                task -> {
                    throw new AssertionError("not the executor's");
                });
        assertThat(answers).containsExactly(answer);
    }

    @Test
    void complete_aSecondTime_hasNoEffect() {
        result.whenCompleted(answers::add);
        CometAnswer first = CometAnswer.timeout(5);
        assertThat(result.complete(first)).isTrue();
        assertThat(result.complete(CometAnswer.superseded(0))).isFalse();
        assertThat(result.answer()).isSameAs(first);
        assertThat(answers).containsExactly(first);
    }

    @Test
    void answer_whileHeld_isRefused() {
        assertThatIllegalStateException().isThrownBy(result::answer);
        result.whenCompleted(answers::add);
        assertThatIllegalStateException().isThrownBy(result::answer);
    }

    @Test
    void whenCompleted_aSecondTimeWhileHeld_isRefusedAndTheFirstStillCalled() {
        result.whenCompleted(answers::add);
        assertThatIllegalStateException()
                .isThrownBy(() -> result.whenCompleted(answer -> {}))
                .withMessage("this request has a callback already");
        result.complete(CometAnswer.superseded(0));
        assertThat(answers).hasSize(1);
    }

    @Test
    void complete_executorRefuses_callsTheCallbackAllTheSame() {
        result.whenCompleted(
                answers::add,
                task -> {
                    throw new RejectedExecutionException("full, as the test wants");
                });
        assertThat(result.complete(CometAnswer.superseded(0))).isTrue();
        assertThat(answers).hasSize(1);
    }

    @Test
    void complete_executorHasNoThreads_callsTheCallbackAllTheSame() {
        result.whenCompleted(
                answers::add,
                task -> {
                    // OutOfMemoryError is what a pool throws that can have no more threads.
                    throw new Error("no thread is left, as the test wants");
                });
        assertThat(result.complete(CometAnswer.superseded(0))).isTrue();
        assertThat(answers).hasSize(1);
    }

    @Test
    void complete_executorTakesTheTaskAndThrows_callsTheCallbackOnce() {
        List<Runnable> taken = new ArrayList<>();
        result.whenCompleted(
                answers::add,
                task -> {
                    taken.add(task);
                    throw new Error("no thread is left, as the test wants");
                });
        assertThat(result.complete(CometAnswer.superseded(0))).isTrue();
        taken.forEach(Runnable::run);
        assertThat(answers).hasSize(1);
    }

    @Test
    void complete_callbackThrows_isCompletedAndThrowsNothing() {
        result.whenCompleted(
                answer -> {
                    throw new AssertionError("this callback fails, as the test wants");
                },
                Runnable::run);
        assertThat(result.complete(CometAnswer.superseded(0))).isTrue();
        assertThat(result.answer().outcome()).isEqualTo(Outcome.SUPERSEDED);
    }

    @Test
    void complete_racingCompletersAndACallback_happensExactlyOnce() throws Exception {
        int rounds = 20_000;
        AtomicReference<Target> current = new AtomicReference<>();
        AtomicInteger winners = new AtomicInteger();
        AtomicInteger calls = new AtomicInteger();
        AtomicReference<CometAnswer> called = new AtomicReference<>();
        AtomicBoolean failed = new AtomicBoolean();
        CyclicBarrier barrier = new CyclicBarrier(4);
        Runnable completer =
                () -> {
                    for (int i = 0; i < rounds; i++) {
                        await(barrier);
                        if (current.get().complete(CometAnswer.timeout(i))) {
                            winners.incrementAndGet();
                        }
                        await(barrier);
                    }
                };
        Thread one = new Thread(completer);
        Thread two = new Thread(completer);
        Thread watcher =
                new Thread(
                        () -> {
                            for (int i = 0; i < rounds; i++) {
                                await(barrier);
                                current.get()
                                        .whenCompleted(
                                                answer -> {
                                                    calls.incrementAndGet();
                                                    called.set(answer);
                                                },
                                                Runnable::run);
                                await(barrier);
                            }
                        });
        one.start();
        two.start();
        watcher.start();
        for (int i = 0; i < rounds; i++) {
            winners.set(0);
            calls.set(0);
            current.set(new Target());
            await(barrier);
            await(barrier);
            if (winners.get() != 1 || calls.get() != 1 || called.get() != current.get().answer()) {
                failed.set(true);
            }
        }
        assertThat(failed).isFalse();
    }

    /** A request that is completed by the test. */
    private static final class Target {

        private static final Completion<Target> COMPLETION =
                new Completion<>(
                        AtomicReferenceFieldUpdater.newUpdater(
                                Target.class, Object.class, "completion"));

        @SuppressWarnings("UnusedVariable") // used by its updater
        private volatile @Nullable Object completion;

        boolean isCompleted() {
            return COMPLETION.isDone(this);
        }

        CometAnswer answer() {
            return COMPLETION.answer(this);
        }

        void whenCompleted(Consumer<CometAnswer> callback) {
            COMPLETION.whenDone(this, callback);
        }

        void whenCompleted(Consumer<CometAnswer> callback, Executor executor) {
            COMPLETION.whenDone(this, callback, executor);
        }

        boolean complete(CometAnswer answer) {
            return COMPLETION.complete(this, answer);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AssertionError(e);
        }
    }
}
