package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
    private final PendingRequests requests;
    private volatile boolean closed;

    // The strand's. A handler on the server may wait for a reply of this client: replies do not
    // queue behind sends.
    private @Nullable Exchanges exchanges;
    private final SendQueue sends;
    private final SendQueue replies;

    Sending(CometOptions options, Strand strand) {
        this.options = options;
        this.strand = strand;
        this.completing = options.completions();
        this.requests = new PendingRequests(completing);
        this.sends = new SendQueue(this::exchanges, options);
        this.replies = new SendQueue(this::exchanges, options);
    }

    /** As another session from now on. On the strand, or before anything is sent. */
    void by(Exchanges newer) {
        exchanges = newer;
    }

    private Exchanges exchanges() {
        return Objects.requireNonNull(exchanges);
    }

    /** Nothing is sent from now on. On the strand. */
    void close() {
        closed = true;
        sends.close();
        replies.close();
    }

    void refuseIfClosed() {
        if (closed) {
            throw new CometClientException(
                    CometClientException.CLOSED, "this client is closed; connect again");
        }
    }

    CompletionStage<@Nullable JsonNode> send(Supplier<JsonNode> body) {
        CompletionStage<JsonNode> answer = post(sends, "/send", body);
        return Promise.of(
                Stages.map(answer, reply -> reply.isMissingNode() ? null : reply), completing);
    }

    CompletionStage<Void> reply(JsonNode body) {
        return Promise.of(
                Stages.map(post(replies, "/reply", () -> body), nothing -> null), completing);
    }

    /** Gives the body of the answer, which is missing if it is empty; on the strand. */
    private CompletionStage<JsonNode> post(
            SendQueue queue, String path, Supplier<JsonNode> supplier) {
        JsonNode body;
        try {
            refuseIfClosed();
            body = supplier.get();
        } catch (CometClientException e) {
            return CompletableFuture.failedFuture(e);
        } catch (Throwable e) { // contents that contain themselves are too deep for the stack
            return CompletableFuture.failedFuture(Json.unwritable(e));
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        ResponseHandler outcome = ResponseHandler.of(answer);
        strand.execute(
                () -> {
                    try {
                        refuseIfClosed();
                        queue.post(path, body, outcome);
                    } catch (CometClientException e) {
                        outcome.failed(e);
                    } catch (Throwable e) {
                        outcome.failed(Exchanges.cut(e));
                    }
                });
        return answer;
    }

    CompletionStage<JsonNode> request(
            String correlationId, Supplier<ObjectNode> message, Duration timeout) {
        try {
            CometOptions.within("timeout", timeout, CometOptions.SHORTEST_TIMEOUT);
        } catch (CometClientException e) {
            return CompletableFuture.failedFuture(e);
        }
        CompletionStage<JsonNode> reply = requests.begin(correlationId);
        strand.execute(() -> watch(correlationId, reply, timeout));
        post(sends, "/send", message::get)
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

    /** It ends in its time, if nothing else ends it. On the strand. */
    private void watch(String correlationId, CompletionStage<JsonNode> reply, Duration timeout) {
        try {
            Deadline deadline =
                    new Deadline(
                            options.platform,
                            strand,
                            timeout.toMillis(),
                            late ->
                                    requests.fail(
                                            correlationId,
                                            new CometClientException(
                                                    CometClientException.TIMED_OUT,
                                                    "no reply within " + timeout)));
            reply.whenComplete((value, error) -> strand.execute(deadline::cancel));
        } catch (Throwable e) {
            requests.fail(correlationId, Exchanges.cut(e));
        }
    }

    /** Whether the request was not handled; without an answer it may have been all the same. */
    private static boolean isFinal(CometClientException error) {
        return error.status() != 0
                || error.code().equals(CometClientException.CLOSED)
                || error.code().equals(CometClientException.TOO_MANY_REQUESTS)
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
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        strand.execute(
                () ->
                        exchanges()
                                .post(
                                        "/disconnect",
                                        Json.MAPPER.createObjectNode(),
                                        options.timeout.toMillis(),
                                        ResponseHandler.of(answer)));
        return Promise.of(
                answer.handle((body, failure) -> failure == null || isGone(failure)), completing);
    }

    private static boolean isGone(Throwable failure) {
        return failure instanceof CometClientException error
                && error.code().equals(CometClientException.CLIENT_DOES_NOT_EXIST);
    }
}
