package dev.comet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EventDispatcherTest {

    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final Counters counters = new Counters();
    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private final CometClient ada = CometClient.builder().publicToken("ada").build();
    private final CometClient bob = CometClient.builder().publicToken("bob").build();

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    private final class Seeing implements CometClientEventHandler {
        @Override
        public void clientInitialized(CometClient client) {
            seen.add(client.publicToken());
        }
    }

    private EventDispatcher dispatcher(int maxPending, CometClientEventHandler... handlers) {
        return new EventDispatcher(List.of(handlers), executor, counters, maxPending);
    }

    @Test
    void post_manyThreadsOneClient_runsOneAtATimeAndInOrderOfEachThread()
            throws InterruptedException {
        EventDispatcher dispatcher = dispatcher(1, new Seeing());
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
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
        dispatcher.new ClientEvents().post(handler -> handler.clientInitialized(ada));
        dispatcher.new ClientEvents().post(handler -> handler.clientInitialized(bob));
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
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
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
        EventDispatcher.ClientEvents blocked = dispatcher.new ClientEvents();
        EventDispatcher.ClientEvents free = dispatcher.new ClientEvents();
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
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
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
    void post_executorRefuses_countsAndWorksAgainLater() {
        refusing(new RejectedExecutionException("closed, as the test wants"));
    }

    @Test
    void post_executorHasNoThreads_countsAndWorksAgainLater() {
        refusing(new Error("no thread is left, as the test wants"));
    }

    private void refusing(Throwable refusal) {
        List<Throwable> refusals = new ArrayList<>(List.of(refusal));
        EventDispatcher dispatcher =
                new EventDispatcher(
                        List.of(new Seeing()),
                        task -> {
                            if (!refusals.isEmpty()) {
                                EventDispatcherTest.<RuntimeException>sneak(refusals.remove(0));
                            }
                            task.run();
                        },
                        counters,
                        10);
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
        events.post(handler -> handler.clientInitialized(ada));
        assertThat(seen).isEmpty();
        assertThat(counters.eventsSkipped.sum()).isEqualTo(1);
        assertThat(counters.pendingEvents).hasValue(0);
        events.post(handler -> handler.clientInitialized(bob));
        assertThat(seen).containsExactly("bob");
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
                new EventDispatcher(List.of(new Seeing()), Runnable::run, counters, 10);
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
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
                new EventDispatcher(List.of(new Seeing()), Runnable::run, counters, 10);
        EventDispatcher.ClientEvents events =
                dispatcher.new ClientEvents(handler -> order.add("first"));
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
                new EventDispatcher(List.of(new Seeing()), Runnable::run, counters, 10);
        EventDispatcher.ClientEvents events = dispatcher.new ClientEvents();
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
        dispatcher.new ClientEvents().post(handler -> {});
        assertThat(counters.pendingEvents).hasValue(0);
        dispatcher.add(new Seeing());
        CountDownLatch ran = new CountDownLatch(1);
        dispatcher.new ClientEvents().post(handler -> ran.countDown());
        awaitQuietly(ran);
    }

    private static void awaitDrained(EventDispatcher.ClientEvents events)
            throws InterruptedException {
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
