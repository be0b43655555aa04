package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import tools.jackson.databind.JsonNode;

/** Asks the server's application for a session. */
final class Connector {

    private final Exchanges exchanges;
    private final JsonNode details;
    private final long timeoutMillis;
    private final Strand strand;

    Connector(URI url, JsonNode details, CometOptions options, Strand strand) {
        this.exchanges =
                new Exchanges(
                        options.http(),
                        options.platform,
                        strand,
                        url,
                        options.headers,
                        null,
                        () -> {});
        this.details = details;
        this.timeoutMillis = options.timeout.toMillis();
        this.strand = strand;
    }

    /** What hangs on the stage must not block. */
    CompletionStage<CometSession> connect() {
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        strand.execute(
                () ->
                        exchanges.post(
                                "/connect", details, timeoutMillis, ResponseHandler.of(answer)));
        return Stages.map(answer, CometSession::of);
    }
}
