package dev.comet.http;

import dev.comet.CometException;
import dev.comet.CometStateManager;
import tools.jackson.databind.json.JsonMapper;

/** {@code ack}: confirms what the client has received by a stream. */
final class AckEndpoint {

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;

    AckEndpoint(CometStateManager comet, Callers callers, JsonMapper strict) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        call.readParameters(strict, parameters -> confirm(call, parameters));
    }

    private void confirm(Call call, Parameters parameters) {
        String token = callers.privateToken(call, parameters.privateToken());
        callers.checkClaim(token, parameters.publicToken());
        try {
            comet.confirm(token, parameters.lastMessageId());
        } catch (CometException e) {
            throw callers.refusal(call.exchange(), e);
        }
        call.respond(CometResponse.empty(204));
    }
}
