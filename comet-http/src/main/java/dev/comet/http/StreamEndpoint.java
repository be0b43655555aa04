package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * {@code stream}: confirms what the client has received, then answers with messages as they come,
 * without an end.
 */
final class StreamEndpoint {

    private final CometEndpoint comet;
    private final Callers callers;
    private final EventEncoder encoder = new EventEncoder();

    StreamEndpoint(CometEndpoint comet, Callers callers) {
        this.comet = comet;
        this.callers = callers;
    }

    void serve(Call call) {
        switch (call.exchange().method()) {
            case "GET" -> open(call);
            case "HEAD" -> callers.respondHead(call, EventStream.HEAD);
            default -> throw HttpErrorException.methodNotAllowed("GET, HEAD");
        }
    }

    private void open(Call call) {
        CometExchange exchange = call.exchange();
        // What a browser's EventSource has seen since it asked for this address first.
        @Nullable String lastEventId = exchange.header("Last-Event-ID");
        Parameters parameters = Parameters.ofEncoded(exchange.query());
        long cursor =
                lastEventId == null || lastEventId.isEmpty()
                        ? parameters.lastMessageId()
                        : Parameters.lastEventId(lastEventId);
        CometClient client = callers.subscriber(call, null, parameters);
        comet.openStream(
                client.privateToken(),
                cursor,
                new EventStream(call, callers, encoder),
                parameters.instance());
    }
}
