package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Which transport to use: the stream where it gets through, polls where it does not, at the same
 * cursor. Belongs to its strand.
 */
final class Connection {

    private static final long PROBE_MILLIS = 30_000;
    private static final long PROBE_CAP_MILLIS = 600_000;

    /**
     * What a stream can fail of that a poll may not. Anything else is the server's own word, or
     * this client's.
     */
    private static final Set<String> IN_THE_WAY =
            Set.of(
                    CometClientException.NETWORK,
                    CometClientException.SILENCE,
                    CometClientException.UNEXPECTED_STATUS,
                    CometClientException.ANSWER_INVALID,
                    "no-such-endpoint");

    private final Platform platform;
    private final Polling polling;
    private final Streaming streaming;
    private CometTransport wanted;
    private Transport current;
    private @Nullable Stopwatch streamless; // since a stream did not get through
    private long streamlessMillis; // for so long, polls
    private long probeMillis = PROBE_MILLIS;
    private int cuts; // of streams that did not live long, one after the other

    Connection(Platform platform, Polling polling, Streaming streaming, CometTransport wanted) {
        this.platform = platform;
        this.polling = polling;
        this.streaming = streaming;
        this.wanted = wanted;
        this.current = wanted == CometTransport.POLL ? polling : streaming;
    }

    void want(CometTransport transport) {
        wanted = transport;
    }

    /** What is under way, or was last. */
    CometTransport name() {
        return current.name();
    }

    /**
     * Whether an answer may come at any time: it says nothing that it came early, or that it
     * repeats what is known.
     */
    boolean streams() {
        return current == streaming;
    }

    void next(long cursor, boolean prompt, ResponseHandler outcome) {
        boolean stream =
                wanted == CometTransport.STREAM || (wanted == CometTransport.AUTO && !isToPoll());
        if (stream) {
            current = streaming;
            stream(cursor, prompt, outcome);
        } else {
            streaming.close();
            current = polling;
            polling.next(cursor, prompt, new Polled(outcome, false));
        }
    }

    private boolean isToPoll() {
        return streamless != null && streamless.millis() < streamlessMillis;
    }

    boolean isUnderWay() {
        return current.isUnderWay();
    }

    void breakOff(String code, String reason) {
        current.breakOff(code, reason);
    }

    void close() {
        streaming.close();
    }

    private void stream(long cursor, boolean prompt, ResponseHandler outcome) {
        streaming.next(
                cursor,
                prompt,
                new ResponseHandler() {
                    @Override
                    public void answered(JsonNode messages) {
                        if (streaming.isHealthy()) {
                            cuts = 0;
                            probeMillis = PROBE_MILLIS;
                        }
                        outcome.answered(messages);
                    }

                    @Override
                    public void failed(CometClientException error) {
                        streamFailed(error, cursor, prompt, outcome);
                    }
                });
    }

    private void streamFailed(
            CometClientException error, long cursor, boolean prompt, ResponseHandler outcome) {
        boolean begun = streaming.hasBegun();
        boolean healthy = streaming.isHealthy();
        streaming.close();
        if (wanted != CometTransport.AUTO || !IN_THE_WAY.contains(error.code())) {
            outcome.failed(error);
        } else if (!begun) {
            // It did not get through: nothing is wrong yet that the application should know of,
            // if a poll does.
            current = polling;
            polling.next(cursor, prompt, new Polled(outcome, true));
        } else {
            boolean maybeNextTime =
                    !error.code().equals(CometClientException.SILENCE) && (healthy || ++cuts < 2);
            if (!maybeNextTime) {
                pollForAWhile();
            }
            outcome.failed(error);
        }
    }

    private void pollForAWhile() {
        cuts = 0;
        streamless = new Stopwatch(platform);
        streamlessMillis = probeMillis;
        probeMillis = Math.min(PROBE_CAP_MILLIS, probeMillis * 2);
    }

    /** A poll, which may be in the place of a stream that did not get through. */
    private final class Polled implements ResponseHandler {

        private final ResponseHandler outcome;
        private final boolean instead;

        Polled(ResponseHandler outcome, boolean instead) {
            this.outcome = outcome;
            this.instead = instead;
        }

        @Override
        public void answered(JsonNode body) {
            if (instead) {
                pollForAWhile();
            }
            outcome.answered(body);
        }

        @Override
        public void failed(CometClientException error) {
            if (!instead) {
                streamless = null; // it was not the stream's fault
            }
            outcome.failed(error);
        }
    }
}
