package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may call: those of this server's own origin, and those of listed origins, which get
 * the CORS headers they need; and under which hosts. Safe for use by any number of threads.
 *
 * <p>Browsers say where a request comes from in {@code Sec-Fetch-Site} and, with everything but a
 * same-origin GET, in {@code Origin}. A request without either is not a browser's (or a very old
 * one's) and is let through; it is then the token that counts.
 */
final class Origins {

    private static final List<Header> VARY = List.of(new Header("Vary", "Origin"));

    /** What our clients, EventSource, and what is usual around fetch send. */
    private static final List<String> USUAL_HEADERS =
            List.of(
                    "Authorization",
                    "Cache-Control",
                    "Comet-Client",
                    "Comet-Request",
                    "Comet-Token",
                    "Content-Type",
                    "Last-Event-ID",
                    "X-Requested-With",
                    "traceparent",
                    "tracestate");

    private static final int MAX_SHOWN = 200;

    private final Set<String> allowed;
    private final Set<String> hosts;
    private final CometResponse preflight;
    private final FaultLog faults;

    Origins(CometApplication application, FaultLog faults) {
        this.faults = faults;
        this.allowed = Set.copyOf(application.allowedOrigins);
        this.hosts = Set.copyOf(application.allowedHosts);
        this.preflight = preflight(application.allowedHeaders);
    }

    /**
     * Refuses what comes from a foreign page, or asks for a host that this server is not.
     *
     * @param tokenHeader whether it has a token in a header. Browsers never add one by themselves;
     *     a foreign page's script that does is given away by Origin. Spares each poll a look-up
     */
    void check(CometExchange exchange, boolean tokenHeader) {
        if (!hosts.isEmpty()) {
            checkHost(exchange);
        }
        String origin = exchange.header("Origin");
        if (origin != null) {
            if (!allowed.contains(origin) && !isOwn(origin, exchange)) {
                throw refused("origin", foreign(origin, exchange));
            }
            return;
        }
        String site = tokenHeader ? null : exchange.header("Sec-Fetch-Site");
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            throw refused(
                    "site",
                    "the request comes from a page of a foreign origin (Sec-Fetch-Site is "
                            + shown(site)
                            + ") and does not name it");
        }
    }

    /** A name that somebody else points to this machine makes his page one of the own origin. */
    private void checkHost(CometExchange exchange) {
        String host = exchange.host() == null ? exchange.acceptedHost() : exchange.host();
        if (host == null || !hosts.contains(withoutPort(host))) {
            throw refused(
                    "host",
                    "the host "
                            + shown(host)
                            + " is not among allowedHosts; list it if this server is to be reached"
                            + " under that name");
        }
    }

    private static String withoutPort(String host) {
        int colon = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
        String name = colon > 0 ? host.substring(0, colon) : host;
        return (name.endsWith(".") ? name.substring(0, name.length() - 1) : name)
                .toLowerCase(Locale.ROOT);
    }

    private static String foreign(String origin, CometExchange exchange) {
        String site = exchange.header("Sec-Fetch-Site");
        String host = shown(exchange.host());
        String accepted = shown(exchange.acceptedHost());
        return "the origin "
                + shown(origin)
                + " is not that of this server ("
                + (host.equals(accepted) ? host : host + " and " + accepted)
                + (site == null ? "" : "; Sec-Fetch-Site is " + shown(site))
                + "); list it with allowedOrigins if its pages may call"
                + (site == null ? ", or have a proxy in front pass Host on as it is" : "");
    }

    private HttpErrorException refused(String what, String text) {
        faults.peer("foreign " + what, "Refused: " + text);
        return HttpErrorException.refused(text);
    }

    private static String shown(@Nullable String value) {
        String text = String.valueOf(value).replaceAll("\\p{Cntrl}", "?");
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    /**
     * Whether the request shows that it was not made by a foreign page behind the user's back. For
     * what the browser authenticates by itself; only for what has been {@linkplain #check checked}.
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
        return List.of(
                VARY.get(0),
                new Header("Access-Control-Allow-Origin", origin),
                new Header("Access-Control-Expose-Headers", "Retry-After"));
    }

    /** Whether a browser asks if a page of a listed origin may call. */
    boolean isPreflight(CometExchange exchange) {
        return exchange.method().equals("OPTIONS")
                && exchange.header("Access-Control-Request-Method") != null
                && allowed.contains(String.valueOf(exchange.header("Origin")));
    }

    /** The answer to a browser that asks whether a page of a listed origin may call. */
    CometResponse preflight() {
        return preflight;
    }

    /** Two hours is what Chromium caps the memory of it to. */
    private static CometResponse preflight(Set<String> more) {
        Set<String> headers = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        headers.addAll(USUAL_HEADERS);
        headers.addAll(more);
        return CometResponse.empty(204)
                .with(
                        List.of(
                                new Header("Access-Control-Allow-Methods", "GET, POST"),
                                new Header(
                                        "Access-Control-Allow-Headers", String.join(", ", headers)),
                                new Header("Access-Control-Max-Age", "7200")));
    }

    /**
     * The browser's own word comes first. An older one's Origin is compared with the host that it
     * asked for, and with what the container takes for that.
     */
    private static boolean isOwn(String origin, CometExchange exchange) {
        String site = exchange.header("Sec-Fetch-Site");
        if (site != null) {
            return site.equals("same-origin");
        }
        String scheme = exchange.scheme();
        return isOf(exchange.host(), scheme, origin)
                || isOf(exchange.acceptedHost(), scheme, origin);
    }

    /**
     * The scheme counts only where it tells something: behind a proxy that ends TLS, this server
     * sees http while the page says https.
     */
    private static boolean isOf(@Nullable String host, String scheme, String origin) {
        if (host == null) {
            return false;
        }
        if (origin.startsWith("https://")) {
            return origin.substring(8).equals(withoutPort(host, ":443"));
        }
        return origin.startsWith("http://")
                && origin.substring(7).equals(withoutPort(host, ":80"))
                && !scheme.equals("https");
    }

    private static String withoutPort(String host, String defaultPort) {
        String lower = host.toLowerCase(Locale.ROOT);
        return lower.endsWith(defaultPort)
                ? lower.substring(0, lower.length() - defaultPort.length())
                : lower;
    }
}
