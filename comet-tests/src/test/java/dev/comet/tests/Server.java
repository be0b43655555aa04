package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.ICometStateProvider;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.CallerExecutor;
import dev.comet.testkit.internal.RecordedAnswers;
import dev.comet.testkit.internal.RecordedStream;
import dev.comet.testkit.internal.RecordingEventHandler;
import java.time.Duration;
import java.util.function.UnaryOperator;

/**
 * A manager with time standing still, and what it did. Events are told on the thread that causes
 * them, unless that is a wait thread or a test says otherwise.
 */
final class Server implements AutoCloseable {

    final ManualClock clock;
    private final CallerExecutor executor = new CallerExecutor();
    final RecordingEventHandler events = new RecordingEventHandler();
    final RecordedAnswers answers = new RecordedAnswers();
    final CometStateManager manager;

    Server(
            ICometStateProvider provider,
            ManualClock clock,
            int waitThreads,
            UnaryOperator<CometStateManager.Builder> options) {
        this.clock = clock;
        this.manager =
                options.apply(
                                CometStateManager.builder(provider)
                                        .clock(clock)
                                        .waitThreads(waitThreads)
                                        .eventExecutor(executor)
                                        .eventHandler(events))
                        .build();
        clock.awaitAllParked(waitThreads); // from now on the clock knows them
    }

    static Server start() {
        return start(CometLimits.defaults());
    }

    static Server start(CometLimits limits) {
        return start(new InProcCometStateProvider(), 2, options -> options.limits(limits));
    }

    static Server start(
            ICometStateProvider provider,
            int waitThreads,
            UnaryOperator<CometStateManager.Builder> options) {
        return new Server(provider, new ManualClock(), waitThreads, options);
    }

    static Server startAt(long nanos) {
        return new Server(
                new InProcCometStateProvider(), new ManualClock(nanos), 2, options -> options);
    }

    /** A client that is held for 25 s and may stay away for 60 s. */
    CometClient client(String publicToken) {
        return client(publicToken, 25, 60);
    }

    CometClient client(String publicToken, int timeoutSeconds, int idleSeconds) {
        return manager.initializeClient(
                CometClient.builder()
                        .publicToken(publicToken)
                        .privateToken("secret-of-" + publicToken)
                        .connectionTimeoutSeconds(timeoutSeconds)
                        .connectionIdleSeconds(idleSeconds)
                        .build());
    }

    /** Begins a poll that may be held. */
    RecordedAnswers.Request poll(CometClient client, long cursor) {
        return answers.watch(
                manager.endpoint().beginSubscribe(client.privateToken(), cursor, null, 0));
    }

    RecordedStream stream(CometClient client, long cursor) {
        return stream(client, cursor, new RecordedStream());
    }

    RecordedStream stream(CometClient client, long cursor, RecordedStream stream) {
        manager.endpoint().openStream(client.privateToken(), cursor, stream, 0);
        return stream;
    }

    /** What a poll finds at once. */
    CometAnswer fetch(CometClient client, long cursor) {
        CometAsyncResult result =
                manager.endpoint().beginSubscribe(client.privateToken(), cursor, Duration.ZERO, 0);
        return result.answer();
    }

    /** Time passes, after what was asked for before; and the wait threads have seen it. */
    void pass(Duration duration) {
        settle();
        clock.advance(duration);
        settle();
    }

    /**
     * Until the wait threads and those that ask the store have done what they were asked to do, and
     * wait; and events are told.
     */
    void settle() {
        executor.settle(
                () -> {
                    do {
                        clock.awaitAllParked();
                    } while (StoreThreads.await(manager));
                });
    }

    @Override
    public void close() {
        manager.close();
    }
}
