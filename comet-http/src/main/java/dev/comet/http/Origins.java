package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which pages may call: those of this server's own origin, and those of listed origins, which get
 * the CORS headers they need. Immutable.
 *
 * <p>Browsers say where a request comes from in {@code Sec-Fetch-Site} and, with everything but a
 * same-origin GET, in {@code Origin}. A request without either is not a browser's (or a very old
 * one's) and is let through; it is then the token that counts.
 */
final class Origins {

    private static final List<Header> VARY = List.of(new Header("Vary", "Origin"));

    private final Set<String> allowed;
    private final boolean credentials;

    /**
     * @param credentials whether listed origins may use the cookie
     */
    Origins(Set<String> allowed, boolean credentials) {
        this.allowed = Set.copyOf(allowed);
        this.credentials = credentials;
    }

    /**
     * Whether the request comes from a page of this server, from a listed one, or from no page.
     *
     * @param bearer whether it has a bearer token. Browsers never add one by themselves; a foreign
     *     page's script that does is given away by Origin. Spares each poll a look-up
     */
    boolean admits(CometExchange exchange, boolean bearer) {
        String origin = exchange.header("Origin");
        if (origin != null) {
            return allowed.contains(origin) || isOwn(origin, exchange);
        }
        if (bearer) {
            return true;
        }
        String site = exchange.header("Sec-Fetch-Site");
        return site == null || site.equals("same-origin") || site.equals("none");
    }

    /**
     * Whether the request shows that it was not made by a foreign page behind the user's back. For
     * what the browser authenticates by itself; only for what is {@linkplain #admits admitted}.
     */
    boolean isProven(CometExchange exchange) {
        return exchange.header("Origin") != null
                || "same-origin".equals(exchange.header("Sec-Fetch-Site"))
                || "1".equals(exchange.header("Comet-Request"));
    }

    /** What each answer to this request says about origins; nothing if none is listed. */
    List<Header> headers(CometExchange exchange) {
        if (allowed.isEmpty()) {
            return List.of();
        }
        String origin = exchange.header("Origin");
        if (origin == null || !allowed.contains(origin)) {
            return VARY;
        }
        Header allowOrigin = new Header("Access-Control-Allow-Origin", origin);
        Header expose = new Header("Access-Control-Expose-Headers", "Retry-After");
        return credentials
                ? List.of(
                        VARY.get(0),
                        allowOrigin,
                        expose,
                        new Header("Access-Control-Allow-Credentials", "true"))
                : List.of(VARY.get(0), allowOrigin, expose);
    }

    /** Whether a browser asks if a page of a listed origin may call. */
    boolean isPreflight(CometExchange exchange) {
        return exchange.method().equals("OPTIONS")
                && exchange.header("Access-Control-Request-Method") != null
                && allowed.contains(String.valueOf(exchange.header("Origin")));
    }

    /**
     * The answer to a browser that asks whether a page of a listed origin may call. Two hours is
     * what Chromium caps the memory of it to.
     */
    static CometResponse preflight() {
        return CometResponse.empty(204)
                .with(
                        List.of(
                                new Header("Access-Control-Allow-Methods", "GET, POST"),
                                new Header(
                                        "Access-Control-Allow-Headers",
                                        "Authorization, Content-Type, Comet-Request"),
                                new Header("Access-Control-Max-Age", "7200")));
    }

    /**
     * The browser's own word comes first. An older one's Origin is compared with the host that it
     * asked for; the scheme only where it tells something: behind a proxy that ends TLS, this
     * server sees http while the page says https.
     */
    private static boolean isOwn(String origin, CometExchange exchange) {
        String site = exchange.header("Sec-Fetch-Site");
        if (site != null) {
            return site.equals("same-origin");
        }
        String host = exchange.host();
        if (host == null) {
            return false;
        }
        if (origin.startsWith("https://")) {
            return origin.substring(8).equals(withoutPort(host, ":443"));
        }
        return origin.startsWith("http://")
                && origin.substring(7).equals(withoutPort(host, ":80"))
                && !exchange.scheme().equals("https");
    }

    private static String withoutPort(String host, String defaultPort) {
        String lower = host.toLowerCase(Locale.ROOT);
        return lower.endsWith(defaultPort)
                ? lower.substring(0, lower.length() - defaultPort.length())
                : lower;
    }
}
