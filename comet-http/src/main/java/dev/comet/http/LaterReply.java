package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.spi.ContentsEncoder;
import dev.comet.spi.ExactNumbers;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sends a client what its request is answered, once that is known: as a message. */
final class LaterReply {

    private static final Logger LOG = LoggerFactory.getLogger(CometHttpHandler.class);

    private static final JsonMapper EXACT =
            JsonMapper.builder().addModule(ExactNumbers.module()).build();

    private final CometStateManager comet;
    private final ContentsEncoder encoder;

    LaterReply(CometStateManager comet, JsonMapper mapper) {
        this.comet = comet;
        this.encoder = new ContentsEncoder(mapper);
    }

    /**
     * What a hook has replied, or what a stage of it has come to, as JSON.
     *
     * @throws IllegalArgumentException if it cannot be sent
     */
    byte @Nullable [] encoded(@Nullable Object reply) {
        if (reply instanceof CometReply passedOn) {
            return passedOn.contentsJson();
        }
        try {
            return reply == null ? null : encoder.encode(reply);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the reply " + e.getMessage(), e);
        }
    }

    void sendWhenDone(
            CometClient client, String name, String correlationId, CompletionStage<?> stage) {
        stage.whenComplete(
                (reply, failure) -> {
                    try {
                        if (failure == null) {
                            send(client, name, correlationId, reply);
                        } else {
                            refuse(client, name, correlationId, unwrapped(failure));
                        }
                    } catch (Throwable e) {
                        undelivered(client, name, e);
                    }
                });
    }

    private void send(
            CometClient client, String name, String correlationId, @Nullable Object reply) {
        JsonNode contents;
        try {
            byte[] json = encoded(reply);
            contents = json == null ? null : EXACT.readTree(json);
        } catch (IllegalArgumentException e) {
            refuse(client, name, correlationId, e);
            return;
        }
        comet.replyTo(client, correlationId, contents);
    }

    private void refuse(CometClient client, String name, String correlationId, Throwable failure) {
        if (failure instanceof CometException e) {
            comet.refuseTo(
                    client, correlationId, e.reason().code(), String.valueOf(e.getMessage()));
        } else {
            LOG.warn("The hook for {} failed for {}", name, client.publicToken(), failure);
            Refusal refusal = Refusal.handlerFailed();
            comet.refuseTo(client, correlationId, refusal.code(), refusal.text());
        }
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause != null
                        && (failure instanceof CompletionException
                                || failure instanceof ExecutionException)
                ? cause
                : failure;
    }

    private static void undelivered(CometClient client, String name, Throwable e) {
        if (e instanceof CometException known
                && known.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            LOG.debug("{} left before its request {} was answered", client.publicToken(), name);
        } else {
            LOG.warn("The reply to {} could not be sent to {}", name, client.publicToken(), e);
        }
    }
}
