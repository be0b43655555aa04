package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.CometStatistics;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.inproc.InProcCometStateProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests to clients, without HTTP: each ends once, and says how. */
@Timeout(60)
class RequestsTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** How one request ended, and how often. */
    private static final class Outcome {
        final AtomicInteger times = new AtomicInteger();
        @Nullable CometReply reply;
        @Nullable Reason reason;
        String text = "";

        static Outcome of(CompletionStage<CometReply> stage) {
            Outcome outcome = new Outcome();
            stage.whenComplete(
                    (reply, failure) -> {
                        outcome.reply = reply;
                        if (failure instanceof CometException e) {
                            outcome.reason = e.reason();
                            outcome.text = String.valueOf(e.getMessage());
                        }
                        outcome.times.incrementAndGet();
                    });
            return outcome;
        }
    }

    private static Outcome ask(Server server, String client) {
        return Outcome.of(server.manager.request(client, "light.set", Map.of("on", true), TIMEOUT));
    }

    private static CometMessage received(Server server, CometClient client) {
        List<CometMessage> messages = server.fetch(client, 0).batch().messages();
        return messages.get(messages.size() - 1);
    }

    private static void reply(Server server, CometClient client, Object contents) {
        String id = String.valueOf(received(server, client).correlationId());
        server.manager.endpoint().acceptReply(client.privateToken(), id, contents);
    }

    @Test
    @DisplayName("M10: the reply reaches the caller, once")
    void request_clientReplies_completes() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            Outcome outcome = ask(server, "lamp");
            CometMessage message = received(server, lamp);
            assertThat(message.name()).isEqualTo("light.set");
            assertThat(message.contents()).isEqualTo(Map.of("on", true));
            assertThat(outcome.times).hasValue(0);
            assertThat(server.manager.statistics().requests().pending()).isEqualTo(1);

            reply(server, lamp, Map.of("lumen", 800));

            assertThat(outcome.times).hasValue(1);
            assertThat(outcome.reply.contents()).isEqualTo(Map.of("lumen", 800));
            assertThat(outcome.reply.contents(Lamp.class)).isEqualTo(new Lamp(800));
            assertThat(server.manager.statistics().requests().pending()).isZero();
            assertThat(server.manager.statistics().requests().replied()).isEqualTo(1);
        }
    }

    record Lamp(int lumen) {}

    @Test
    @DisplayName("M10: a reply may say no more than that it is done")
    void request_replyWithoutContents_completes() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            Outcome outcome = ask(server, "lamp");
            String id = String.valueOf(received(server, lamp).correlationId());
            server.manager.endpoint().acceptReply(lamp.privateToken(), id, null);
            assertThat(outcome.reply.contents()).isNull();
        }
    }

    @Test
    @DisplayName(
            "M10: whoever waits for a reply needs no thread of the executor; what hangs on it does")
    void request_executorIsBusy_waiterGoesOn() throws Exception {
        Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        try (Server server =
                Server.start(
                        new InProcCometStateProvider(),
                        2,
                        options -> options.eventExecutor(tasks::add))) {
            CometClient lamp = server.client("lamp");
            CompletableFuture<CometReply> future =
                    server.manager.request("lamp", "light.set", 1, TIMEOUT).toCompletableFuture();
            Outcome outcome = Outcome.of(future);
            tasks.clear();
            reply(server, lamp, 7);
            assertThat(future.get(30, TimeUnit.SECONDS).contents()).isEqualTo(7);
            assertThat(future.join().contents()).isEqualTo(7);
            assertThat(outcome.times).hasValue(0);
            tasks.forEach(Runnable::run);
            assertThat(outcome.times).hasValue(1);
        }
    }

    @Test
    @DisplayName("M10: event handlers that all wait for what hangs on replies get it")
    void request_everyHandlerWaits_eachGoesOn() throws InterruptedException {
        int clients = 40; // more than threads
        CountDownLatch answered = new CountDownLatch(clients);
        CometStateManager[] manager = new CometStateManager[1];
        CometClientEventHandler asking =
                new CometClientEventHandler() {
                    @Override
                    public void clientInitialized(CometClient client) {
                        manager[0]
                                .request(client.publicToken(), "who", 1, Duration.ofMinutes(5))
                                .thenApply(CometReply::contents)
                                .thenAccept(contents -> answered.countDown())
                                .toCompletableFuture()
                                .join();
                    }
                };
        try (CometStateManager own =
                CometStateManager.builder(new InProcCometStateProvider()).build()) {
            manager[0] = own;
            own.addEventHandler(asking);
            List<CometClient> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                all.add(own.initializeClient(CometClient.builder().build()));
            }
            for (CometClient client : all) {
                CometAsyncResult asked =
                        own.endpoint().beginSubscribe(client.privateToken(), 0, null, 0);
                BlockingQueue<CometAnswer> answers = new LinkedBlockingQueue<>();
                asked.whenCompleted(answers::add);
                CometMessage question = answers.take().batch().messages().get(0);
                own.endpoint()
                        .acceptReply(
                                client.privateToken(),
                                String.valueOf(question.correlationId()),
                                "me");
            }
            answered.await();
        }
    }

    @Test
    @DisplayName("M10: no reply in time is a timeout; one that comes later reaches nobody")
    void request_noReply_timesOut() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            Outcome outcome = ask(server, "lamp");
            server.pass(TIMEOUT.minusMillis(1));
            assertThat(outcome.times).hasValue(0);
            server.pass(Duration.ofMillis(100));
            assertThat(outcome.times).hasValue(1);
            assertThat(outcome.reason).isEqualTo(Reason.TIMED_OUT);
            assertThatThrownBy(() -> reply(server, lamp, 1))
                    .matches(e -> ((CometException) e).reason() == Reason.NO_SUCH_REQUEST);
            assertThat(outcome.times).hasValue(1);
            CometStatistics statistics = server.manager.statistics();
            assertThat(statistics.requests().timedOut()).isEqualTo(1);
            assertThat(statistics.requests().repliesIgnored()).isEqualTo(1);
            assertThat(statistics.requests().pending()).isZero();
        }
    }

    @Test
    @DisplayName("M10: the second reply is told that it is one, until the request's time is over")
    void reply_twice_isToldSo() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            Outcome outcome = ask(server, "lamp");
            reply(server, lamp, 1);
            assertThatThrownBy(() -> reply(server, lamp, 2))
                    .matches(e -> ((CometException) e).reason() == Reason.ALREADY_REPLIED);
            assertThat(outcome.times).hasValue(1);
            assertThat(outcome.reply.contents()).isEqualTo(1);
            server.pass(TIMEOUT.plusSeconds(1));
            assertThatThrownBy(() -> reply(server, lamp, 3))
                    .matches(e -> ((CometException) e).reason() == Reason.NO_SUCH_REQUEST);
            assertThat(outcome.times).hasValue(1);
            assertThat(server.manager.statistics().requests().timedOut()).isZero();
        }
    }

    @Test
    @DisplayName("M10: a client that refuses says so in its own words")
    void request_clientRefuses_isRefused() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            Outcome outcome = ask(server, "lamp");
            String id = String.valueOf(received(server, lamp).correlationId());
            server.manager.endpoint().acceptRefusal(lamp.privateToken(), id, "the bulb is broken");
            assertThat(outcome.times).hasValue(1);
            assertThat(outcome.reason).isEqualTo(Reason.REFUSED);
            assertThat(outcome.text).isEqualTo("the bulb is broken");
        }
    }

    @Test
    @DisplayName("M10: a client that is unknown, is disconnected or stays away is gone, not late")
    void request_clientEnds_failsAtOnce() {
        try (Server server = Server.start()) {
            assertThat(ask(server, "nobody").reason).isEqualTo(Reason.CLIENT_DOES_NOT_EXIST);

            CometClient lamp = server.client("lamp");
            Outcome disconnected = ask(server, "lamp");
            server.manager.disconnect(lamp);
            assertThat(disconnected.times).hasValue(1);
            assertThat(disconnected.reason).isEqualTo(Reason.CLIENT_DOES_NOT_EXIST);

            server.client("oven", 5, 5);
            Outcome idle = ask(server, "oven");
            server.pass(Duration.ofSeconds(6));
            assertThat(idle.times).hasValue(1);
            assertThat(idle.reason).isEqualTo(Reason.CLIENT_DOES_NOT_EXIST);
            assertThat(server.manager.statistics().requests().pending()).isZero();
        }
    }

    @Test
    @DisplayName("M10, H7: nobody replies in the name of another")
    void reply_ofAnotherClient_isRefused() {
        try (Server server = Server.start()) {
            CometClient lamp = server.client("lamp");
            CometClient thief = server.client("thief");
            Outcome outcome = ask(server, "lamp");
            String id = String.valueOf(received(server, lamp).correlationId());
            assertThatThrownBy(
                            () ->
                                    server.manager
                                            .endpoint()
                                            .acceptReply(thief.privateToken(), id, 1))
                    .matches(e -> ((CometException) e).reason() == Reason.NO_SUCH_REQUEST);
            assertThatThrownBy(() -> server.manager.endpoint().acceptReply("nobody", id, 1))
                    .matches(e -> ((CometException) e).reason() == Reason.CLIENT_DOES_NOT_EXIST);
            assertThat(outcome.times).hasValue(0);
        }
    }

    @Test
    @DisplayName("M10: one correlation id is one request of a client at a time")
    void request_correlationIdInUse_isADuplicate() {
        try (Server server = Server.start()) {
            server.client("lamp");
            server.client("oven");
            CometStateManager comet = server.manager;
            Outcome first = Outcome.of(comet.request("lamp", "n", 1, TIMEOUT, "c-1"));
            Outcome second = Outcome.of(comet.request("lamp", "n", 1, TIMEOUT, "c-1"));
            Outcome other = Outcome.of(comet.request("oven", "n", 1, TIMEOUT, "c-1"));
            assertThat(second.reason).isEqualTo(Reason.DUPLICATE_REQUEST);
            assertThat(first.times).hasValue(0);
            assertThat(other.times).hasValue(0);
            assertThat(comet.statistics().requests().pending()).isEqualTo(2);
        }
    }

    @Test
    @DisplayName("H19: a client that never replies takes its share of the places, no more")
    void request_targetIsSilent_othersAreAsked() {
        try (Server server =
                Server.start(
                        new InProcCometStateProvider(),
                        2,
                        options -> options.maxPendingRequests(6).maxPendingRequestsPerClient(3))) {
            server.client("silent");
            CometClient lamp = server.client("lamp");
            for (int i = 0; i < 3; i++) {
                assertThat(ask(server, "silent").times).hasValue(0);
            }
            Outcome tooMany = ask(server, "silent");
            assertThat(tooMany.reason).isEqualTo(Reason.LIMIT_REACHED);
            assertThat(tooMany.text).contains("maxPendingRequestsPerClient");
            for (int i = 0; i < 9; i++) { // what was answered takes no place
                Outcome others = ask(server, "lamp");
                reply(server, lamp, i);
                assertThat(others.reply.contents()).isEqualTo(i);
            }
            server.pass(TIMEOUT.plusSeconds(1));
            assertThat(ask(server, "silent").times).hasValue(0);
        }
    }

    @Test
    @DisplayName("M10: what waits is bounded, and so is what was answered")
    void request_tooMany_isRefused() {
        try (Server server =
                Server.start(
                        new InProcCometStateProvider(),
                        2,
                        options -> options.maxPendingRequests(2))) {
            CometClient lamp = server.client("lamp");
            for (int round = 0; round < 3; round++) {
                Outcome first = ask(server, "lamp");
                Outcome second = ask(server, "lamp");
                assertThat(ask(server, "lamp").reason).isEqualTo(Reason.LIMIT_REACHED);
                List<CometMessage> messages = server.fetch(lamp, 0).batch().messages();
                for (CometMessage message : messages.subList(round * 2, round * 2 + 2)) {
                    server.manager
                            .endpoint()
                            .acceptReply(
                                    lamp.privateToken(),
                                    String.valueOf(message.correlationId()),
                                    round);
                }
                assertThat(first.times).hasValue(1);
                assertThat(second.times).hasValue(1);
            }
            // Of six that were answered, two are remembered.
            List<Reason> reasons = new ArrayList<>();
            for (CometMessage message : server.fetch(lamp, 0).batch().messages()) {
                try {
                    server.manager
                            .endpoint()
                            .acceptReply(
                                    lamp.privateToken(),
                                    String.valueOf(message.correlationId()),
                                    0);
                } catch (CometException e) {
                    reasons.add(e.reason());
                }
            }
            assertThat(reasons).hasSize(6);
            assertThat(reasons).filteredOn(Reason.ALREADY_REPLIED::equals).hasSize(2);
        }
    }

    @Test
    @DisplayName("M10, M7: a request that does not fit is refused as a message is, at once")
    void request_queueFull_isRefused() {
        CometLimits limits =
                CometLimits.builder()
                        .clientLog(new LogLimits(1, 10_000, Duration.ofMinutes(5)))
                        .overflow(OverflowPolicy.REJECT)
                        .build();
        try (Server server = Server.start(limits)) {
            server.client("lamp");
            Outcome first = ask(server, "lamp");
            assertThat(ask(server, "lamp").reason).isEqualTo(Reason.QUEUE_FULL);
            assertThat(first.times).hasValue(0);
            assertThat(server.manager.statistics().requests().pending()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("W12: close() ends what waits; a request after it says so")
    void close_endsRequests() {
        Server server = Server.start();
        server.client("lamp");
        Outcome outcome = ask(server, "lamp");
        server.close();
        assertThat(outcome.times).hasValue(1);
        assertThat(outcome.reason).isEqualTo(Reason.CLOSED);
        assertThat(ask(server, "lamp").reason).isEqualTo(Reason.CLOSED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "with blank", "semi;colon", "\r\n"})
    @DisplayName("M10: a correlation id that could be anything else is refused")
    void request_badCorrelationId_isRefused(String id) {
        try (Server server = Server.start()) {
            server.client("lamp");
            assertThatThrownBy(() -> server.manager.request("lamp", "n", 1, TIMEOUT, id))
                    .matches(e -> ((CometException) e).reason() == Reason.PARAMETERS_INVALID);
            assertThatThrownBy(() -> server.manager.request("lamp", "n", 1, Duration.ZERO))
                    .hasMessageContaining("timeout");
            assertThatThrownBy(() -> server.manager.request("lamp", "comet.x", 1, TIMEOUT))
                    .hasMessageContaining("comet.");
        }
    }

    @Test
    @DisplayName("M10: a reply to a client's own request is kept and confirmed like a message")
    void replyTo_arrivesInOrder() {
        try (Server server = Server.start()) {
            CometClient phone = server.client("phone");
            server.manager.sendMessage("phone", "n", 1);
            server.manager.replyTo(phone, "c-1", null);
            server.manager.refuseTo(phone, "c-2", "timed-out", "no reply");
            List<CometMessage> messages = server.fetch(phone, 0).batch().messages();
            assertThat(messages)
                    .extracting(CometMessage::name)
                    .containsExactly("n", "comet.reply", "comet.refused");
            assertThat(messages.get(1).correlationId()).isEqualTo("c-1");
            assertThat(messages.get(2).contents())
                    .isEqualTo(Map.of("code", "timed-out", "reason", "no reply"));
            assertThat(server.fetch(phone, messages.get(2).messageId()).batch().messages())
                    .isEmpty();
        }
    }

    @Test
    @DisplayName("M10: reply, second reply, timeout and end of the client at once: one outcome")
    void request_everythingAtOnce_endsOnce() throws Exception {
        for (int round = 0; round < 200; round++) {
            try (Server server = Server.start()) {
                CometClient lamp = server.client("lamp");
                Outcome outcome = ask(server, "lamp");
                String id = String.valueOf(received(server, lamp).correlationId());
                CyclicBarrier start = new CyclicBarrier(4);
                Map<String, Object> ends = new ConcurrentHashMap<>();
                List<Thread> threads =
                        List.of(
                                racing(start, () -> attempt(server, lamp, id, ends, "a")),
                                racing(start, () -> attempt(server, lamp, id, ends, "b")),
                                racing(start, () -> server.clock.advance(TIMEOUT.plusMillis(30))),
                                racing(start, () -> server.manager.disconnect(lamp)));
                for (Thread thread : threads) {
                    thread.join();
                }
                server.settle();
                assertThat(outcome.times).hasValue(1);
                assertThat(ends).hasSizeLessThanOrEqualTo(1);
                assertThat(outcome.reply != null).isEqualTo(ends.size() == 1);
                assertThat(server.manager.statistics().requests().pending()).isZero();
            }
        }
    }

    private static void attempt(
            Server server, CometClient lamp, String id, Map<String, Object> ends, String who) {
        try {
            server.manager.endpoint().acceptReply(lamp.privateToken(), id, who);
            ends.put(who, who);
        } catch (CometException e) {
            assertThat(e.reason())
                    .isIn(
                            Reason.ALREADY_REPLIED,
                            Reason.NO_SUCH_REQUEST,
                            Reason.CLIENT_DOES_NOT_EXIST);
        }
    }

    private static Thread racing(CyclicBarrier start, Runnable action) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                start.await();
                            } catch (InterruptedException | BrokenBarrierException e) {
                                throw new IllegalStateException(e);
                            }
                            action.run();
                        });
        thread.start();
        return thread;
    }
}
