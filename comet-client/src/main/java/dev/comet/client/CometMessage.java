package dev.comet.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One message, in the order in which it is to be handled. Immutable; may be passed to other threads
 * and replied to from there.
 */
public final class CometMessage {

    private final long id;
    private final String name;
    private final @Nullable String correlationId;
    private final JsonNode contents;
    private final Contents codec;
    private final @Nullable Function<ObjectNode, CompletionStage<Void>> replying;

    CometMessage(
            long id,
            String name,
            @Nullable String correlationId,
            JsonNode contents,
            Contents codec,
            @Nullable Function<ObjectNode, CompletionStage<Void>> replying) {
        this.id = id;
        this.name = name;
        this.correlationId = correlationId;
        this.contents = contents;
        this.codec = codec;
        this.replying = replying;
    }

    /**
     * Positive, and higher than that of the message before it; 0 for what the client itself says.
     */
    public long id() {
        return id;
    }

    /** What the application calls this kind of message. */
    public String name() {
        return name;
    }

    /** What the message says. Numbers have the digits that were sent. */
    public JsonNode contents() {
        return contents;
    }

    /**
     * What the message says, as the given type.
     *
     * @throws tools.jackson.core.JacksonException if it does not fit
     */
    public <T> T contents(Class<T> type) {
        return codec.decoded(contents, type);
    }

    /** Of the request that this is, or that it answers; null if neither. */
    public @Nullable String correlationId() {
        return correlationId;
    }

    /** Whether somebody waits for a reply: {@link #reply} or {@link #refuse} it, once. */
    public boolean isRequest() {
        return replying != null;
    }

    /**
     * Replies to a request.
     *
     * @param contents data that Jackson can write; null: done
     * @return fails with a {@link CometClientException}: {@code no-such-request} if nobody waits
     *     any more, {@code already-replied} if it was answered
     * @throws IllegalStateException if this message is no request
     */
    public CompletionStage<Void> reply(@Nullable Object contents) {
        return answer("contents", contents);
    }

    /** As {@link #reply}: says in words why it will not be done. */
    public CompletionStage<Void> refuse(String reason) {
        return answer("refused", reason);
    }

    private CompletionStage<Void> answer(String field, @Nullable Object value) {
        Function<ObjectNode, CompletionStage<Void>> post = replying;
        if (post == null) {
            throw new IllegalStateException(
                    "message " + id + " (" + name + ") is no request; send a message instead");
        }
        ObjectNode body = Json.MAPPER.createObjectNode().put("correlationId", correlationId);
        try {
            body.set(field, codec.encoded(value));
        } catch (CometClientException e) {
            return CompletableFuture.failedFuture(e);
        }
        return post.apply(body);
    }

    @Override
    public String toString() {
        return "CometMessage[" + id + ", " + name + "]";
    }
}
