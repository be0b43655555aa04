package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Who is calling: finds the private token of a request, wherever it may travel, and makes guessing
 * tokens futile.
 */
final class Callers {

    private static final String BEARER = "Bearer ";

    private final Origins origins;
    private final boolean cookieTokens;
    private final boolean urlTokens;
    private final Function<CometExchange, @Nullable String> clientAddress;
    private final RateLimit unknownTokens;

    Callers(CometApplication application, Origins origins) {
        this.origins = origins;
        this.cookieTokens = application.cookieTokens;
        this.urlTokens = application.urlTokens;
        this.clientAddress = application.clientAddress;
        this.unknownTokens =
                new RateLimit(
                        application.unknownTokensPerAddress,
                        application.trackedAddresses,
                        application.clock);
    }

    /** The token in {@code Authorization: Bearer …}, or null. */
    private static @Nullable String bearer(CometExchange exchange) {
        String header = exchange.header("Authorization");
        return header != null && isBearer(header)
                ? header.substring(BEARER.length()).strip()
                : null;
    }

    static boolean hasBearer(CometExchange exchange) {
        String header = exchange.header("Authorization");
        return header != null && isBearer(header);
    }

    private static boolean isBearer(String header) {
        return header.regionMatches(true, 0, BEARER, 0, BEARER.length());
    }

    /**
     * The private token of the request. Whether a client has it is for the manager to say.
     *
     * @param inBody the token that the body contains, or null
     * @throws Refusal if there is none, if a foreign page may have caused the browser to add it, or
     *     if too many unknown ones came from there
     */
    String privateToken(Call call, @Nullable String inBody) {
        CometExchange exchange = call.exchange();
        int rest =
                unknownTokens.anyExhausted()
                        ? unknownTokens.secondsExhausted(network(exchange))
                        : 0;
        if (rest > 0) {
            throw tooMany(rest);
        }
        String token = bearer(exchange);
        if (token == null) {
            token = inBody;
        }
        if (token == null && cookieTokens) {
            token = TokenCookie.read(exchange.cookies());
            if (token != null && !origins.isProven(exchange)) {
                throw Refusal.refused(
                        "the cookie alone does not show that this server's own page is asking; send"
                                + " the header Comet-Request: 1");
            }
        }
        if (token == null && urlTokens) {
            token = Parameters.ofEncoded(exchange.query()).privateToken();
        }
        if (token == null || token.isEmpty()) {
            throw Refusal.tokenMissing();
        }
        return token;
    }

    /**
     * The client that a request with a JSON object, or an array, comes from.
     *
     * @throws Refusal as {@link #privateToken}, or if there is no such client
     */
    CometClient client(Call call, CometStateManager comet, JsonNode body) {
        String token = privateToken(call, body.isObject() ? Parameters.privateToken(body) : null);
        return comet.getCometClient(token).orElseThrow(() -> unknown(call.exchange()));
    }

    /**
     * Answers HEAD: what GET would say of the request, and nothing that GET would do. It is never
     * held, confirms nothing, and takes over from nobody.
     */
    void respondHead(Call call, CometStateManager comet, CometResponse head) {
        Parameters.ofEncoded(call.exchange().query()); // they may be malformed
        requireKnown(call, comet);
        call.respond(head);
    }

    private void requireKnown(Call call, CometStateManager comet) {
        String token = privateToken(call, null);
        if (comet.getCometClient(token).isEmpty()) {
            throw unknown(call.exchange());
        }
    }

    /**
     * Judges the token before the body is read, which may take long: the one in the header, the
     * cookie or the URL. Without one there it must be in the body, which is then a short one:
     * nobody reads a long one from a stranger.
     *
     * @return how much of the body to read
     * @throws Refusal as {@link #client}
     */
    BodyLimits judge(Call call, CometStateManager comet, BodyLimits limits) {
        if (!hasTokenOutsideBody(call.exchange())) {
            return limits.withBytes(Math.min(limits.bytes(), CometHttpHandler.SHORT_BODY_BYTES));
        }
        requireKnown(call, comet);
        return limits;
    }

    private boolean hasTokenOutsideBody(CometExchange exchange) {
        if (hasBearer(exchange)) {
            return true;
        }
        String cookie = cookieTokens ? TokenCookie.read(exchange.cookies()) : null;
        if (cookie != null && !cookie.isEmpty() && origins.isProven(exchange)) {
            return true;
        }
        return urlTokens && Parameters.ofEncoded(exchange.query()).privateToken() != null;
    }

    /** Counts a token that nobody has, and is the answer. */
    Refusal unknown(CometExchange exchange) {
        int rest = unknownTokens.take(network(exchange), 1);
        return rest > 0 ? tooMany(rest) : Refusal.unknownClient();
    }

    /** What the caller is answered when the manager refuses what its token asked for. */
    Refusal refusal(CometExchange exchange, CometException e) {
        return e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST
                ? unknown(exchange)
                : Refusal.of(e);
    }

    private static Refusal tooMany(int seconds) {
        return Refusal.tooMany("too many unknown private tokens from this address", seconds);
    }

    /** The network address of the client. */
    String clientAddress(CometExchange exchange) {
        String address = clientAddress.apply(exchange);
        return address == null ? exchange.remoteAddress() : address;
    }

    /** Whom the limits per address count. */
    String network(CometExchange exchange) {
        return Network.of(clientAddress(exchange));
    }
}
