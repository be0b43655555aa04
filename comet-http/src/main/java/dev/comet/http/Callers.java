package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.CometResponse.Header;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is calling: finds the private token of a request, wherever it may travel. A token that a
 * client has is always good; those that nobody has are counted for each address, so that a peer
 * that tries one after the other is told to wait. It is the length of a token that makes guessing
 * futile, not this limit.
 */
final class Callers {

    private static final Logger LOG = LoggerFactory.getLogger(Callers.class);
    private static final String TOKEN = "Comet-Token";
    private static final String BEARER = "Bearer ";

    /** The public token of the client that a page takes itself for, percent-encoded. */
    private static final String CLAIM = "Comet-Client";

    private final CometStateManager comet;
    private final Origins origins;
    private final FaultLog faults;
    private final @Nullable TokenCookie cookie;
    private final boolean urlTokens;
    private final @Nullable Function<CometExchange, @Nullable String> clientAddress;
    private final AtomicBoolean warnedOfProxy = new AtomicBoolean();
    private final RateLimit unknownTokens;
    private final RateLimit requests; // polls, streams and acks of each client

    Callers(
            CometStateManager comet,
            CometApplication application,
            Origins origins,
            FaultLog faults) {
        this.comet = comet;
        this.origins = origins;
        this.faults = faults;
        this.cookie = application.cookieTokens ? new TokenCookie(application.cookiePath) : null;
        this.urlTokens = application.urlTokens;
        this.clientAddress = application.clientAddress;
        this.unknownTokens =
                new RateLimit(
                        application.unknownTokensPerAddress,
                        application.trackedAddresses,
                        application.clock);
        this.requests =
                new RateLimit(
                        application.requestsPerClient,
                        application.trackedAddresses,
                        application.clock);
    }

    /** The token in {@code Authorization: Bearer …}, or null: other schemes are not for us. */
    private static @Nullable String bearer(CometExchange exchange) {
        String header = exchange.header("Authorization");
        return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? notBlank(header.substring(BEARER.length()))
                : null;
    }

    private static @Nullable String notBlank(@Nullable String value) {
        return value == null || value.isBlank() ? null : value.strip();
    }

    /** Whether script, or no browser, has put a token into a header: forms and links cannot. */
    static boolean hasTokenHeader(CometExchange exchange) {
        return exchange.header(TOKEN) != null || bearer(exchange) != null;
    }

    /**
     * The client that a request comes from.
     *
     * @param inBody the private token that the body contains, or null
     * @param claim the public token of the client that the page takes itself for, or null if its
     *     parameters do not say: one that relies on the cookie does not see whose it is, and
     *     another page can replace it
     * @throws HttpErrorException if there is no token, if a foreign page may have caused the
     *     browser to add it, if no client has it, or if it is another client's than the page takes
     *     itself for, or by the cookie another user's
     */
    CometClient client(Call call, @Nullable String inBody, @Nullable String claim) {
        CometExchange exchange = call.exchange();
        String header = exchange.header(CLAIM);
        Shown shown = privateToken(exchange, inBody);
        if (shown == null) {
            if (cookie != null && (header != null || claim != null)) {
                String path = cookie.pathFor(exchange);
                faults.peer(
                        "cookie",
                        "A page that has connected asks without its cookie. If others do, too: the"
                                + " cookie is for the path "
                                + path
                                + "; where a proxy has stripped a prefix of it, set cookiePath");
                throw HttpErrorException.cookieMissing(path);
            }
            throw HttpErrorException.tokenMissing();
        }
        String claimed = header == null ? null : decoded(header);
        CometClient client =
                comet.findClientByPrivateToken(shown.token).orElseThrow(() -> unknown(exchange));
        if (shown.byCookie && !isOfItsUser(client, exchange)) {
            faults.peer(
                    "cookie of another user",
                    "A cookie is of a client of another user than the one that is calling. After a"
                            + " log-in or log-out that is as it should be; if it goes on: the"
                            + " container must name the same principal for all paths of Comet");
            throw HttpErrorException.anotherUser();
        }
        if (isAnother(client, claimed) || isAnother(client, claim)) {
            throw HttpErrorException.clientReplaced(); // nobody has guessed: it is not counted
        }
        call.calledBy(client);
        return client;
    }

    private static boolean isAnother(CometClient client, @Nullable String claim) {
        return claim != null && !claim.equals(client.publicToken());
    }

    /**
     * As {@link #client}, of one that polls, opens a stream or confirms; not too often.
     *
     * @throws HttpErrorException as {@link #client}, or if it is too often
     */
    CometClient subscriber(Call call, @Nullable String inBody, Parameters parameters) {
        CometClient client = client(call, inBody, parameters.publicToken());
        requests.require(
                client.publicToken(), 1, "requestsPerClient", "too many requests from this client");
        comet.endpoint().seenAt(client, clientAddress(call.exchange()));
        return client;
    }

    /** A token, and whether only the browser's cookie has it, which does not say who has set it. */
    private record Shown(String token, boolean byCookie) {}

    private @Nullable Shown privateToken(CometExchange exchange, @Nullable String inBody) {
        String inHeader = notBlank(exchange.header(TOKEN));
        Shown shown = inHeader == null ? anyToken(exchange, inBody) : shown(inHeader);
        return shown == null || shown.token.isEmpty() ? null : shown;
    }

    /** An Authorization may be the site's own: if a client has it, it counts, otherwise last. */
    private @Nullable Shown anyToken(CometExchange exchange, @Nullable String inBody) {
        String bearer = bearer(exchange);
        if (inBody == null && cookie == null && !urlTokens) {
            return shown(bearer);
        }
        if (bearer != null && comet.findClientByPrivateToken(bearer).isPresent()) {
            return shown(bearer);
        }
        if (inBody != null) {
            return shown(inBody);
        }
        String inCookie = inCookie(exchange);
        if (inCookie != null) {
            return new Shown(inCookie, true);
        }
        String inUrl = urlTokens ? Parameters.ofEncoded(exchange.query()).privateToken() : null;
        return shown(inUrl == null ? bearer : inUrl);
    }

    private static @Nullable Shown shown(@Nullable String token) {
        return token == null ? null : new Shown(token, false);
    }

    private @Nullable String inCookie(CometExchange exchange) {
        String token = cookie == null ? null : cookie.read(exchange);
        if (token == null) {
            return null;
        }
        if (!origins.isProven(exchange)) {
            throw HttpErrorException.refused(
                    "the cookie alone does not show that this server's own page is asking; send"
                            + " the header Comet-Request: 1");
        }
        return token;
    }

    /**
     * Whether the container says that the client's user is calling, or of a client of nobody that
     * nobody is. A cookie does not say who has set it: without this, whoever can set one could have
     * others use a client of his.
     */
    private static boolean isOfItsUser(CometClient client, CometExchange exchange) {
        return Objects.equals(client.user(), user(exchange));
    }

    /** Who the container says is calling, or null if nobody is logged in. */
    static @Nullable String user(CometExchange exchange) {
        Principal principal = exchange.principal();
        if (principal == null) {
            return null;
        }
        String name = principal.getName();
        return name == null ? "" : name; // somebody, and not nobody
    }

    private static String decoded(String claim) {
        try {
            // A plus stands for itself: this is no form.
            return URLDecoder.decode(claim.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw HttpErrorException.parametersInvalid(
                    CLAIM + " has a malformed % escape; use %XX");
        }
    }

    /**
     * Answers HEAD: what GET would say of the request, and nothing that GET would do. It is never
     * held, confirms nothing, and takes over from nobody.
     */
    void respondHead(Call call, CometResponse head) {
        Parameters.ofEncoded(call.exchange().query()); // they may be malformed
        client(call, null, null);
        call.respond(head);
    }

    /**
     * Judges the token before the body is read, which may take long: the one in the header, the
     * cookie or the URL. Without one there it must be in the body, which is then a short one:
     * nobody reads a long one from a stranger.
     *
     * @return how much of the body to read
     * @throws HttpErrorException as {@link #client}
     */
    BodyLimits judge(Call call, BodyLimits limits) {
        if (!hasTokenOutsideBody(call.exchange())) {
            int most = Math.min(limits.bytes(), BodyLimits.SHORT_BYTES);
            if (call.announcedBytes() > most) {
                throw HttpErrorException.tooLarge(
                        "body is longer than "
                                + most
                                + " bytes, and no token comes before it; send Comet-Token: <token>");
            }
            return limits.withBytes(most);
        }
        client(call, null, null);
        return limits;
    }

    private boolean hasTokenOutsideBody(CometExchange exchange) {
        if (exchange.header(TOKEN) != null) {
            return true;
        }
        String bearer = bearer(exchange);
        if (bearer != null
                && (cookie == null || comet.findClientByPrivateToken(bearer).isPresent())) {
            return true; // with cookies, one that nobody has may be the site's
        }
        if (cookie != null && origins.isProven(exchange) && cookie.read(exchange) != null) {
            return true;
        }
        return urlTokens && Parameters.ofEncoded(exchange.query()).privateToken() != null;
    }

    /**
     * The client that the browser has already, by its cookie, or null. A cookie that a foreign page
     * may have caused the browser to send brings nobody back, nor does one for a client of another
     * user.
     *
     * @throws HttpErrorException if there are several cookies that differ
     */
    @Nullable CometClient returning(CometExchange exchange) {
        String token = cookie == null ? null : cookie.read(exchange);
        return token == null || !origins.isProven(exchange)
                ? null
                : comet.findClientByPrivateToken(token)
                        .filter(client -> isOfItsUser(client, exchange))
                        .orElse(null);
    }

    /** What hands the token over beside the body; nothing if it is in the body. */
    List<Header> cookieFor(String token, CometExchange exchange) {
        return cookie == null ? List.of() : List.of(cookie.set(token, exchange));
    }

    /** What makes the browser forget a token that is no use any more, if it has that one. */
    List<Header> forget(String token, CometExchange exchange) {
        return cookie == null || !token.equals(cookie.read(exchange))
                ? List.of()
                : List.of(cookie.forget(exchange));
    }

    /** Counts a token that nobody has, and is the answer. */
    HttpErrorException unknown(CometExchange exchange) {
        int rest = unknownTokens.take(network(exchange), 1);
        return rest > 0
                ? HttpErrorException.tooMany(
                        "unknownTokensPerAddress",
                        "too many unknown private tokens from this address",
                        rest)
                : HttpErrorException.unknownClient();
    }

    /** What the caller is answered when the manager refuses what its token asked for. */
    HttpErrorException refusal(CometExchange exchange, CometException e) {
        return e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST
                ? unknown(exchange)
                : HttpErrorException.of(e);
    }

    /** The network address of the client. */
    String clientAddress(CometExchange exchange) {
        if (clientAddress == null) {
            warnOfProxy(exchange);
            return exchange.remoteAddress();
        }
        String address = clientAddress.apply(exchange);
        return address == null ? exchange.remoteAddress() : address;
    }

    /** Whose sends count together, or null if nobody knows: the address is a proxy's. */
    @Nullable String sender(CometExchange exchange) {
        String user = user(exchange);
        if (user != null) {
            return "user " + user;
        }
        return clientAddress == null
                        && hasPassedAProxy(exchange)
                        && TrustedProxies.isPrivate(exchange.remoteAddress())
                ? null
                : network(exchange);
    }

    private static boolean hasPassedAProxy(CometExchange exchange) {
        return exchange.header("X-Forwarded-For") != null || exchange.header("Forwarded") != null;
    }

    private void warnOfProxy(CometExchange exchange) {
        if (!warnedOfProxy.get()
                && hasPassedAProxy(exchange)
                && warnedOfProxy.compareAndSet(false, true)) {
            LOG.warn(
                    "Requests from {} have passed a proxy, but clientAddress is not set: all clients"
                            + " behind it share the limits of one address. Set clientAddress to"
                            + " TrustedProxies.xForwardedFor(\"{}\") if that is your proxy",
                    exchange.remoteAddress(),
                    exchange.remoteAddress());
        }
    }

    /** Whom the limits per address count. */
    String network(CometExchange exchange) {
        return Network.of(clientAddress(exchange));
    }
}
