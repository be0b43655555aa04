package dev.comet.http;

import dev.comet.CometStateManager;
import tools.jackson.databind.json.JsonMapper;

/** {@code disconnect}: ends the client now. */
final class DisconnectEndpoint {

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final BodyLimits bodies;
    private final boolean cookieTokens;

    DisconnectEndpoint(
            CometStateManager comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            boolean cookieTokens) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
        this.cookieTokens = cookieTokens;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, comet, bodies);
        call.readParameters(limits, strict, parameters -> disconnect(call, parameters));
    }

    private void disconnect(Call call, Parameters parameters) {
        String token = callers.privateToken(call, parameters.privateToken());
        if (!comet.disconnect(token)) {
            throw callers.unknown(call.exchange());
        }
        CometResponse done = CometResponse.empty(204);
        call.respond(
                cookieTokens ? done.with("Set-Cookie", TokenCookie.forget(call.exchange())) : done);
    }
}
