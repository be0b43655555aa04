package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import tools.jackson.databind.json.JsonMapper;

/** {@code disconnect}: ends the client now. */
final class DisconnectEndpoint {

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final BodyLimits bodies;

    DisconnectEndpoint(
            CometStateManager comet, Callers callers, JsonMapper strict, BodyLimits bodies) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, bodies);
        call.readParameters(limits, strict, parameters -> disconnect(call, parameters));
    }

    private void disconnect(Call call, Parameters parameters) {
        CometClient client =
                callers.client(call, parameters.privateToken(), parameters.publicToken());
        if (!comet.disconnect(client)) {
            throw callers.unknown(call.exchange());
        }
        call.respond(
                CometResponse.empty(204)
                        .with(callers.forget(client.privateToken(), call.exchange())));
    }
}
