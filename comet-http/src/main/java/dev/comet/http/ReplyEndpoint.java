package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometEndpoint;
import dev.comet.CometException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code reply}: a client's reply to a request that it was sent, or its refusal. */
final class ReplyEndpoint {

    private static final int MAX_REFUSAL = 1_000;

    private final CometEndpoint comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final BodyLimits bodies;
    private final RateLimit sends;

    ReplyEndpoint(
            CometEndpoint comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            RateLimit sends) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
        this.sends = sends;
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, bodies);
        call.readBody(limits, body -> accept(call, body.jsonObject(strict)));
    }

    private void accept(Call call, JsonNode json) {
        CometClient client = callers.client(call, Parameters.privateToken(json), null);
        try {
            accept(call, client.privateToken(), json);
        } catch (HttpErrorException e) {
            // The server has asked for the others: however many those are, they are no flood.
            SendEndpoint.limitRate(sends, client, 1);
            throw e;
        }
        call.respond(CometResponse.empty(204));
    }

    private void accept(Call call, String token, JsonNode json) {
        String correlationId = SendEndpoint.correlationId(json);
        if (correlationId == null) {
            throw HttpErrorException.parametersInvalid(
                    "correlationId is missing; send that of the message which this replies to");
        }
        JsonNode refused = json.get("refused");
        try {
            if (refused == null) {
                comet.acceptReply(token, correlationId, json.get("contents"));
            } else {
                comet.acceptRefusal(token, correlationId, reason(refused));
            }
        } catch (CometException e) {
            throw callers.refusal(call.exchange(), e);
        }
    }

    private static String reason(@Nullable JsonNode refused) {
        if (refused == null || !refused.isString()) {
            throw HttpErrorException.parametersInvalid("refused is not a string; say why in words");
        }
        String reason = refused.stringValue();
        if (reason.length() > MAX_REFUSAL) {
            throw HttpErrorException.tooLarge(
                    "refused is longer than " + MAX_REFUSAL + " characters");
        }
        return reason;
    }
}
