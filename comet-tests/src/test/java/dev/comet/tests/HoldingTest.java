package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.IDLE_CLIENT_KILLED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometAsyncResult;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

/** How requests are held and end: rows W1–W6, W8, W9, W13. */
@Timeout(60)
class HoldingTest {

    private static final int MANY = 10_000;

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"unknown", "not a token\n", "\u0000"})
    @DisplayName("W1: an unknown or malformed token completes the request with an error")
    void beginSubscribe_unknownToken_isCompleteWithAnError(String token) {
        try (Server server = Server.start()) {
            CometAsyncResult result = server.manager.endpoint().beginSubscribe(token, 0, null, 0);
            assertThat(result.isCompleted()).isTrue();
            assertThat(result.answer().outcome()).isEqualTo(Outcome.ERROR);
            assertThat(result.answer().error())
                    .matches(e -> e.reason() == Reason.CLIENT_DOES_NOT_EXIST);
            assertThat(server.manager.endpoint().endSubscribe(result)).isSameAs(result.answer());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 64})
    @DisplayName("W2, W8: 10,000 waiters time out within 100 ms of their deadline, none before")
    void time_manyWaiters_timesAllOutOnTime(int waitThreads) {
        try (Server server = many(waitThreads)) {
            List<CometClient> clients = clients(server, MANY);
            clients.forEach(client -> server.poll(client, 0));
            server.clock.awaitAllParked(waitThreads);
            server.pass(Duration.ofMillis(24_999));
            assertThat(server.answers.count()).isZero();
            assertThat(server.manager.statistics().held().polls()).isEqualTo(MANY);
            server.pass(Duration.ofMillis(101));
            assertThat(server.answers.count()).isEqualTo(MANY);
            server.answers.assertEachAnsweredOnce();
            assertThat(server.answers.requests())
                    .allMatch(request -> request.await().outcome() == Outcome.TIMEOUT);
            assertThat(server.manager.statistics().held().polls()).isZero();
        }
    }

    @Test
    @DisplayName("W2: a hold of its own is cut to the client's; zero and less answer at once")
    void beginSubscribe_ownHold_isKeptWithinTheClients() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 25, 60);
            Request shorter = poll(server, ada, Duration.ofSeconds(5));
            server.pass(Duration.ofMillis(4_900));
            assertThat(shorter.isAnswered()).isFalse();
            server.pass(Duration.ofMillis(200));
            assertThat(shorter.await().outcome()).isEqualTo(Outcome.TIMEOUT);

            Request longer = poll(server, ada, Duration.ofDays(100_000));
            server.pass(Duration.ofMillis(24_900));
            assertThat(longer.isAnswered()).isFalse();
            server.pass(Duration.ofMillis(200));
            assertThat(longer.await().outcome()).isEqualTo(Outcome.TIMEOUT);

            for (Duration none : List.of(Duration.ZERO, Duration.ofDays(-100_000))) {
                assertThat(poll(server, ada, none).await().outcome()).isEqualTo(Outcome.TIMEOUT);
            }
        }
    }

    private static Request poll(Server server, CometClient client, Duration hold) {
        return server.answers.watch(
                server.manager.endpoint().beginSubscribe(client.privateToken(), 0, hold, 0));
    }

    @Test
    @DisplayName("W3: a stored message answers a new poll before beginSubscribe returns")
    void beginSubscribe_messageStored_isCompleteAtOnce() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            long id = server.manager.sendMessage("ada", "n", "stored");
            CometAsyncResult result =
                    server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
            assertThat(result.isCompleted()).isTrue();
            CometAnswer answer = result.answer();
            assertThat(answer.batch().messages())
                    .extracting(m -> m.messageId())
                    .containsExactly(id);
            assertThat(answer.batch().cursor()).isEqualTo(id);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, MANY})
    @DisplayName("W4: a send to one costs one read, however many others wait")
    void sendMessage_manyWait_readsForTheReceiverOnly(int waiters) {
        CountingProvider provider = new CountingProvider();
        try (Server server = Server.start(provider, 1, options -> options)) {
            List<CometClient> clients = clients(server, waiters);
            List<Request> held = new ArrayList<>();
            clients.forEach(client -> held.add(server.poll(client, 0)));
            server.settle();
            int before = provider.reads.get();
            server.manager.sendMessage(clients.get(waiters / 2).publicToken(), "n", 1);
            held.get(waiters / 2).await();
            server.settle();
            assertThat(provider.reads).hasValue(before + 1);
            assertThat(server.answers.count()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W4: a hundred sends between two polls are one answer")
    void sendMessage_betweenTwoPolls_isOneAnswer() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            for (int i = 0; i < 100; i++) {
                server.manager.sendMessage("ada", "n", i);
            }
            assertThat(server.fetch(ada, 0).batch().messages()).hasSize(100);
        }
    }

    @Test
    @DisplayName("W5: a second poll completes the first as superseded, and one waiter stays")
    void beginSubscribe_whileOneIsHeld_supersedesIt() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Request> polls = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                polls.add(server.poll(ada, 0));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(polls.get(i).await().outcome()).isEqualTo(Outcome.SUPERSEDED);
            }
            server.settle();
            assertThat(polls.get(4).isAnswered()).isFalse();
            assertThat(server.manager.statistics().held().polls()).isEqualTo(1);
            server.manager.sendMessage("ada", "n", 1);
            assertThat(polls.get(4).await().batch().messages()).hasSize(1);
            server.answers.assertEachAnsweredOnce();
        }
    }

    @Test
    @DisplayName("W5: a poll that is answered at once supersedes the one that is held, too")
    void beginSubscribe_answeredAtOnce_supersedesTheHeldOne() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            Request held = server.poll(ada, 0);
            server.fetch(ada, 0);
            assertThat(held.await().outcome()).isEqualTo(Outcome.SUPERSEDED);
        }
    }

    @Test
    @DisplayName("W6: the end of an old request never removes a newer one")
    void endSubscribe_ofASupersededOne_leavesTheNewer() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometAsyncResult old =
                    server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
            Request newer = server.poll(ada, 0);
            assertThat(server.manager.endpoint().endSubscribe(old).outcome())
                    .isEqualTo(Outcome.SUPERSEDED);
            server.settle();
            assertThat(newer.isAnswered()).isFalse();
            server.manager.endpoint().endSubscribe(old);
            server.manager.sendMessage("ada", "n", 1);
            assertThat(newer.await().batch().messages()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 64})
    @DisplayName("W8: 1, 5 and 64 wait threads answer everybody and share the load")
    void sendToAll_anyNumberOfWaitThreads_answersEverybody(int waitThreads) {
        try (Server server = many(waitThreads)) {
            Set<String> answeredBy = ConcurrentHashMap.newKeySet();
            List<CometClient> clients = clients(server, 1_000);
            long cursor = 0;
            for (int round = 0; round < 3; round++) {
                CountDownLatch answers = new CountDownLatch(clients.size());
                for (CometClient client : clients) {
                    server.manager
                            .endpoint()
                            .beginSubscribe(client.privateToken(), cursor, null, 0)
                            .whenCompleted(
                                    answer -> {
                                        assertThat(answer.batch().messages()).hasSize(1);
                                        answeredBy.add(Thread.currentThread().getName());
                                        answers.countDown();
                                    },
                                    Runnable::run);
                }
                server.clock.awaitAllParked(waitThreads);
                cursor = server.manager.sendToAll("n", round);
                awaitQuietly(answers);
            }
            assertThat(answeredBy)
                    .hasSize(waitThreads)
                    .allMatch(name -> name.startsWith("comet-wait-"));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName("W9: 10,000 waiters ask for no wake-up before their time but the tidying's")
    void time_nothingPending_wakesNobody() {
        CountingProvider provider = new CountingProvider();
        ManualClock clock = new ManualClock();
        AlarmClock alarms = new AlarmClock(clock);
        try (Server server = new Server(provider, clock, 2, options -> options.clock(alarms))) {
            List<CometClient> clients = clients(server, MANY);
            clients.forEach(client -> server.poll(client, 0));
            server.settle();
            int reads = provider.reads.get();
            int wakes = 0;
            long start = alarms.nanos();
            while (alarms.nanos() - start < Duration.ofSeconds(20).toNanos()) {
                server.pass(alarms.untilTheNextAlarm());
                wakes++;
            }
            assertThat(wakes).isLessThanOrEqualTo(4); // at 5, 10, 15 and 20 s
            assertThat(provider.reads).hasValue(reads);
            assertThat(server.answers.count()).isZero();
        }
    }

    @Test
    @DisplayName("W13: when the peer goes away its waiter is released and its idle time begins")
    void endSubscribe_whileHeld_abandonsItAndTheIdleTimeBegins() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 300, 10);
            CometAsyncResult result =
                    server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
            Request watched = server.answers.watch(result);
            server.pass(Duration.ofSeconds(100));
            assertThat(server.manager.endpoint().endSubscribe(result).outcome())
                    .isEqualTo(Outcome.ABANDONED);
            assertThat(watched.await().outcome()).isEqualTo(Outcome.ABANDONED);
            assertThat(server.manager.statistics().held().polls()).isZero();
            server.pass(Duration.ofMillis(9_900));
            assertThat(server.manager.clients()).containsExactly(ada);
            server.pass(Duration.ofMillis(200));
            assertThat(server.events.count(IDLE_CLIENT_KILLED, ada)).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W13: what an abandoned request did not deliver is there for the next")
    void endSubscribe_thenAMessage_isForTheNextPoll() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometAsyncResult result =
                    server.manager.endpoint().beginSubscribe(ada.privateToken(), 0, null, 0);
            server.manager.endpoint().endSubscribe(result);
            server.manager.sendMessage("ada", "n", 1);
            assertThat(server.fetch(ada, 0).batch().messages()).hasSize(1);
        }
    }

    private static Server many(int waitThreads) {
        return Server.start(
                new InProcCometStateProvider(),
                waitThreads,
                options -> options.limits(CometLimits.builder().maxClients(MANY).build()));
    }

    private static List<CometClient> clients(Server server, int count) {
        CometClient[] clients = new CometClient[count];
        Arrays.setAll(clients, i -> server.client("client-" + i, 25, 600));
        return List.of(clients);
    }

    /** Knows until when each thread wants to sleep. */
    private static final class AlarmClock implements CometClock {

        private final ManualClock clock;
        private final Map<Thread, Long> alarms = new ConcurrentHashMap<>();

        AlarmClock(ManualClock clock) {
            this.clock = clock;
        }

        @Override
        public long nanos() {
            return clock.nanos();
        }

        @Override
        public Instant now() {
            return clock.now();
        }

        @Override
        public void parkUntil(long untilNanos) {
            alarms.put(Thread.currentThread(), untilNanos);
            clock.parkUntil(untilNanos);
        }

        Duration untilTheNextAlarm() {
            long next = alarms.values().stream().mapToLong(Long::longValue).min().orElseThrow();
            return Duration.ofNanos(next - nanos());
        }
    }

    private static final class CountingProvider extends DelegatingProvider {
        final AtomicInteger reads = new AtomicInteger();

        @Override
        public CometBatch getMessages(
                CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
            reads.incrementAndGet();
            return super.getMessages(client, lastMessageId, maxMessages, maxBytes);
        }
    }
}
