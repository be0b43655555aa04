package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Requests of one kind, a few at a time: each takes a connection of its own while it is under way.
 * The others wait, in the order in which they were handed in. Belongs to its strand.
 *
 * <p>A request's time begins when it is handed in. All have the same, so that those before it are
 * over when it is: none waits beyond its time, and no timer is needed for those that wait.
 */
final class SendQueue {

    private final Supplier<Exchanges> exchanges;
    private final Platform platform;
    private final long timeoutMillis;
    private final int atOnce;
    private final int limit;
    private final LinkedBlockingQueue<Call> waiting;
    private int underWay;

    private record Call(String path, JsonNode body, Stopwatch since, ResponseHandler outcome) {}

    /**
     * @param exchanges as whom to ask, when it is a request's turn
     */
    SendQueue(Supplier<Exchanges> exchanges, CometOptions options) {
        this.exchanges = exchanges;
        this.platform = options.platform;
        this.timeoutMillis = options.timeout.toMillis();
        this.atOnce = options.maxConcurrentSends;
        this.limit = options.bufferLimit;
        this.waiting = new LinkedBlockingQueue<>(limit);
    }

    void post(String path, JsonNode body, ResponseHandler outcome) {
        Call call = new Call(path, body, new Stopwatch(platform), outcome);
        if (underWay < atOnce) {
            start(call);
        } else if (!waiting.offer(call)) {
            outcome.failed(
                    new CometClientException(
                            CometClientException.TOO_MANY_REQUESTS,
                            limit
                                    + " sends wait for their turn; bufferLimit allows no more. Wait for answers, or send several at once"));
        }
    }

    /** What waits is not sent any more. */
    void close() {
        for (Call call = waiting.poll(); call != null; call = waiting.poll()) {
            call.outcome.failed(
                    new CometClientException(
                            CometClientException.CLOSED,
                            "the client was closed before this was sent"));
        }
    }

    private void start(Call call) {
        long left = timeoutMillis - call.since.millis();
        if (left <= 0) {
            call.outcome.failed(
                    new CometClientException(
                            CometClientException.SILENCE,
                            "not sent: those before it had no answer in time"));
            return;
        }
        Turn turn = new Turn(call.outcome);
        underWay++;
        try {
            exchanges.get().post(call.path, call.body, left, turn);
        } catch (Throwable e) {
            turn.leave();
            call.outcome.failed(Exchanges.cut(e));
        }
    }

    /** A request under way, and then the next one. */
    private final class Turn implements ResponseHandler {

        private final ResponseHandler outcome;
        private boolean over;

        Turn(ResponseHandler outcome) {
            this.outcome = outcome;
        }

        @Override
        public void answered(JsonNode body) {
            next();
            outcome.answered(body);
        }

        @Override
        public void failed(CometClientException error) {
            next();
            outcome.failed(error);
        }

        private void leave() {
            if (!over) {
                over = true;
                underWay--;
            }
        }

        private void next() {
            leave();
            while (underWay < atOnce && !waiting.isEmpty()) {
                start(waiting.remove());
            }
        }
    }
}
