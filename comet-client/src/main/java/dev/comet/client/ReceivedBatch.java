package dev.comet.client;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an answer, or a piece of a stream, means: where the cursor goes, what is to be handed over
 * in which order, and how to go on. An answer is taken as a whole or not at all.
 *
 * @param cursor up to where the client has everything then
 * @param waitMillis how long the server asks to stay away, −1 if it does not
 * @param closed why the client was ended, null if it was not
 */
record ReceivedBatch(long cursor, List<Entry> entries, long waitMillis, @Nullable String closed) {

    /** What a server may ask for. */
    static final long WAIT_CAP_MILLIS = 300_000;

    private static final long MAX_ID = 1L << 53;

    /**
     * One message of the application's, or of the protocol's that the application is told of.
     *
     * @param json as it came
     * @param cursor where the cursor is once it has been handed over
     */
    record Entry(JsonNode json, long cursor) {

        long id() {
            return json.path("id").longValue();
        }

        String name() {
            return json.path("name").stringValue();
        }

        JsonNode contents() {
            return json.path("contents");
        }
    }

    /**
     * @param early it came so soon that a hold cannot have ended
     * @param streamed it is a piece of a stream
     * @throws CometClientException if it is no answer, or one that says what went wrong
     */
    static ReceivedBatch of(long before, JsonNode answer, boolean early, boolean streamed) {
        if (!answer.isArray()) {
            throw invalid("the answer is not an array of messages");
        }
        List<Entry> entries = new ArrayList<>(answer.size());
        long cursor = before;
        long waitMillis = -1;
        String closed = null;
        boolean repeated = true;
        for (JsonNode message : answer) {
            check(message);
            long id = message.path("id").longValue();
            String name = message.path("name").stringValue();
            JsonNode contents = message.path("contents");
            if (id > 0) {
                if (id <= cursor) {
                    continue;
                }
                cursor = id;
                if (name.equals(MessagePublisher.GAP)) { // for one that could not be read
                    ((ObjectNode) message).put("id", 0);
                }
                entries.add(new Entry(message, cursor));
                repeated = false;
                continue;
            }
            switch (name) {
                case "comet.superseded" -> throw CometClientException.superseded(contents, 0);
                case "comet.error" -> throw refusal(contents, 0, 0);
                case "comet.heartbeat" -> {
                    long sent = position(contents.path("lastSentId"));
                    if (sent > cursor) {
                        throw invalid("message " + sent + " got lost on the way");
                    }
                    cursor = Math.max(cursor, position(contents.path("lastMessageId")));
                }
                case "comet.gap" -> {
                    long to = position(contents.path("to"));
                    if (contents.path("reason").asString("").equals("unknown-cursor")) {
                        cursor = to;
                    } else if (to <= cursor) {
                        continue;
                    }
                    entries.add(new Entry(message, cursor));
                }
                case "comet.timeout", "comet.cursor" -> {
                    long to = position(contents.path("lastMessageId"));
                    boolean timeout = name.equals("comet.timeout");
                    if (early && timeout && to <= cursor) {
                        continue;
                    }
                    cursor = Math.max(cursor, to);
                    if (timeout) {
                        entries.add(new Entry(message, cursor));
                    }
                }
                case "comet.reconnect" -> {
                    double asked = contents.path("delayMillis").asDouble(0);
                    waitMillis = (long) Math.min(Math.max(asked, 0), WAIT_CAP_MILLIS);
                    entries.add(new Entry(message, cursor));
                }
                case "comet.closed" -> closed = contents.path("reason").asString("");
                default -> {
                    // A newer server's: nothing that this client would have to know.
                }
            }
            repeated = false;
        }
        // Nothing but what is known already: asking again at once would turn a stale cache on the
        // way into a storm.
        if (repeated && !streamed) {
            throw invalid("the answer contains nothing new");
        }
        return new ReceivedBatch(cursor, entries, waitMillis, closed);
    }

    static CometClientException refusal(JsonNode contents, int status, double retryAfterSeconds) {
        return new CometClientException(
                contents.path("code").asString("unknown"),
                contents.path("reason").asString(""),
                status,
                retryAfterSeconds,
                contents.path("index").asInt(-1),
                null);
    }

    private static void check(JsonNode message) {
        JsonNode id = message.path("id");
        boolean valid =
                id.isIntegralNumber()
                        && id.longValue() >= 0
                        && id.longValue() < MAX_ID
                        && message.path("name").isString()
                        && (id.longValue() > 0 || message.path("contents").isObject());
        if (!valid) {
            throw invalid("the answer is not an array of messages");
        }
    }

    private static long position(JsonNode id) {
        if (id.isIntegralNumber() && id.longValue() >= 0 && id.longValue() < MAX_ID) {
            return id.longValue();
        }
        throw invalid(id + " is not a message id");
    }

    private static CometClientException invalid(String text) {
        return new CometClientException(CometClientException.ANSWER_INVALID, text);
    }
}
