package dev.comet.client;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/**
 * This client's requests that wait for their reply, which comes as the answer to the request or,
 * later, as a message. Each ends once: with what comes first. Safe for use by any number of
 * threads.
 */
final class PendingRequests {

    static final String REPLY = "comet.reply";
    static final String REFUSED = "comet.refused";

    private static final int ID_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Map<String, Promise<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final Executor completing;

    /**
     * @param completing where what hangs on a reply runs
     */
    PendingRequests(Executor completing) {
        this.completing = completing;
    }

    static String newCorrelationId() {
        byte[] bytes = new byte[ID_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** For the application: if that gives it up, nobody waits any more. */
    CompletionStage<JsonNode> begin(String correlationId) {
        Promise<JsonNode> reply = new Promise<>();
        waiting.put(correlationId, reply);
        CompletionStage<JsonNode> end = reply;
        end.whenComplete((value, error) -> waiting.remove(correlationId, reply));
        return reply;
    }

    void reply(String correlationId, JsonNode contents) {
        settle(correlationId, waiter -> waiter.keep(contents, completing));
    }

    void fail(String correlationId, CometClientException error) {
        settle(correlationId, waiter -> waiter.fail(error, completing));
    }

    /** A message that answers a request; one that nobody waits for is too late. */
    void answered(CometMessage message) {
        String id = String.valueOf(message.correlationId());
        if (message.name().equals(REPLY)) {
            reply(id, message.contents());
        } else {
            fail(id, ReceivedBatch.refusal(message.contents(), 0, 0));
        }
    }

    void failAll(String code) {
        for (String id : List.copyOf(waiting.keySet())) {
            fail(id, new CometClientException(code, "the client ended before the reply came"));
        }
    }

    private void settle(String id, Consumer<Promise<JsonNode>> end) {
        Promise<JsonNode> waiter = waiting.remove(id);
        if (waiter != null) {
            end.accept(waiter);
        }
    }
}
