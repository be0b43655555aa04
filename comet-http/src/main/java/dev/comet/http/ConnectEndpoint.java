package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication.ConnectHook;
import dev.comet.http.CometApplication.ConnectedHook;
import java.security.Principal;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code connect}: makes a newcomer a client, if the application agrees. */
final class ConnectEndpoint {

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final JsonMapper mapper;
    private final BodyLimits bodies;
    private final FaultLog faults;
    private final @Nullable ConnectHook connectHook;
    private final ConnectedHook connectedHook;
    private final boolean cookieTokens;
    private final RateLimit connects;

    ConnectEndpoint(
            CometStateManager comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            CometApplication application,
            FaultLog faults) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
        this.faults = faults;
        this.mapper = application.jsonMapper;
        this.connectHook = application.connectHook;
        this.connectedHook = application.connectedHook;
        this.cookieTokens = application.cookieTokens;
        this.connects =
                new RateLimit(
                        application.connectsPerAddress,
                        application.trackedAddresses,
                        application.clock);
    }

    void serve(Call call) {
        ConnectHook hook = connectHook;
        if (hook == null) {
            throw Refusal.noSuchEndpoint();
        }
        call.requireMethod("POST");
        limitRate(call.exchange());
        if (comet.isDraining()) {
            throw Refusal.of(
                    new CometException(
                            CometException.Reason.DRAINING,
                            "this server is going away; connect again"));
        }
        call.readBody(bodies, body -> connect(call, body, hook));
    }

    private void limitRate(CometExchange exchange) {
        Principal principal = exchange.principal();
        // The prefix keeps a name that looks like an address apart from that address.
        String key = principal == null ? callers.network(exchange) : "user " + principal.getName();
        connects.require(key, 1, "too many newcomers from this address");
    }

    private void connect(Call call, Body body, ConnectHook hook) {
        JsonNode details = body.isEmpty() ? strict.createObjectNode() : body.jsonObject(strict);
        CometExchange exchange = call.exchange();
        ConnectRequest request =
                new ConnectRequest(exchange, callers.clientAddress(exchange), details, mapper);

        CometClient client = comet.initializeClient(ask(hook, request));
        welcome(client, request);

        ObjectNode session =
                strict.createObjectNode()
                        .put("publicToken", client.publicToken())
                        .put("displayName", client.displayName())
                        .put("connectionTimeoutSeconds", client.connectionTimeoutSeconds())
                        .put("connectionIdleSeconds", client.connectionIdleSeconds())
                        .put("lastMessageId", comet.confirmedMessageId(client.privateToken()));
        if (!cookieTokens) {
            session.put("privateToken", client.privateToken());
        }
        CometResponse response = CometResponse.json(200, strict.writeValueAsBytes(session));
        call.respond(
                cookieTokens
                        ? response.with(
                                "Set-Cookie", TokenCookie.set(client.privateToken(), exchange))
                        : response);
    }

    private CometClient ask(ConnectHook hook, ConnectRequest request) {
        try {
            return hook.connect(request);
        } catch (CometException e) {
            throw refusal(e);
        } catch (Throwable e) {
            faults.own("connect hook", "The connect hook failed", e);
            throw Refusal.handlerFailed();
        }
    }

    private void welcome(CometClient client, ConnectRequest request) {
        try {
            connectedHook.connected(client, request);
        } catch (CometException e) {
            comet.disconnect(client);
            throw refusal(e);
        } catch (Throwable e) {
            comet.disconnect(client);
            faults.own(
                    "connected hook", "The connected hook failed for " + client.publicToken(), e);
            throw Refusal.handlerFailed();
        }
    }

    /** A newcomer has no session yet that could be gone: a hook has written to somebody else. */
    private static Refusal refusal(CometException e) {
        return e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST
                ? Refusal.refused(String.valueOf(e.getMessage()))
                : Refusal.of(e);
    }
}
