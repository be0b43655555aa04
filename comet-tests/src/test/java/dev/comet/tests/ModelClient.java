package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import dev.comet.testkit.internal.HistoryChecker;
import java.time.Duration;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client as docs/protocol.md describes it: reads the bodies of answers, keeps one cursor, drops
 * repetitions. What it saw goes to a history.
 *
 * <p>Answers may come from any thread; everything else is for one thread at a time.
 */
final class ModelClient {

    /**
     * An answer, or a piece of a stream.
     *
     * @param stream null of an answer
     */
    private record Arrival(@Nullable ModelStream stream, Runnable handling) {}

    private final CometStateManager manager;
    private final CometClient client;
    private final String name;
    private final @Nullable HistoryChecker history;
    private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicInteger gapsTold = new AtomicInteger();
    private Consumer<String> requests = correlationId -> {};
    private boolean bearsFailures;
    private long cursor;
    private long last;
    private boolean ended;
    private long received;
    private long gaps;

    ModelClient(CometStateManager manager, CometClient client, @Nullable HistoryChecker history) {
        this(manager, client, client.publicToken(), history);
    }

    /**
     * @param name in the history; tokens may be another client's later
     */
    ModelClient(
            CometStateManager manager,
            CometClient client,
            String name,
            @Nullable HistoryChecker history) {
        this.manager = manager;
        this.client = client;
        this.name = name;
        this.history = history;
    }

    CometClient client() {
        return client;
    }

    String name() {
        return name;
    }

    /** Sends a request; its answer waits for {@link #handleNext}. */
    CometAsyncResult poll(Duration hold) {
        CometAsyncResult result =
                manager.endpoint().beginSubscribe(client.privateToken(), cursor, hold, 0);
        unanswered.incrementAndGet();
        result.whenCompleted(
                answer -> {
                    unanswered.decrementAndGet();
                    gapsTold.addAndGet(answer.batch().gaps().size());
                    arrivals.add(new Arrival(null, () -> handle(answer)));
                },
                Runnable::run);
        return result;
    }

    /** What a stream carried waits for {@link #handleNext} too. Any thread. */
    void carried(ModelStream stream, CometBatch batch) {
        gapsTold.addAndGet(batch.gaps().size());
        arrivals.add(new Arrival(stream, () -> handle(stream, batch)));
    }

    /** How a stream ended. Any thread. */
    void ended(CometAnswer why) {
        arrivals.add(new Arrival(null, () -> handle(why)));
    }

    /** Called with the correlation id of each request that the client gets. */
    void onRequest(Consumer<String> action) {
        requests = action;
    }

    /** From now on a store that fails is no fault of the client's, and it asks again. */
    void bearsFailures() {
        bearsFailures = true;
    }

    /** Loses the next answer on its way, or the rest of a stream, if there is one. */
    boolean loseNext() {
        Arrival lost = arrivals.poll();
        if (lost != null && lost.stream != null) {
            lost.stream.breaks();
        }
        return lost != null;
    }

    /** Handles the next answer, if there is one. */
    boolean handleNext() {
        Arrival next = arrivals.poll();
        if (next == null) {
            return false;
        }
        next.handling.run();
        return true;
    }

    void handleAll() {
        while (handleNext()) {
            // until there is none left
        }
    }

    private void handle(CometAnswer answer) {
        switch (answer.outcome()) {
            case MESSAGES, TIMEOUT -> handle(answer.batch());
            case CLIENT_ENDED -> ended = true;
            case ERROR -> failed(answer);
            case SUPERSEDED, RECONNECT, ABANDONED -> {
                // It asks again.
            }
        }
    }

    private void failed(CometAnswer answer) {
        CometException.Reason reason = Objects.requireNonNull(answer.error()).reason();
        if (reason == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            ended = true;
        } else if (reason != CometException.Reason.PROVIDER_UNAVAILABLE || !bearsFailures) {
            throw new AssertionError(name() + " got " + answer, answer.error());
        }
    }

    /** What follows a piece that was lost is lost with it: the connection broke. */
    private void handle(ModelStream stream, CometBatch batch) {
        if (!stream.isBroken()) {
            handle(batch);
        }
    }

    private void handle(CometBatch batch) {
        for (CometGap gap : batch.gaps()) {
            gap(gap.from(), gap.to(), gap.reason().code());
        }
        for (CometMessage message : batch.messages()) {
            if (message.messageId() > cursor) {
                received(message.messageId(), message.name(), message.correlationId());
            }
        }
        cursor = Math.max(cursor, batch.cursor());
    }

    private void received(long id, String messageName, @Nullable String correlationId) {
        received++;
        cursor = id;
        last = id;
        if (history != null) {
            history.received(name(), id);
        }
        // Replies carry one too.
        if (correlationId != null && !messageName.startsWith("comet.")) {
            requests.accept(correlationId);
        }
    }

    private void gap(long from, long to, String reason) {
        if (reason.equals("confirmed") && to > cursor) {
            throw new AssertionError(
                    name()
                            + " never confirmed above "
                            + cursor
                            + " but was told of a gap to "
                            + to);
        }
        boolean unknownCursor = reason.equals("unknown-cursor");
        // An answer that was overtaken by a later one may announce what has arrived since.
        if (unknownCursor || to > cursor) {
            gaps++;
            if (history != null) {
                history.gap(name(), from, to);
            }
        }
        if (unknownCursor) {
            cursor = to;
        }
    }

    /** Polls without an answer. */
    int unanswered() {
        return unanswered.get();
    }

    /** Gaps in answers and streams, those too that were lost on their way. */
    int gapsTold() {
        return gapsTold.get();
    }

    /** The id of the last message. */
    long last() {
        return last;
    }

    long cursor() {
        return cursor;
    }

    void cursor(long cursor) {
        this.cursor = cursor;
    }

    /** Whether it was told that it is a client no more. */
    boolean hasEnded() {
        return ended;
    }

    long received() {
        return received;
    }

    long gaps() {
        return gaps;
    }
}
