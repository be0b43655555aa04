package dev.comet.http;

import dev.comet.CometException;
import dev.comet.CometStateManager;
import tools.jackson.databind.json.JsonMapper;

/** {@code ack}: confirms what the client has received by a stream. */
final class AckEndpoint {

    private final CometStateManager comet;
    private final Callers callers;
    private final RateLimit requests;
    private final JsonMapper strict;
    private final BodyLimits bodies;

    AckEndpoint(
            CometStateManager comet,
            Callers callers,
            RateLimit requests,
            JsonMapper strict,
            BodyLimits bodies) {
        this.comet = comet;
        this.callers = callers;
        this.requests = requests;
        this.strict = strict;
        this.bodies = bodies;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, comet, bodies);
        call.readParameters(limits, strict, parameters -> confirm(call, parameters));
    }

    private void confirm(Call call, Parameters parameters) {
        String token = callers.privateToken(call, parameters.privateToken());
        requests.require(
                callers.known(call.exchange(), token).publicToken(),
                1,
                "too many requests from this client");
        callers.checkClaim(token, parameters.publicToken());
        try {
            comet.confirm(token, parameters.lastMessageId());
        } catch (CometException e) {
            throw callers.refusal(call.exchange(), e);
        }
        call.respond(CometResponse.empty(204));
    }
}
