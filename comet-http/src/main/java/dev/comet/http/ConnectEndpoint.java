package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication.ConnectHook;
import dev.comet.http.CometApplication.ConnectedHook;
import dev.comet.http.RateLimit.Rate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code connect}: makes a newcomer a client, if the application agrees. */
final class ConnectEndpoint {

    /** 128 random bits in Base64. */
    private static final int MIN_TOKEN = 22;

    private static final int MIN_DIFFERENT = 8;

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final JsonMapper mapper;
    private final BodyLimits bodies;
    private final FaultLog faults;
    private final HttpCounters counters;
    private final @Nullable ConnectHook connectHook;
    private final ConnectedHook connectedHook;
    private final boolean cookieTokens;
    private final boolean weakPrivateTokens;
    private final RateLimit connects;
    private final RateLimit newcomersOfSite;
    private final RateLimit newcomers;

    ConnectEndpoint(
            CometStateManager comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            CometApplication application,
            FaultLog faults,
            HttpCounters counters) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
        this.faults = faults;
        this.counters = counters;
        this.mapper = application.jsonMapper;
        this.connectHook = application.connectHook;
        this.connectedHook = application.connectedHook;
        this.cookieTokens = application.cookieTokens;
        this.weakPrivateTokens = application.weakPrivateTokens;
        this.connects =
                new RateLimit(
                        application.connectsPerAddress,
                        application.trackedAddresses,
                        application.clock);
        this.newcomersOfSite =
                new RateLimit(
                        ofSite(application.newcomers, application.connectsPerAddress),
                        application.trackedAddresses,
                        application.clock);
        this.newcomers = new RateLimit(application.newcomers, 1, application.clock);
    }

    /** A tenth of what all strangers may do, but never less than one address may. */
    private static Rate ofSite(Rate all, Rate ofAddress) {
        return new Rate(
                Math.max(all.perSecond() / 10, ofAddress.perSecond()),
                Math.max(all.burst() / 10, ofAddress.burst()));
    }

    void serve(Call call) {
        ConnectHook hook = connectHook;
        if (hook == null) {
            throw HttpErrorException.noSuchEndpoint();
        }
        call.requireMethod("POST");
        CometClient known = callers.returning(call.exchange());
        limitRate(call.exchange(), known);
        if (comet.isDraining()) {
            throw HttpErrorException.of(
                    new CometException(
                            CometException.Reason.DRAINING,
                            "this server is going away; connect again"));
        }
        call.readBody(bodies, body -> connect(call, body, hook, known));
    }

    /**
     * Whoever is known counts for itself. Strangers share what their address may do, and those of
     * all addresses what one server takes: however many they are, they do not fill its table of
     * clients. An address that has done enough takes nothing from the others, nor does a site with
     * many addresses.
     */
    private void limitRate(CometExchange exchange, @Nullable CometClient known) {
        String user = Callers.user(exchange);
        // The prefix keeps a name that looks like an address apart from that address.
        String key =
                known != null
                        ? "client " + known.publicToken()
                        : user != null ? "user " + user : callers.network(exchange);
        connects.require(key, 1, "connectsPerAddress", "too many newcomers from this address");
        if (known == null && user == null) {
            newcomersOfSite.require(
                    Network.wider(callers.clientAddress(exchange)),
                    1,
                    "newcomers",
                    "too many newcomers from this network");
            newcomers.require(
                    "all", 1, "newcomers", "too many newcomers from all addresses together");
        }
    }

    private void connect(Call call, Body body, ConnectHook hook, @Nullable CometClient known) {
        JsonNode details = body.isEmpty() ? strict.createObjectNode() : body.jsonObject(strict);
        CometExchange exchange = call.exchange();
        ConnectRequest request =
                new ConnectRequest(
                        exchange, callers.clientAddress(exchange), details, mapper, known);

        CometClient described = ask(hook, request);
        CometClient client =
                known != null && isStill(known, described)
                        ? known
                        : comet.initializeClient(strong(described));
        welcome(client, request);

        ObjectNode session =
                strict.createObjectNode()
                        .put("publicToken", client.publicToken())
                        .put("displayName", client.displayName())
                        .put("connectionTimeoutSeconds", client.connectionTimeoutSeconds())
                        .put("connectionIdleSeconds", client.connectionIdleSeconds())
                        .put("lastMessageId", confirmedMessageId(client));
        if (!cookieTokens) {
            session.put("privateToken", client.privateToken());
        }
        call.respond(
                CometResponse.json(200, strict.writeValueAsBytes(session))
                        .with(callers.cookieFor(client.privateToken(), exchange)));
    }

    /** Whether who comes back is who it was: another tab, or the same page again. */
    private static boolean isStill(CometClient known, CometClient described) {
        return described.equals(known) || described.describes(known);
    }

    /**
     * With cookies, no later request of another user would be the client's: that is found out here
     * rather than by the page.
     */
    private CometClient ofItsUser(CometClient described, @Nullable String user) {
        if (described.user() == null) {
            return user == null ? described : described.withUser(user);
        }
        if (cookieTokens && !described.user().equals(user)) {
            throw new IllegalStateException(
                    "the hook describes a client of a user who is not the one that the container"
                            + " names; with cookieTokens leave user unset, and keep what your own"
                            + " log-in calls its users in an attribute");
        }
        return described;
    }

    /** A token that the hook has chosen, perhaps as the newcomer wished, may be easy to guess. */
    private CometClient strong(CometClient described) {
        String token = described.privateToken();
        long different = token.chars().distinct().count();
        if (!weakPrivateTokens && (token.length() < MIN_TOKEN || different < MIN_DIFFERENT)) {
            throw CometException.forDevelopers(
                    CometException.Reason.PARAMETERS_INVALID,
                    "privateToken has "
                            + token.length()
                            + " characters, "
                            + different
                            + " of them different; use at least "
                            + MIN_TOKEN
                            + " and "
                            + MIN_DIFFERENT
                            + ", leave it unset to get a random one, or allow weakPrivateTokens");
        }
        return described;
    }

    private CometClient ask(ConnectHook hook, ConnectRequest request) {
        try {
            return counters.timed(
                    () -> ofItsUser(hook.connect(request), Callers.user(request.exchange())));
        } catch (CometException e) {
            throw refusal(e);
        } catch (Throwable e) {
            faults.hook("connect hook", "The connect hook failed", e);
            throw HttpErrorException.handlerFailed();
        }
    }

    private void welcome(CometClient client, ConnectRequest request) {
        try {
            counters.timed(
                    () -> {
                        connectedHook.connected(client, request);
                        return client;
                    });
        } catch (CometException e) {
            if (!endNewcomer(client, request) && isOfSomebodyGone(e)) {
                throw lost();
            }
            throw refusal(e);
        } catch (Throwable e) {
            endNewcomer(client, request);
            faults.hook(
                    "connected hook", "The connected hook failed for " + client.publicToken(), e);
            throw HttpErrorException.handlerFailed();
        }
    }

    /**
     * A client that was there before has other pages that know of it.
     *
     * @return false if the newcomer has ended before
     */
    private boolean endNewcomer(CometClient client, ConnectRequest request) {
        return client.equals(request.client()) || comet.disconnect(client);
    }

    private long confirmedMessageId(CometClient client) {
        try {
            return comet.confirmedMessageId(client);
        } catch (CometException e) {
            throw isOfSomebodyGone(e) ? lost() : e;
        }
    }

    private static boolean isOfSomebodyGone(CometException e) {
        return e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST;
    }

    /** A store that was restarted without its data has forgotten who has just come. */
    private static HttpErrorException lost() {
        return HttpErrorException.of(
                new CometException(
                        CometException.Reason.PROVIDER_UNAVAILABLE,
                        "the server has lost the newcomer; connect again"));
    }

    /** The newcomer is there: a hook has written to somebody else. */
    private static HttpErrorException refusal(CometException e) {
        return isOfSomebodyGone(e) ? HttpErrorException.nobodyThere() : HttpErrorException.of(e);
    }
}
