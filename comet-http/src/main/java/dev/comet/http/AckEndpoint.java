package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometEndpoint;
import dev.comet.CometException;
import tools.jackson.databind.json.JsonMapper;

/** {@code ack}: confirms what the client has received by a stream. */
final class AckEndpoint {

    private final CometEndpoint comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final BodyLimits bodies;

    AckEndpoint(CometEndpoint comet, Callers callers, JsonMapper strict, BodyLimits bodies) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, bodies);
        call.readParameters(limits, strict, parameters -> confirm(call, parameters));
    }

    private void confirm(Call call, Parameters parameters) {
        CometClient client = callers.subscriber(call, parameters.privateToken(), parameters);
        try {
            comet.confirm(client.privateToken(), parameters.lastMessageId());
        } catch (CometException e) {
            throw callers.refusal(call.exchange(), e);
        }
        call.respond(CometResponse.empty(204));
    }
}
