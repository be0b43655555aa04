package dev.comet.client;

import dev.comet.client.Exchanges.Outcome;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What goes to the server: messages, requests, replies, the goodbye. Nothing is ever sent twice.
 * What hangs on an answer is the application's, and runs where its handlers do.
 */
final class Sending {

    private final CometOptions options;
    private final Strand strand;
    private final Executor completing;
    private final Requests requests;
    private volatile boolean closed;

    /** The strand's. */
    private @Nullable Exchanges exchanges;

    Sending(CometOptions options, Strand strand) {
        this.options = options;
        this.strand = strand;
        this.completing = Stages.completing(options.handlers());
        this.requests = new Requests(completing);
    }

    /** As another session from now on. On the strand, or before anything is sent. */
    void by(Exchanges newer) {
        exchanges = newer;
    }

    /** Nothing is sent from now on. */
    void close() {
        closed = true;
    }

    void refuseIfClosed() {
        if (closed) {
            throw new CometClientException(
                    CometClientException.CLOSED, "this client is closed; connect again");
        }
    }

    CompletionStage<@Nullable JsonNode> send(Supplier<JsonNode> body) {
        return Stages.map(post("/send", body), reply -> reply.isMissingNode() ? null : reply);
    }

    /** Gives the body of the answer, which is missing if it is empty. */
    CompletionStage<JsonNode> post(String path, Supplier<JsonNode> body) {
        try {
            refuseIfClosed();
            return exchange(path, body.get());
        } catch (CometClientException e) {
            return CompletableFuture.failedFuture(e);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(Json.unwritable(e));
        }
    }

    private CompletionStage<JsonNode> exchange(String path, JsonNode body) {
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        Outcome outcome = Outcome.of(answer, completing);
        strand.execute(
                () -> {
                    try {
                        Objects.requireNonNull(exchanges)
                                .post(path, body, options.timeout.toMillis(), outcome);
                    } catch (JacksonException e) { // an object within, looked at when it is written
                        outcome.failed(Json.unwritable(e));
                    }
                });
        return answer;
    }

    CompletionStage<JsonNode> request(
            String correlationId, Supplier<ObjectNode> message, Duration timeout) {
        CompletableFuture<JsonNode> reply = requests.begin(correlationId);
        Platform.Timer timer =
                options.platform.schedule(
                        timeout.toMillis(),
                        () ->
                                requests.fail(
                                        correlationId,
                                        new CometClientException(
                                                CometClientException.TIMED_OUT,
                                                "no reply within " + timeout)));
        CompletionStage<JsonNode> end = reply;
        end.whenComplete((value, error) -> timer.cancel());
        post("/send", message::get)
                .whenComplete(
                        (answer, failure) -> {
                            if (failure instanceof CometClientException error) {
                                if (isFinal(error)) {
                                    requests.fail(correlationId, error);
                                }
                            } else if (!answer.isMissingNode()) { // else it comes as a message
                                requests.reply(correlationId, answer);
                            }
                        });
        return reply;
    }

    /** Whether the request was not handled; without an answer it may have been all the same. */
    private static boolean isFinal(CometClientException error) {
        return error.status() != 0
                || error.code().equals(CometClientException.CLOSED)
                || error.code().equals(CometClientException.PARAMETERS_INVALID);
    }

    /** A message that answers a request. */
    void answered(CometMessage message) {
        requests.answered(message);
    }

    /** No request gets a reply any more. */
    void failAll(String code) {
        requests.failAll(code);
    }

    /** Gives whether the server has ended the client, or knows of none. */
    CompletionStage<Boolean> disconnect() {
        return exchange("/disconnect", Json.MAPPER.createObjectNode())
                .handle(
                        (body, failure) ->
                                failure == null
                                        || (failure instanceof CometClientException error
                                                && error.code()
                                                        .equals(
                                                                CometClientException
                                                                        .CLIENT_DOES_NOT_EXIST)));
    }
}
