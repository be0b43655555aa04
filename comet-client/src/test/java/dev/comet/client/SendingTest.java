package dev.comet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JacksonSerializable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.jsontype.TypeSerializer;

/** What becomes of messages and requests to the server. */
class SendingTest {

    private final World world = new World();

    static final class Unwritable {
        @SuppressWarnings("unused")
        public String getText() {
            return List.of("").get(1);
        }
    }

    /** What is in it is looked at when the tree that it was made is written. */
    static final class Embedding implements JacksonSerializable {
        @Override
        public void serialize(JsonGenerator generator, SerializationContext context) {
            generator.writeEmbeddedObject(new Unwritable());
        }

        @Override
        public void serializeWithType(
                JsonGenerator generator, SerializationContext context, TypeSerializer type) {
            serialize(generator, context);
        }
    }

    @Test
    @DisplayName("M10 a request is answered at once, or by a message, or not in time")
    void request_everyOutcome_isOne() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        CompletableFuture<JsonNode> atOnce = request(comet);
        world.last().json("7");
        assertThat(atOnce.join().intValue()).isEqualTo(7);

        CompletableFuture<JsonNode> later = request(comet);
        String id = world.last().body().path("correlationId").asString();
        world.last().empty(202);
        CompletableFuture<JsonNode> refused = request(comet);
        String refusedId = world.last().body().path("correlationId").asString();
        world.last().fail(); // and yet it was handled
        CompletableFuture<JsonNode> never = request(comet);
        world.last().empty(202);
        held.json(
                "[{\"id\":11,\"name\":\"comet.reply\",\"correlationId\":\"%s\",\"contents\":8},"
                                .formatted(id)
                        + "{\"id\":12,\"name\":\"comet.refused\",\"correlationId\":\"%s\",\"contents\":{\"code\":\"refused\",\"reason\":\"no\"}}]"
                                .formatted(refusedId));
        assertThat(later.join().intValue()).isEqualTo(8);
        assertThat(code(refused)).isEqualTo("refused");
        assertThat(comet.lastMessageId()).isEqualTo(12);
        assertThat(world.seen.log).isEmpty();
        world.advance(5_000);
        assertThat(code(never)).isEqualTo("timed-out");

        CompletableFuture<JsonNode> closed = request(comet);
        world.last().empty(202);
        comet.close();
        assertThat(code(closed)).isEqualTo("closed");
    }

    private static CompletableFuture<JsonNode> request(Comet comet) {
        CompletionStage<JsonNode> stage = comet.request("ask", 1, Duration.ofSeconds(5));
        return stage.toCompletableFuture();
    }

    private static String code(CompletableFuture<?> future) {
        assertThat(future).isDone();
        return future.handle((value, error) -> ((CometClientException) error).code()).join();
    }

    @Test
    @DisplayName("L1 what cannot be written, or has no place to go, is refused here")
    void send_cannotBeSent_failsHere() {
        Comet comet = world.connected();
        int before = world.requests.size();
        assertThat(code(comet.send("n", new Unwritable()).toCompletableFuture()))
                .isEqualTo("parameters-invalid");
        comet.close();
        assertThat(code(comet.send("n", 1).toCompletableFuture())).isEqualTo("closed");
        assertThat(world.requests).hasSize(before);
    }

    @Test
    @DisplayName("L1 an executor that is shut down: what somebody waits for ends all the same")
    void executor_isShutDown_sendsEnd() {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        Comet comet = world.connected(options -> options.executor(executor));
        executor.shutdown();
        CompletableFuture<JsonNode> request = request(comet);
        world.last().json("7");
        assertThat(request.join().intValue()).isEqualTo(7);
        CompletableFuture<JsonNode> late = request(comet);
        world.advance(5_000);
        assertThat(code(late)).isEqualTo("timed-out");
    }

    @Test
    @DisplayName(
            "M10 whoever waits for a reply needs no thread of the executor; what hangs on it does")
    void request_executorIsBusy_waiterGoesOn() throws Exception {
        Queue<Runnable> tasks = new ArrayDeque<>();
        Comet comet = world.connected(options -> options.executor(tasks::add));
        tasks.clear();
        List<String> log = new ArrayList<>();
        CompletableFuture<JsonNode> reply = request(comet);
        CompletionStage<JsonNode> stage = reply;
        stage.thenAccept(value -> log.add("reply " + value));
        world.last().json("7");
        assertThat(reply.get(30, TimeUnit.SECONDS).intValue()).isEqualTo(7);
        assertThat(reply.join().intValue()).isEqualTo(7);
        CompletableFuture<JsonNode> sent = comet.send("n", 1).toCompletableFuture();
        world.last().fail();
        assertThatThrownBy(sent::get).hasMessageContaining("network");
        assertThat(log).isEmpty();
        tasks.forEach(Runnable::run);
        assertThat(log).containsExactly("reply 7");
    }

    @Test
    @DisplayName("M10 the application ends what it waits for itself: whoever waits goes on")
    void request_cancelled_waiterGoesOn() {
        CompletableFuture<JsonNode> reply = request(world.connected());
        int timers = world.timers();
        reply.cancel(false);
        assertThat(world.timers()).as("nobody waits for its time any more").isLessThan(timers);
        assertThatThrownBy(reply::join).isInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> reply.get(1, TimeUnit.SECONDS))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    @DisplayName("M10 what hangs on replies does not queue behind handlers that wait for it")
    void completions_handlersAllWait_run() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try {
            for (int i = 0; i < 100; i++) {
                Platform.system().handlers().execute(() -> await(over));
            }
            CompletableFuture.runAsync(() -> {}, Platform.system().completions())
                    .get(30, TimeUnit.SECONDS);
        } finally {
            over.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    @DisplayName("L1 sends go a few at a time, in order; how many wait is bounded")
    void send_many_areFewAtATime() {
        Comet comet = world.connected(options -> options.maxConcurrentSends(2).bufferLimit(2));
        int before = world.requests.size();
        List<CompletableFuture<JsonNode>> sent = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sent.add(comet.send("n", i).toCompletableFuture());
        }
        assertThat(contents(before)).containsExactly(0, 1);
        assertThat(code(sent.get(4))).isEqualTo("too-many-requests");
        world.requests.get(before + 1).json("7");
        assertThat(contents(before)).containsExactly(0, 1, 2);
        world.requests.get(before).fail();
        assertThat(contents(before)).containsExactly(0, 1, 2, 3);
        world.requests.get(before + 3).json("8");
        world.requests.get(before + 2).json("9");
        assertThat(sent.get(2).join().intValue()).isEqualTo(9);
        assertThat(sent.get(3).join().intValue()).isEqualTo(8);
    }

    private List<Integer> contents(int from) {
        return world.requests.subList(from, world.requests.size()).stream()
                .map(each -> each.body().path("contents").intValue())
                .toList();
    }

    @Test
    @DisplayName("L1 a send that waits for its turn ends when its time does, or with the client")
    void send_waits_endsInTime() {
        Comet comet =
                world.connected(
                        options -> options.maxConcurrentSends(1).timeout(Duration.ofSeconds(10)));
        CompletableFuture<JsonNode> first = comet.send("n", 1).toCompletableFuture();
        world.advance(4_000);
        CompletableFuture<JsonNode> second = comet.send("n", 2).toCompletableFuture();
        CompletableFuture<JsonNode> third = comet.send("n", 3).toCompletableFuture();
        world.advance(6_000);
        assertThat(code(first)).isEqualTo("silence");
        assertThat(world.last().body().path("contents").intValue()).isEqualTo(2);
        world.advance(3_999);
        assertThat(second).isNotDone();
        world.advance(1);
        assertThat(code(second)).isEqualTo("silence");
        int sent = world.requests.size();
        assertThat(code(third)).isEqualTo("silence");
        assertThat(world.last().body().path("contents").intValue()).isEqualTo(2);

        CompletableFuture<JsonNode> underWay = comet.send("n", 4).toCompletableFuture();
        CompletableFuture<JsonNode> waiting = comet.send("n", 5).toCompletableFuture();
        comet.close();
        assertThat(code(waiting)).isEqualTo("closed");
        world.requests.get(sent).json("7");
        assertThat(underWay.join().intValue()).isEqualTo(7);
        assertThat(world.requests).hasSize(sent + 1);
    }

    @Test
    @DisplayName("L1 what cannot be written takes no turn from others, and gives none away")
    void send_cannotBeWritten_takesNoTurn() {
        Comet comet = world.connected(options -> options.maxConcurrentSends(1));
        Object contents = new Embedding();
        int before = world.requests.size();
        int timers = world.timers();
        assertThat(code(comet.send("n", contents).toCompletableFuture()))
                .isEqualTo("parameters-invalid");
        assertThat(world.timers()).isEqualTo(timers);
        comet.send("n", 1);
        comet.send("n", 2);
        assertThat(contents(before)).containsExactly(1);

        CompletionStage<Comet> connected =
                Comet.connect(
                        URI.create("https://x.example/comet"),
                        contents,
                        CometOptions.builder().http(world).platform(world).build());
        assertThat(code(connected.toCompletableFuture())).isEqualTo("parameters-invalid");
    }

    @Test
    @DisplayName("M10 a reply waits for no send, for the send may wait for the reply")
    void reply_sendsAreUnderWay_goesAtOnce() {
        Comet comet = world.connected(options -> options.maxConcurrentSends(1));
        World.Asked held = world.last();
        comet.on("ask", message -> message.reply(5));
        CompletableFuture<JsonNode> send = comet.send("n", 1).toCompletableFuture();
        World.Asked sending = world.last();
        held.json("[{\"id\":11,\"name\":\"ask\",\"correlationId\":\"c-1\",\"contents\":{}}]");
        assertThat(world.requests).anyMatch(each -> each.target().equals("/reply"));
        sending.json("7");
        assertThat(send.join().intValue()).isEqualTo(7);
    }

    @Test
    @DisplayName("M10 a time that cannot be waited is refused")
    void request_timeoutOutOfRange_isRefused() {
        Comet comet = world.connected();
        int before = world.requests.size();
        for (Duration timeout : List.of(Duration.ZERO, Duration.ofDays(1_000_000_000_000L))) {
            assertThat(code(comet.request("n", 1, timeout).toCompletableFuture()))
                    .isEqualTo("parameters-invalid");
        }
        assertThat(world.requests).hasSize(before);
    }
}
