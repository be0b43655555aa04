package dev.comet.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One task at a time, in order, whatever the executor does. */
class StrandTest {

    private static final int POSTERS = 4;
    private static final int TASKS = 500;

    private final ExecutorService pool = Executors.newFixedThreadPool(3);
    private final ExecutorService posters = Executors.newFixedThreadPool(POSTERS);
    private final AtomicBoolean running = new AtomicBoolean();
    private final AtomicInteger wrong = new AtomicInteger();

    @AfterEach
    void stop() {
        pool.shutdownNow();
        posters.shutdownNow();
    }

    /** The real one, in a hurry. */
    private record Hasty(Platform real) implements Platform {
        @Override
        public long elapsedMillis() {
            return real.elapsedMillis();
        }

        @Override
        public long wallMillis() {
            return real.wallMillis();
        }

        @Override
        public Timer every(long millis, Runnable action) {
            return real.every(1, action);
        }

        @Override
        public double random() {
            return real.random();
        }

        @Override
        public Executor handlers() {
            return real.handlers();
        }

        @Override
        public Executor completions() {
            return real.completions();
        }
    }

    private Executor executor(String kind) {
        return switch (kind) {
            case "pool" -> pool;
            case "on the spot" -> Runnable::run;
            default ->
                    task -> {
                        int luck = ThreadLocalRandom.current().nextInt(8);
                        if (luck == 0) {
                            throw new World.Expected();
                        }
                        pool.execute(task);
                        if (luck == 1) {
                            throw new World.Expected();
                        }
                    };
        };
    }

    private void alone(Runnable task) {
        if (!running.compareAndSet(false, true)) {
            wrong.incrementAndGet();
        }
        task.run();
        running.set(false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pool", "on the spot", "one that fails"})
    @DisplayName("L1 tasks of many threads run once each, one at a time, each thread's in order")
    void execute_manyThreads_runOnceInOrder(String kind) throws Exception {
        Strand strand = new Strand(executor(kind), new Hasty(Platform.system()));
        CountDownLatch done = new CountDownLatch(POSTERS * TASKS);
        int[] next = new int[POSTERS]; // the strand's
        for (int i = 0; i < POSTERS; i++) {
            int poster = i;
            posters.execute(
                    () -> {
                        for (int n = 0; n < TASKS; n++) {
                            int number = n;
                            strand.execute(
                                    () ->
                                            alone(
                                                    () -> {
                                                        if (next[poster]++ != number) {
                                                            wrong.incrementAndGet();
                                                        }
                                                        done.countDown();
                                                    }));
                        }
                    });
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).as("left: " + done.getCount()).isTrue();
        assertThat(wrong).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pool", "on the spot", "one that fails"})
    @DisplayName("L1 what many threads signal is done, by one at a time")
    void signal_manyThreads_isDone(String kind) throws Exception {
        AtomicInteger open = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(POSTERS * TASKS);
        Runnable task =
                () ->
                        alone(
                                () -> {
                                    open.decrementAndGet();
                                    done.countDown();
                                });
        Strand strand =
                new Strand(
                        executor(kind),
                        new Hasty(Platform.system()),
                        () -> open.get() > 0 ? task : null);
        for (int i = 0; i < POSTERS; i++) {
            posters.execute(
                    () -> {
                        for (int n = 0; n < TASKS; n++) {
                            open.incrementAndGet();
                            strand.signal();
                        }
                    });
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).as("left: " + done.getCount()).isTrue();
        assertThat(wrong).hasValue(0);
    }

    @Test
    @DisplayName("L1 a hundred thousand tasks on the thread of whoever posts need no deep stack")
    void execute_onTheSpot_doesNotNest() {
        World world = new World();
        Strand strand = new Strand(Runnable::run, world);
        List<Integer> ran = new ArrayList<>();
        strand.execute(
                () -> {
                    for (int i = 0; i < 100_000; i++) {
                        int number = i;
                        strand.execute(() -> ran.add(number));
                    }
                    assertThat(strand.waiting()).isEqualTo(100_000);
                });
        assertThat(ran).hasSize(100_000).isSorted();
        assertThat(world.timers()).isZero();
    }
}
