package dev.comet.client;

import static dev.comet.client.World.message;
import static dev.comet.client.World.own;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** When the application is called, by executors of its own. */
class HandlersTest {

    private final World world = new World();

    @Test
    @DisplayName("L1 an executor that is full: messages wait for it, and each is handed over once")
    void executor_isFull_messagesWait() {
        boolean[] full = new boolean[1];
        world.connected(
                options ->
                        options.executor(
                                task -> {
                                    if (full[0]) {
                                        throw new RejectedExecutionException("full (expected)");
                                    }
                                    task.run();
                                }));
        full[0] = true;
        world.poll(message(11));
        world.poll(message(12));
        world.advance(3_000);
        assertThat(world.seen.log).isEmpty();
        full[0] = false;
        world.advance(1_000);
        assertThat(world.seen.log).contains("11", "12");
        world.poll(message(13));
        assertThat(world.seen.log.stream().filter(each -> each.matches("1\\d")))
                .containsExactly("11", "12", "13");
    }

    @Test
    @DisplayName("L1 registered twice, closed twice: one registration leaves the other alone")
    void registration_closedTwice_leavesTheOther() {
        Comet comet = world.connected();
        List<String> log = new ArrayList<>();
        Consumer<CometMessage> handler = message -> log.add("" + message.id());
        CometListener listener =
                new CometListener() {
                    @Override
                    public void succeeded(int messages, long millis) {
                        log.add("answer");
                    }
                };
        List<CometRegistration> registrations =
                List.of(comet.on("n", handler), comet.listen(listener));
        comet.on("n", handler);
        comet.listen(listener);
        for (CometRegistration registration : registrations) {
            registration.close();
            registration.close();
        }
        world.poll(message(11));
        assertThat(log).containsExactly("11", "answer");
        assertThatThrownBy(() -> comet.on("n", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> comet.listen(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    @DisplayName(
            "L1 a handler that another one has closed is not called any more, not even for the same message")
    void registration_closedByAHandler_isNotCalled() {
        Comet comet = world.connected();
        List<String> log = new ArrayList<>();
        List<CometRegistration> others = new ArrayList<>();
        comet.on("n", message -> others.forEach(CometRegistration::close));
        others.add(comet.on("n", message -> log.add("n")));
        others.add(comet.on(Comet.ALL, message -> log.add("all")));
        world.poll(message(11));
        assertThat(log).isEmpty();
    }

    /** An executor whose tasks run when the test says so, the last one first. */
    private static final class Later implements Executor {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

        @Override
        public void execute(Runnable task) {
            tasks.push(task);
        }

        void run() {
            while (!tasks.isEmpty()) {
                tasks.pop().run();
            }
        }
    }

    @Test
    @DisplayName("L1 handlers that are registered in what hangs on connect get everything")
    void connect_handlersOfTheStage_getEverything() {
        Later later = new Later();
        List<Long> got = new ArrayList<>();
        CometOptions options =
                CometOptions.builder()
                        .http(world)
                        .platform(world)
                        .executor(later)
                        .transport(CometTransport.POLL)
                        .build();
        CompletionStage<Void> connected =
                Comet.connect(URI.create("https://x.example/comet"), Map.of(), options)
                        .thenAccept(c -> c.on("n", message -> got.add(message.id())));
        world.last()
                .json(
                        "{\"publicToken\":\"p\",\"privateToken\":\"s\",\"displayName\":\"\","
                                + "\"connectionTimeoutSeconds\":25,\"lastMessageId\":10}");
        later.tasks.pop().run(); // the session is there, the first poll is out
        assertThat(world.last().target()).startsWith("/poll");
        world.poll(message(11));
        assertThat(got).isEmpty();
        later.run();
        assertThat(connected).isCompleted();
        assertThat(got).containsExactly(11L);
    }

    @Test
    @DisplayName("L1 subscribe before the handlers are through: what begins then is not ended")
    void subscribe_endStillToBeTold_beginsAnew() {
        Later later = new Later();
        Comet comet = world.connected(options -> options.executor(later));
        World.Words first = new World.Words();
        World.Words second = new World.Words();
        later.run();
        comet.messages().subscribe(first);
        world.last().answer(409, "application/json", "[" + own("superseded", "{}") + "]");
        comet.subscribe();
        comet.messages().subscribe(second);
        world.poll(message(11));
        later.run();
        assertThat(first.heard).containsExactly("error");
        assertThat(second.heard).containsExactly("11");
    }
}
