package dev.comet.client;

import static dev.comet.client.World.beat;
import static dev.comet.client.World.message;
import static dev.comet.client.World.own;
import static dev.comet.client.World.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.client.http.CometHttp;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JacksonSerializable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.jsontype.TypeSerializer;

/** Threads or memory run out for a moment: an Error comes from where nobody expects one. */
class ErrorsTest {

    private static final long LAST = 20;
    private static final Executor ON_THE_SPOT = Runnable::run;

    private final World world = new World();

    /** Refuses so many tasks with an Error, then runs what it is given. */
    private static final class Failing implements Executor {
        private final Executor executor;
        int errors;

        Failing(Executor executor) {
            this.executor = executor;
        }

        @Override
        public void execute(Runnable task) {
            if (errors > 0) {
                errors--;
                throw new World.Expected();
            }
            executor.execute(task);
        }
    }

    /** What cannot even be logged. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message (expected)");
        }
    }

    private List<String> messages() {
        return messages(world);
    }

    private static List<String> messages(World of) {
        return of.seen.log.stream().filter(each -> each.matches("\\d+")).toList();
    }

    // ---- the executor

    @Test
    @DisplayName("L1 an executor that throws an Error: messages wait, each is handed over once")
    void executor_throwsAnError_messagesWait() {
        Failing executor = new Failing(ON_THE_SPOT);
        world.connected(options -> options.executor(executor));
        executor.errors = 1;
        world.poll(message(11));
        world.poll(message(12));
        world.advance(1_000);
        world.poll(message(13));
        assertThat(messages()).containsExactly("11", "12", "13");
    }

    @Test
    @DisplayName("L1 so does one that throws an Error when others get their turn")
    void executor_throwsAnErrorInBetween_messagesWait() {
        Queue<Runnable> tasks = new ArrayDeque<>();
        Failing executor = new Failing(tasks::add);
        world.connected(options -> options.executor(executor));
        run(tasks);
        world.poll(LongStream.range(11, 111).mapToObj(World::message).toArray(String[]::new));
        executor.errors = 1;
        run(tasks);
        assertThat(messages()).hasSizeLessThan(100);
        world.advance(1_000);
        run(tasks);
        world.poll(message(111));
        run(tasks);
        assertThat(messages())
                .isEqualTo(LongStream.range(11, 112).mapToObj(Long::toString).toList());
    }

    @Test
    @DisplayName("L1 a task that was taken although an Error was thrown runs beside no other")
    void executor_throwsAnErrorButTakesTheTask_runsOneAtATime() {
        Queue<Runnable> tasks = new ArrayDeque<>();
        boolean[] failing = new boolean[1];
        Comet comet =
                world.connected(
                        options ->
                                options.executor(
                                        task -> {
                                            tasks.add(task);
                                            if (failing[0]) {
                                                failing[0] = false;
                                                throw new World.Expected();
                                            }
                                        }));
        run(tasks);
        world.seen.log.clear();
        comet.on(
                "n",
                message -> {
                    world.seen.log.add("begin");
                    run(tasks);
                    world.seen.log.add("end");
                });
        failing[0] = true;
        world.poll(message(11), message(12));
        world.advance(1_000);
        assertThat(tasks).hasSize(2);
        run(tasks);
        assertThat(world.seen.log).containsExactly("begin", "end", "11", "begin", "end", "12");
    }

    private static void run(Queue<Runnable> tasks) {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    @Test
    @DisplayName("L1 an executor that throws an Error: a subscriber gets everything, in order")
    void subscriber_executorThrowsAnError_getsEverything() {
        Failing executor = new Failing(ON_THE_SPOT);
        World.Words words = new World.Words();
        MessagePublisher publisher = publisher(executor);
        publisher.subscribe(words);
        executor.errors = 1;
        for (long id = 1; id <= 3; id++) {
            publisher.publish(new CometMessage(id, "n", null, null, Contents.PLAIN, null));
        }
        world.advance(1_000);
        publisher.end(0, null);
        assertThat(words.heard).containsExactly("1", "2", "3", "complete");
    }

    private MessagePublisher publisher(Executor executor) {
        return new MessagePublisher(executor, world, 10);
    }

    @Test
    @DisplayName("L1 an executor that throws an Error: what hangs on an answer runs all the same")
    void completion_executorThrowsAnError_runs() {
        Failing executor = new Failing(ON_THE_SPOT);
        Comet comet = world.connected(options -> options.executor(executor));
        List<Object> got = new ArrayList<>();
        comet.send("n", 1).thenAccept(got::add);
        World.Asked sent = world.last();
        comet.request("n", 1).thenAccept(got::add);
        World.Asked asked = world.last();
        executor.errors = 1;
        sent.json("7");
        executor.errors = 1;
        asked.json("8");
        assertThat(got).hasToString("[7, 8]");
    }

    // ---- what is thrown when something has failed already

    @Test
    @DisplayName("L5 what cannot be logged stops nothing: a step of the client")
    void step_throwsWhatCannotBeLogged_nextOneRuns() {
        Strand strand = strand();
        List<String> log = new ArrayList<>();
        Runnable broken =
                () -> {
                    throw new Unspeakable();
                };
        try {
            strand.execute(broken);
        } catch (IllegalStateException e) {
            log.add("thrown"); // to whoever brought it; an HTTP client, say
        }
        strand.execute(() -> log.add("next"));
        assertThat(log).containsExactly("next");
    }

    private Strand strand() {
        return new Strand(ON_THE_SPOT, world);
    }

    @Test
    @DisplayName("L5 what cannot be logged stops nothing: handlers, listeners and subscribers")
    void handler_throwsWhatCannotBeLogged_stopsNothing() {
        Comet comet = world.connected();
        comet.on(
                "n",
                message -> {
                    throw new Unspeakable();
                });
        comet.listen(
                new CometListener() {
                    @Override
                    public void succeeded(int messages, long millis) {
                        throw new Unspeakable();
                    }
                });
        comet.listen(
                new CometListener() {
                    @Override
                    public void succeeded(int messages, long millis) {
                        world.seen.log.add("succeeded");
                    }
                });
        comet.messages()
                .subscribe(
                        new Flow.Subscriber<>() {
                            @Override
                            public void onSubscribe(Flow.Subscription s) {
                                s.request(10);
                            }

                            @Override
                            public void onNext(CometMessage message) {
                                throw new Unspeakable();
                            }

                            @Override
                            public void onError(Throwable failure) {}

                            @Override
                            public void onComplete() {}
                        });
        World.Words other = new World.Words();
        comet.messages().subscribe(other);
        world.poll(message(11));
        assertThat(world.seen.log).containsExactly("handler failed 11", "11", "succeeded");
        assertThat(other.heard).containsExactly("11");
    }

    @Test
    @DisplayName("L5 what breaking off throws does not keep the client from going on")
    void abort_throws_clientGoesOn() {
        world.connected();
        world.advance(34_999);
        world.errorsAfter(0, 1);
        world.advance(1); // silence: it is broken off
        world.advance(10_000);
        assertThat(world.last().target()).endsWith("&hold=0");
        world.poll(message(11));
        assertThat(messages()).containsExactly("11");
    }

    // ---- sends

    /** An Error when what is in it is written. */
    private static final class Embedding implements JacksonSerializable {
        @Override
        public void serialize(JsonGenerator generator, SerializationContext context) {
            if (generator instanceof tools.jackson.databind.util.TokenBuffer) {
                generator.writeEmbeddedObject(this);
            } else {
                throw new StackOverflowError("expected");
            }
        }

        @Override
        public void serializeWithType(
                JsonGenerator generator, SerializationContext context, TypeSerializer type) {
            serialize(generator, context);
        }
    }

    @Test
    @DisplayName("L1 a send that cannot be written for an Error takes no turn from others")
    void send_errorWhenWritten_takesNoTurn() {
        Comet comet = world.connected(options -> options.maxConcurrentSends(1));
        CompletableFuture<JsonNode> broken = comet.send("n", new Embedding()).toCompletableFuture();
        comet.send("n", 1);
        assertThat(broken).isCompletedExceptionally();
        assertThat(world.last().target()).isEqualTo("/send");
        assertThat(world.last().body().path("contents").intValue()).isEqualTo(1);
    }

    @Test
    @DisplayName("L1 a request whose time cannot be watched is not left behind")
    void request_errorFromTheTimer_isOver() {
        Comet comet = world.connected();
        world.errorsAfter(0, 1);
        CompletableFuture<?> request = null;
        try {
            request = comet.request("n", 1).toCompletableFuture();
        } catch (World.Expected e) {
            // told to whoever asked
        }
        if (request != null) {
            world.advance(30_000);
            assertThat(request).isCompletedExceptionally();
        }
    }

    // ---- sessions

    @Test
    @DisplayName("L1 connect ends, whatever is thrown on the way")
    void connect_errorAnywhere_ends() {
        List<Integer> hanging = new ArrayList<>();
        boolean more = true;
        for (int calls = 0; more; calls++) {
            World around = new World();
            around.errorsAfter(calls, 1);
            CompletableFuture<Comet> connected =
                    Comet.connect(
                                    URI.create("https://x.example/comet"),
                                    Map.of(),
                                    CometOptions.builder()
                                            .http(around)
                                            .platform(around)
                                            .executor(ON_THE_SPOT)
                                            .build())
                            .toCompletableFuture();
            if (!connected.isDone()) {
                around.advance(0);
            }
            for (World.Asked asked : List.copyOf(around.requests)) {
                if (asked.target().equals("/connect")) {
                    asked.json(
                            "{\"publicToken\":\"p\",\"privateToken\":\"s\",\"displayName\":\"\","
                                    + "\"connectionTimeoutSeconds\":25,\"lastMessageId\":10}");
                }
            }
            around.advance(60_000);
            if (!connected.isDone()) {
                hanging.add(calls);
            }
            more = !around.isErrorToCome() && calls < 50;
        }
        assertThat(hanging).as("connects that never end, by the call that fails").isEmpty();
    }

    @Test
    @DisplayName("L3 no session, or an Error, from the application's reconnect: it is asked again")
    void reconnect_givesNothing_isAskedAgain() {
        Queue<String> answers = new ArrayDeque<>(List.of("null", "error", "nothing", "ok"));
        Comet comet =
                world.connected(
                        options ->
                                options.reconnect(
                                        () ->
                                                switch (answers.remove()) {
                                                    case "null" ->
                                                            CompletableFuture.completedFuture(null);
                                                    case "error" -> throw new World.Expected();
                                                    case "nothing" -> null;
                                                    default ->
                                                            CompletableFuture.completedFuture(
                                                                    World.SESSION);
                                                }));
        world.last().answer(404, "application/json", refusal("client-does-not-exist"));
        for (int i = 0; i < 60 && !answers.isEmpty(); i++) {
            world.advance(1_000);
        }
        assertThat(answers).isEmpty();
        assertThat(comet.state()).isEqualTo(CometState.CONNECTED);
    }

    // ---- everything at once

    @ParameterizedTest
    @CsvSource({"AUTO, 1", "STREAM, 1", "POLL, 1", "AUTO, 2", "STREAM, 3", "POLL, 10"})
    @DisplayName("L2 whatever throws Errors for a while, every message arrives once and in order")
    void errors_anywhere_everyMessageArrives(CometTransport transport, int times) {
        List<String> expected = LongStream.rangeClosed(11, LAST).mapToObj(Long::toString).toList();
        List<String> wrong = new ArrayList<>();
        boolean more = true;
        for (int calls = 0; more; calls++) {
            World around = new World();
            Comet comet =
                    Comet.adopt(
                            URI.create("https://x.example/comet"),
                            World.SESSION,
                            CometOptions.builder()
                                    .http(around)
                                    .platform(around)
                                    .executor(
                                            task -> {
                                                around.called();
                                                task.run();
                                            })
                                    .transport(transport)
                                    .bufferLimit(5)
                                    .subscribe(false)
                                    .build());
            comet.listen(around.seen);
            comet.on(Comet.ALL, message -> around.seen.log.add(Long.toString(message.id())));
            World.Words words = new World.Words();
            comet.messages().subscribe(words);
            around.errorsAfter(calls, times);
            subscribe(comet);
            Server server = new Server(around);
            for (int i = 0; i < 200 && !words.heard.contains(Long.toString(LAST)); i++) {
                server.serve();
            }
            if (!messages(around).equals(expected) || !words.heard.equals(expected)) {
                wrong.add(calls + ": " + around.seen.log + ", subscriber " + words.heard);
            }
            more = !around.isErrorToCome() && calls < 200;
        }
        assertThat(wrong).as("the call that fails, and what arrived").isEmpty();
    }

    private static void subscribe(Comet comet) {
        try {
            comet.subscribe();
        } catch (World.Expected e) { // it is told: nothing has begun
            subscribe(comet);
        }
    }

    /** Answers what is asked, one message at a time: the last one is {@link #LAST}. */
    private static final class Server {

        private final World world;
        private final Map<World.Asked, Long> sent = new HashMap<>(); // by streams that are open
        private final Map<World.Asked, Integer> pieces = new HashMap<>(); // that were given
        private int seen;

        Server(World world) {
            this.world = world;
        }

        /** For a second. */
        void serve() {
            while (seen < world.requests.size()) {
                answer(world.requests.get(seen++));
            }
            sent.keySet().removeIf(stream -> stream.aborted);
            List.copyOf(sent.keySet()).forEach(this::stream);
            world.advance(1_000);
        }

        private void answer(World.Asked asked) {
            String target = asked.target();
            if (asked.aborted) {
                return;
            }
            if (!target.contains("lastMessageId=")) {
                asked.empty(202);
                return;
            }
            long cursor = Long.parseLong(target.replaceFirst(".*lastMessageId=(\\d+).*", "$1"));
            if (target.startsWith("/stream")) {
                asked.stream();
                sent.put(asked, cursor);
            } else if (cursor < LAST) {
                asked.json("[" + message(cursor + 1) + "]");
            } else if (target.endsWith("hold=0")) {
                asked.json("[" + own("timeout", "{\"lastMessageId\":" + cursor + "}") + "]");
            }
        }

        /** One more piece, if it was asked for. */
        private void stream(World.Asked stream) {
            int given = pieces.getOrDefault(stream, 0);
            if (given >= stream.asked) {
                return;
            }
            pieces.put(stream, given + 1);
            long last = sent.get(stream);
            if (given == 0 || last == LAST) {
                stream.event(beat(last, given == 0 ? 0 : last));
            } else {
                sent.put(stream, last + 1);
                stream.event(message(last + 1));
            }
        }
    }

    @Test
    @DisplayName("L2 an HTTP client that cannot start a request for an Error is asked again soon")
    void start_throwsAnError_isAskedAgain() {
        int[] errors = {1};
        CometHttp http =
                (request, receiver) -> {
                    if (errors[0]-- > 0) {
                        throw new World.Expected();
                    }
                    return world.start(request, receiver);
                };
        world.seen.log.clear();
        CometOptions options =
                CometOptions.builder()
                        .http(http)
                        .platform(world)
                        .executor(ON_THE_SPOT)
                        .transport(CometTransport.POLL)
                        .build();
        Comet comet = Comet.adopt(URI.create("https://x.example/comet"), World.SESSION, options);
        assertThat(comet.state()).isEqualTo(CometState.RECONNECTING);
        world.advance(250);
        assertThat(world.requests).hasSize(1);
    }
}
