package dev.comet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.comet.EventDispatcher.ClientEvents;
import dev.comet.engine.MovedClock;
import dev.comet.engine.PatientExecutor;
import dev.comet.engine.WaitThreadPool;
import dev.comet.engine.WaitTimer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class EventDispatcherTest {

    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final Counters counters = new Counters();
    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private final CometClient ada = CometClient.builder().publicToken("ada").build();
    private final CometClient bob = CometClient.builder().publicToken("bob").build();

    private final MovedClock clock = new MovedClock();
    private final WaitThreadPool<ClientSession> pool = new WaitThreadPool<>(1, clock);

    private PatientExecutor patient(Executor threads) {
        return new PatientExecutor(threads, executor, pool);
    }

    @AfterEach
    void stop() {
        pool.close();
        executor.shutdownNow();
    }

    private final class Seeing implements CometClientEventHandler {
        @Override
        public void clientInitialized(CometClient client) {
            seen.add(client.publicToken());
        }
    }

    private EventDispatcher dispatcher(int maxPending, CometClientEventHandler... handlers) {
        return new EventDispatcher(List.of(handlers), patient(executor), counters, maxPending);
    }

    @Test
    void post_manyThreadsOneClient_runsOneAtATimeAndInOrderOfEachThread()
            throws InterruptedException {
        EventDispatcher dispatcher = dispatcher(1, new Seeing());
        ClientEvents events = new ClientEvents(dispatcher);
        int threads = 4;
        int each = 5_000;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger disorder = new AtomicInteger();
        int[] last = new int[threads];
        CountDownLatch done = new CountDownLatch(threads * each);
        for (int t = 0; t < threads; t++) {
            int poster = t;
            new Thread(
                            () -> {
                                for (int i = 1; i <= each; i++) {
                                    int number = i;
                                    events.post(
                                            handler -> {
                                                if (inside.incrementAndGet() != 1
                                                        || ++last[poster] != number) {
                                                    disorder.incrementAndGet();
                                                }
                                                inside.decrementAndGet();
                                                done.countDown();
                                            });
                                }
                            })
                    .start();
        }
        done.await();
        assertThat(disorder).hasValue(0);
    }

    @Test
    void post_twoClients_runAtTheSameTime() throws InterruptedException {
        CyclicBarrier both = new CyclicBarrier(2);
        CountDownLatch met = new CountDownLatch(2);
        EventDispatcher dispatcher =
                dispatcher(
                        1,
                        new CometClientEventHandler() {
                            @Override
                            public void clientInitialized(CometClient client) {
                                try {
                                    both.await();
                                    met.countDown();
                                } catch (Exception e) {
                                    throw new AssertionError(e);
                                }
                            }
                        });
        new ClientEvents(dispatcher).post(handler -> handler.clientInitialized(ada));
        new ClientEvents(dispatcher).post(handler -> handler.clientInitialized(bob));
        met.await();
    }

    @Test
    @DisplayName("W10: a handler that throws stops neither later events nor other handlers")
    void post_handlerThrows_tellsTheOthersAndGoesOn() throws InterruptedException {
        EventDispatcher dispatcher =
                dispatcher(
                        1,
                        new CometClientEventHandler() {
                            @Override
                            public void clientInitialized(CometClient client) {
                                throw new AssertionError("this handler fails, as the test wants");
                            }
                        },
                        new Seeing());
        ClientEvents events = new ClientEvents(dispatcher);
        events.post(handler -> handler.clientInitialized(ada));
        events.post(handler -> handler.clientInitialized(ada));
        awaitDrained(events);
        assertThat(seen).containsExactly("ada", "ada");
    }

    @Test
    @DisplayName("W10: a handler that blocks on one client does not keep another's events back")
    void post_handlerBlocksOnOneClient_goesOnWithOthers() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        EventDispatcher dispatcher =
                dispatcher(
                        1_000,
                        new CometClientEventHandler() {
                            @Override
                            public void clientInitialized(CometClient client) {
                                if (client.equals(ada)) {
                                    awaitQuietly(release);
                                }
                                seen.add(client.publicToken());
                            }
                        });
        ClientEvents blocked = new ClientEvents(dispatcher);
        ClientEvents free = new ClientEvents(dispatcher);
        blocked.post(handler -> handler.clientInitialized(ada));
        for (int i = 0; i < 100; i++) {
            free.post(handler -> handler.clientInitialized(bob));
        }
        awaitDrained(free);
        assertThat(seen).hasSize(100).containsOnly("bob");
        release.countDown();
        awaitDrained(blocked);
        assertThat(seen).endsWith("ada");
        await().untilAtomic(counters.pendingEvents, equalTo(0));
    }

    @Test
    void postUnlessBusy_tooManyWait_leavesItOutAndCounts() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        EventDispatcher dispatcher = dispatcher(3, new Seeing());
        ClientEvents events = new ClientEvents(dispatcher);
        events.post(handler -> awaitQuietly(release));
        for (int i = 0; i < 5; i++) {
            events.postUnlessBusy(handler -> handler.clientInitialized(ada));
        }
        assertThat(counters.pendingEvents).hasValue(3);
        assertThat(counters.eventsSkipped.sum()).isEqualTo(3);
        events.post(handler -> handler.clientInitialized(bob)); // must not be left out
        release.countDown();
        awaitDrained(events);
        assertThat(seen).containsExactly("ada", "ada", "bob");
        await().untilAtomic(counters.pendingEvents, equalTo(0));
    }

    @Test
    @DisplayName("W16: events that the executor refuses wait until it takes them")
    void post_executorRefuses_isToldLater() {
        refusing(new RejectedExecutionException("full, as the test wants"));
    }

    @Test
    @DisplayName("W16: events for which there is no thread wait until there is one")
    void post_executorHasNoThreads_isToldLater() {
        refusing(new OutOfMemoryError("no thread is left, as the test wants"));
    }

    private void refusing(Throwable refusal) {
        List<Throwable> refusals = Collections.synchronizedList(new ArrayList<>());
        refusals.addAll(List.of(refusal, refusal, refusal));
        Executor moody =
                task -> {
                    if (!refusals.isEmpty()) {
                        EventDispatcherTest.<RuntimeException>sneak(refusals.remove(0));
                    }
                    executor.execute(task);
                };
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), patient(moody), counters, 10);
        ClientEvents events = new ClientEvents(dispatcher);
        events.post(handler -> handler.clientInitialized(ada));
        events.postLast(handler -> handler.clientInitialized(bob));
        assertThat(seen).isEmpty();
        assertThat(counters.pendingEvents).hasValue(2);
        await().until(
                        () -> {
                            clock.advance(100_000_000);
                            return seen.size() == 2;
                        });
        assertThat(seen).containsExactly("ada", "bob");
        assertThat(counters.eventsSkipped.sum()).isZero();
        await().untilAtomic(counters.pendingEvents, equalTo(0));
    }

    @Test
    @DisplayName("W16: events of an executor that was shut down are told by threads of our own")
    void post_executorIsShutDown_isToldAllTheSame() {
        ExecutorService shut = Executors.newSingleThreadExecutor();
        shut.shutdown();
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), patient(shut), counters, 10);
        new ClientEvents(dispatcher).postLast(handler -> handler.clientInitialized(ada));
        await().until(() -> seen.contains("ada"));
    }

    @Test
    @DisplayName("W16: what is refused to the last is told when the manager is closed")
    void close_executorRefusesForEver_isToldByWhoCloses() {
        PatientExecutor never =
                patient(
                        task -> {
                            throw new RejectedExecutionException("full, as the test wants");
                        });
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), never, counters, 10);
        new ClientEvents(dispatcher).postLast(handler -> handler.clientInitialized(ada));
        assertThat(seen).isEmpty();
        pool.close();
        never.close();
        assertThat(seen).containsExactly("ada");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W10: no handler runs on a wait thread, whatever the executor")
    void post_executorHasTheCallerRun_neverRunsOnAWaitThread(boolean pool) {
        ThreadPoolExecutor full =
                new ThreadPoolExecutor(
                        1,
                        1,
                        1,
                        TimeUnit.SECONDS,
                        new SynchronousQueue<>(),
                        new ThreadPoolExecutor.CallerRunsPolicy());
        CountDownLatch release = new CountDownLatch(1);
        full.execute(() -> awaitQuietly(release));
        EventDispatcher dispatcher =
                new EventDispatcher(
                        List.of(new Seeing()), patient(pool ? full : Runnable::run), counters, 10);
        CompletableFuture<String> thread = new CompletableFuture<>();
        WaitTimer onWaitThread =
                this.pool.timer(
                        "",
                        () ->
                                new ClientEvents(dispatcher)
                                        .post(
                                                handler ->
                                                        thread.complete(
                                                                Thread.currentThread().getName())));
        onWaitThread.startIn(1);
        await().until(
                        () -> {
                            clock.advance(100_000_000);
                            return thread.isDone();
                        });
        assertThat(thread.join()).doesNotStartWith("comet-wait");
        release.countDown();
        full.shutdownNow();
    }

    @Test
    @DisplayName("W10, H10: one gap waits, whatever a peer does; what follows is merged into it")
    void postGap_handlerIsSlow_oneWaits() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        List<CometGap> gaps = Collections.synchronizedList(new ArrayList<>());
        EventDispatcher dispatcher =
                dispatcher(
                        10,
                        new CometClientEventHandler() {
                            @Override
                            public void messagesDropped(CometClient client, CometGap gap) {
                                gaps.add(gap);
                            }
                        });
        ClientEvents events = new ClientEvents(dispatcher);
        events.post(handler -> awaitQuietly(release));
        for (int i = 1; i <= 100_000; i++) {
            events.postGap(ada, new CometGap(i, i + 1, CometGap.Reason.OVERFLOW));
        }
        events.postGap(ada, new CometGap(0, 50, CometGap.Reason.EXPIRED));
        assertThat(counters.pendingEvents).hasValue(2);
        release.countDown();
        awaitDrained(events);
        assertThat(gaps).containsExactly(new CometGap(0, 100_001, CometGap.Reason.EXPIRED));
        events.postGap(ada, new CometGap(7, 8, CometGap.Reason.OVERFLOW));
        awaitDrained(events);
        assertThat(gaps).hasSize(2).endsWith(new CometGap(7, 8, CometGap.Reason.OVERFLOW));
        await().untilAtomic(counters.pendingEvents, equalTo(0));
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable e) throws T {
        throw (T) e;
    }

    @Test
    @DisplayName(
            "W11: a handler that causes an event of its own client is not called inside itself")
    void post_fromAHandlerOnADirectExecutor_runsAfterIt() {
        List<String> order = new ArrayList<>();
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), patient(Runnable::run), counters, 10);
        ClientEvents events = new ClientEvents(dispatcher);
        events.post(
                handler -> {
                    order.add("begin");
                    events.post(inner -> order.add("inner"));
                    order.add("end");
                });
        assertThat(order).containsExactly("begin", "end", "inner");
    }

    @Test
    @DisplayName("C3: the first event comes first, also when another is posted before it is told")
    void begin_othersWerePostedBefore_tellsTheFirstOneFirst() {
        List<String> order = new ArrayList<>();
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), patient(Runnable::run), counters, 10);
        ClientEvents events = new ClientEvents(dispatcher, handler -> order.add("first"));
        events.post(handler -> order.add("second"));
        assertThat(order).isEmpty();
        events.begin();
        events.post(handler -> order.add("third"));
        assertThat(order).containsExactly("first", "second", "third");
        assertThat(counters.pendingEvents).hasValue(0);
    }

    @Test
    void postLast_othersArePostedLater_leavesThemOut() {
        List<String> order = new ArrayList<>();
        EventDispatcher dispatcher =
                new EventDispatcher(List.of(new Seeing()), patient(Runnable::run), counters, 10);
        ClientEvents events = new ClientEvents(dispatcher);
        events.postLast(handler -> order.add("last"));
        events.post(handler -> order.add("late"));
        events.postUnlessBusy(handler -> order.add("late"));
        events.postLast(handler -> order.add("late"));
        assertThat(order).containsExactly("last");
        assertThat(counters.pendingEvents).hasValue(0);
    }

    @Test
    void post_noHandlers_costsNothing() {
        EventDispatcher dispatcher = dispatcher(1);
        new ClientEvents(dispatcher).post(handler -> {});
        assertThat(counters.pendingEvents).hasValue(0);
        dispatcher.add(new Seeing());
        CountDownLatch ran = new CountDownLatch(1);
        new ClientEvents(dispatcher).post(handler -> ran.countDown());
        awaitQuietly(ran);
    }

    private static void awaitDrained(ClientEvents events) throws InterruptedException {
        CountDownLatch drained = new CountDownLatch(1);
        events.post(handler -> drained.countDown());
        drained.await();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
