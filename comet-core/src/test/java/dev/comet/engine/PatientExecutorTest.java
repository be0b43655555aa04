package dev.comet.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PatientExecutorTest {

    private static final long SECOND = 1_000_000_000L;

    private final MovedClock clock = new MovedClock();
    private final WaitThreadPool<WaitSession> pool = new WaitThreadPool<>(1, clock);
    private final List<String> ran = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        pool.close();
    }

    private PatientExecutor over(Executor executor) {
        return new PatientExecutor(executor, Runnable::run, pool);
    }

    private final class Named extends PatientExecutor.Task {
        private final PatientExecutor executor;
        private final String name;

        Named(PatientExecutor executor, String name) {
            this.executor = executor;
            this.name = name;
        }

        @Override
        protected PatientExecutor executor() {
            return executor;
        }

        @Override
        protected void work() {
            ran.add(name);
        }
    }

    @Test
    @DisplayName("W16: a task that the executor has taken, although it threw, runs once")
    void start_executorQueuesAndThrows_runsOnce() {
        Queue<Runnable> queue = new ArrayDeque<>();
        AtomicBoolean failing = new AtomicBoolean(true);
        AtomicInteger offers = new AtomicInteger();
        PatientExecutor executor =
                over(
                        task -> {
                            synchronized (queue) {
                                queue.add(task);
                            }
                            offers.incrementAndGet();
                            if (failing.get()) {
                                throw new InternalError("no thread, as the test wants");
                            }
                        });
        Named task = new Named(executor, "a");
        task.start();
        await().until(
                        () -> {
                            clock.advance(SECOND / 2);
                            return offers.get() >= 4;
                        });
        failing.set(false);
        assertThat(ran).isEmpty();
        runAll(queue);
        assertThat(ran).containsExactly("a");
        task.start(); // its kept copies are still about
        await().until(
                        () -> {
                            clock.advance(SECOND / 2);
                            runAll(queue);
                            return ran.size() >= 2;
                        });
        for (int i = 0; i < 6; i++) {
            clock.advance(SECOND);
            runAll(queue);
        }
        assertThat(ran).containsExactly("a", "a");
    }

    private static void runAll(Queue<Runnable> queue) {
        List<Runnable> all;
        synchronized (queue) {
            all = new ArrayList<>(queue);
            queue.clear();
        }
        all.forEach(Runnable::run);
    }

    @Test
    @DisplayName("W16: what is refused now does not put off what was refused before")
    void start_othersAreRefusedAllTheTime_isOfferedAgainInTime() {
        AtomicBoolean refuseNext = new AtomicBoolean(true);
        PatientExecutor executor =
                over(
                        task -> {
                            if (refuseNext.getAndSet(false)) {
                                throw new RejectedExecutionException("full, as the test wants");
                            }
                            new Thread(task).start();
                        });
        new Named(executor, "first").start();
        await().until(
                        () -> {
                            clock.advance(SECOND / 3);
                            refuseNext.set(true);
                            executor.execute(() -> {});
                            return ran.contains("first");
                        });
    }

    @Test
    @DisplayName(
            "W16: after the first that is refused again the others wait, and all run in the end")
    void start_manyAreRefused_oneIsAskedAtATime() {
        AtomicBoolean refusing = new AtomicBoolean(true);
        AtomicInteger offers = new AtomicInteger();
        PatientExecutor executor =
                over(
                        task -> {
                            offers.incrementAndGet();
                            if (refusing.get()) {
                                throw new RejectedExecutionException("full, as the test wants");
                            }
                            new Thread(task).start();
                        });
        int many = 500;
        for (int i = 0; i < many; i++) {
            new Named(executor, "task").start();
        }
        assertThat(offers).hasValue(many);
        await().until(
                        () -> {
                            clock.advance(SECOND);
                            return offers.get() > many;
                        });
        assertThat(offers.get()).isLessThan(many + 50);
        refusing.set(false);
        await().until(
                        () -> {
                            clock.advance(SECOND);
                            return ran.size() == many;
                        });
    }
}
