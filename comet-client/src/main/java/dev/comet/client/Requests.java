package dev.comet.client;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;

/**
 * This client's requests that wait for their reply, which comes as the answer to the request or,
 * later, as a message. Each ends once. Safe for use by any number of threads.
 */
final class Requests {

    static final String REPLY = "comet.reply";
    static final String REFUSED = "comet.refused";

    private static final int ID_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Map<String, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();

    static String newCorrelationId() {
        byte[] bytes = new byte[ID_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    CompletableFuture<JsonNode> begin(String correlationId) {
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        waiting.put(correlationId, reply);
        CompletionStage<JsonNode> end = reply;
        end.whenComplete((value, error) -> waiting.remove(correlationId, reply));
        return reply;
    }

    /** A message that answers a request; one that nobody waits for is too late. */
    void answered(CometMessage message) {
        String id = message.correlationId();
        CompletableFuture<JsonNode> reply = id == null ? null : waiting.get(id);
        if (reply == null) {
            return;
        }
        if (message.name().equals(REPLY)) {
            reply.complete(message.contents());
        } else {
            reply.completeExceptionally(Digest.refusal(message.contents(), 0, 0));
        }
    }

    void failAll(String code) {
        for (CompletableFuture<JsonNode> reply : List.copyOf(waiting.values())) {
            reply.completeExceptionally(
                    new CometClientException(code, "the client ended before the reply came"));
        }
    }
}
