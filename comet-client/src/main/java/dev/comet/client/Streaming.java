package dev.comet.client;

import dev.comet.client.Exchanges.Head;
import dev.comet.client.Exchanges.Incoming;
import dev.comet.client.Exchanges.ResponseHandler;
import dev.comet.client.http.CometHttp;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * The transport that is cheaper and faster where it gets through: one answer that does not end.
 * Each call gives what has come with one piece of it; between calls nothing is read, so that a
 * client that is behind slows the server down and not itself.
 */
final class Streaming implements Transport {

    /** The server's first bytes come at once. */
    private static final long FIRST_MILLIS = 6_000;

    /** Until the server says otherwise. */
    private static final long BEAT_SECONDS = 15;

    /** On top of a heart-beat. */
    private static final long LATE_BEAT_MILLIS = 10_000;

    private static final long ACK_MILLIS = 5_000;
    private static final int ACK_MESSAGES = 100;

    /** A stream that has lived so long is none that something on the way does not want. */
    private static final long HEALTHY_MILLIS = 20_000;

    private static final int MAX_REFUSAL_BYTES = 1 << 16;

    private final Platform platform;
    private final Strand strand;
    private final Exchanges exchanges;
    private final long instance;
    private @Nullable Stream open;
    private @Nullable Attempt current;
    private long beatSeconds = BEAT_SECONDS;
    private long acknowledged;
    private Stopwatch acknowledgedSince;
    private int received; // since then
    private boolean acknowledging;

    /**
     * @param instance by which a client knows its own requests
     */
    Streaming(Platform platform, Strand strand, Exchanges exchanges, long instance) {
        this.platform = platform;
        this.strand = strand;
        this.exchanges = exchanges;
        this.instance = instance;
        this.acknowledgedSince = new Stopwatch(platform);
    }

    @Override
    public CometTransport name() {
        return CometTransport.STREAM;
    }

    /** Whether something has come of the stream that is open. */
    boolean hasBegun() {
        return open != null && open.pieces > 0;
    }

    boolean isHealthy() {
        return open != null && open.isHealthy();
    }

    @Override
    public void next(long cursor, boolean prompt, ResponseHandler outcome) {
        if (open == null) {
            begin(cursor, outcome);
        } else {
            Log.failuresOf(() -> acknowledge(cursor));
            open.read(cursor, outcome);
        }
    }

    private void begin(long cursor, ResponseHandler outcome) {
        acknowledged = cursor; // the request says so itself
        acknowledgedSince = new Stopwatch(platform);
        received = 0;
        open = new Stream();
        open.begin(cursor, outcome);
    }

    @Override
    public boolean isUnderWay() {
        return current != null && !current.isOver();
    }

    @Override
    public void breakOff(String code, String reason) {
        if (current != null) {
            current.breakOff(code, reason);
        }
    }

    @Override
    public void close() {
        Stream over = open;
        open = null;
        if (over != null) {
            Log.failuresOf(over::abort);
        }
    }

    /**
     * Tells the server up to where it may forget; what gets lost of that is made up for by the
     * next.
     */
    private void acknowledge(long cursor) {
        boolean due = received >= ACK_MESSAGES || acknowledgedSince.millis() >= ACK_MILLIS;
        if (acknowledging || cursor == acknowledged || !due) {
            return;
        }
        Stopwatch now = new Stopwatch(platform);
        exchanges.post(
                "/ack",
                Json.MAPPER.createObjectNode().put("lastMessageId", cursor),
                LATE_BEAT_MILLIS,
                new ResponseHandler() {
                    @Override
                    public void answered(JsonNode body) {
                        acknowledging = false;
                    }

                    @Override
                    public void failed(CometClientException error) {
                        acknowledging = false;
                        acknowledged = -1;
                    }
                });
        acknowledging = true;
        acknowledged = cursor;
        acknowledgedSince = now;
        received = 0;
    }

    /** One stream, from its request to its end. */
    private final class Stream implements Incoming {

        private final EventParser parser = new EventParser();
        private final ByteArrayOutputStream refusal = new ByteArrayOutputStream(0);
        private final Stopwatch life = new Stopwatch(platform);
        private CometHttp.@Nullable Exchange exchange;
        private @Nullable Head head;
        private @Nullable Reading reading;
        private boolean ended;
        private @Nullable Throwable failure;
        private int pieces;

        boolean isHealthy() {
            return life.millis() >= HEALTHY_MILLIS;
        }

        void begin(long cursor, ResponseHandler outcome) {
            await(cursor, FIRST_MILLIS, outcome);
            try {
                exchange =
                        exchanges.open(
                                "/stream?lastMessageId=" + cursor + "&instance=" + instance, this);
            } catch (Throwable e) {
                strand.execute(() -> failed(e));
            }
        }

        void read(long cursor, ResponseHandler outcome) {
            await(cursor, beatSeconds * 1_000 + LATE_BEAT_MILLIS, outcome);
            if (ended || failure != null) {
                strand.execute(this::tellEnd); // it came when nobody was reading
            } else {
                more();
            }
        }

        private void await(long cursor, long millis, ResponseHandler outcome) {
            reading = new Reading(this, cursor, millis, outcome);
            current = reading;
        }

        private void more() {
            if (exchange != null) {
                exchange.more();
            }
        }

        void abort() {
            if (exchange != null) {
                exchange.abort();
            }
        }

        private boolean isStream() {
            return head != null && head.isSuccess() && head.is("text/event-stream");
        }

        @Override
        public void head(Head begun) {
            head = begun;
            Reading now = reading;
            if (now != null && !now.isOver() && isStream()) { // its own time for the first bytes
                await(now.cursor, FIRST_MILLIS, now.outcome);
                now.settle(); // not before another one waits in its place
            }
            more();
        }

        @Override
        public void piece(byte[] bytes) {
            Reading now = reading;
            if (now == null || now.isOver()) {
                return;
            }
            if (!isStream()) {
                refusal.writeBytes(bytes);
                if (refusal.size() > MAX_REFUSAL_BYTES) {
                    now.breakOff(
                            CometClientException.ANSWER_INVALID, "the answer is no event stream");
                } else {
                    more();
                }
                return;
            }
            ArrayNode messages = Json.MAPPER.createArrayNode();
            try {
                List<String> events = parser.push(bytes);
                for (String event : events) {
                    messages.add(parsed(event));
                }
            } catch (CometClientException e) {
                now.breakOff(e.code(), e.reason(), e);
                return;
            }
            if (messages.isEmpty()) {
                await(now.cursor, beatSeconds * 1_000 + LATE_BEAT_MILLIS, now.outcome);
                now.settle();
                more();
                return;
            }
            pieces++;
            received += messages.size();
            if (now.settle()) {
                now.outcome.answered(messages);
            }
        }

        private JsonNode parsed(String event) {
            JsonNode message = Messages.one(event);
            if (message.path("name").asString("").equals("comet.heartbeat")) {
                long next = message.path("contents").path("nextInSeconds").asLong(0);
                beatSeconds = next > 0 ? Math.min(next, 3_600) : beatSeconds;
            }
            return message;
        }

        @Override
        public void end() {
            ended = true;
            tellEnd();
        }

        @Override
        public void failed(Throwable cause) {
            failure = cause;
            tellEnd();
        }

        private void tellEnd() {
            Reading now = reading;
            if (now == null || now.isOver()) {
                return;
            }
            Throwable cause = failure;
            if (cause != null) {
                now.fail(Exchanges.cut(cause));
            } else if (!isStream() && head != null) {
                now.fail(refused(head));
            } else if (isHealthy() && open == this) {
                // Ended without a word, as what limits the life of streams does: goes on with
                // another one, unless they all end so soon.
                Streaming.this.begin(now.cursor, now.outcome);
                now.settle();
            } else {
                now.fail(
                        new CometClientException(CometClientException.NETWORK, "the stream ended"));
            }
        }

        private CometClientException refused(Head answer) {
            try {
                answer.interpret(refusal.toString(StandardCharsets.UTF_8), Json::read);
            } catch (CometClientException e) {
                return e;
            }
            return answer.failure(
                    CometClientException.ANSWER_INVALID, "the answer is no event stream", null);
        }
    }

    /** A call that waits for what the stream brings. */
    private final class Reading extends Attempt {

        private final Stream stream;
        private final long cursor;
        private final ResponseHandler outcome;

        Reading(Stream stream, long cursor, long millis, ResponseHandler outcome) {
            super(platform, strand, millis);
            this.stream = stream;
            this.cursor = cursor;
            this.outcome = outcome;
        }

        @Override
        void abort() {
            stream.abort();
        }

        @Override
        void ended(CometClientException error) {
            outcome.failed(error);
        }
    }
}
