package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.CallerExecutor;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiConsumer;

/**
 * A manager with its handler, in a time that the test moves. Fails the test at its close if an
 * exchange was used against the rule of {@link CometExchange}.
 */
final class Protocol implements AutoCloseable {

    private static final int WAIT_THREADS = 2;

    private final ManualClock clock = new ManualClock();
    private final CallerExecutor executor = new CallerExecutor();
    private final Queue<AssertionError> broken = new ConcurrentLinkedQueue<>();
    final CometStateManager comet;
    final CometHttpHandler handler;

    Protocol() {
        this((comet, app) -> {});
    }

    Protocol(BiConsumer<CometStateManager, CometApplication> setUp) {
        this(CometLimits.defaults(), setUp);
    }

    Protocol(CometLimits limits, BiConsumer<CometStateManager, CometApplication> setUp) {
        comet =
                CometStateManager.builder(new InProcCometStateProvider())
                        .limits(limits)
                        .clock(clock)
                        .waitThreads(WAIT_THREADS)
                        .eventExecutor(executor)
                        .build();
        CometApplication application = new CometApplication().clock(clock);
        setUp.accept(comet, application);
        handler = new CometHttpHandler(comet, application);
        clock.awaitAllParked(WAIT_THREADS); // from now on the clock knows them
    }

    FakeExchange handle(FakeExchange exchange) {
        exchange.handling(broken::add);
        try {
            handler.handle(exchange);
        } finally {
            exchange.handled();
        }
        return exchange;
    }

    CometClient client(String name) {
        return comet.initializeClient(
                CometClient.builder()
                        .publicToken(name)
                        .privateToken("secret-of-" + name)
                        .connectionTimeoutSeconds(25)
                        .connectionIdleSeconds(60)
                        .build());
    }

    /** A poll with the fast form. */
    FakeExchange poll(CometClient client, String query) {
        return handle(FakeExchange.get("/poll" + query).bearer(client.privateToken()));
    }

    FakeExchange send(CometClient client, String json) {
        return handle(FakeExchange.post("/send").bearer(client.privateToken()).json(json));
    }

    /** Sends a message with some contents, and with whatever else its JSON is to have. */
    FakeExchange send(CometClient client, String name, String more) {
        return send(client, "{\"name\":\"" + name + "\"" + more + ",\"contents\":1}");
    }

    /**
     * Time passes, after what was asked for before: a wait thread that met a deadline only when it
     * was over would see to it a tick later, and this clock stands still. Then the wait threads
     * have seen it.
     */
    void pass(Duration duration) {
        settle();
        clock.advance(duration);
        settle();
    }

    /** Time passes, without a look at what wait threads make of it. */
    void advance(Duration duration) {
        clock.advance(duration);
    }

    /**
     * Until the wait threads have done what they were asked to do, and park; and events are told.
     */
    void settle() {
        executor.settle(clock::awaitAllParked);
    }

    @Override
    public void close() {
        comet.close();
        assertThat(broken).as("calls that break the rule of CometExchange").isEmpty();
    }
}
