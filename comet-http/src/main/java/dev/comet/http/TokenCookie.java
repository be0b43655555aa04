package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import org.jspecify.annotations.Nullable;

/**
 * The cookie in which a private token may travel: out of reach for script, sent to this server's
 * own pages only, forgotten when the browser ends.
 *
 * <p>A cookie does not say who has set it: another host of the same domain, or a plain page of this
 * one, could put its own beside ours or in its place. Over TLS the name therefore has a prefix that
 * browsers grant to secure pages only ({@code __Host-} where the path allows it: then to no other
 * host either), and cookies that contradict each other are refused. Source: RFC 6265bis, 4.1.3.
 */
final class TokenCookie {

    private static final String NAME = "comet-token";

    private final @Nullable String path;
    private final String secureName;

    /**
     * @param path for which the browser sends it; null for that of the request that sets it
     */
    TokenCookie(@Nullable String path) {
        this.path = path;
        this.secureName = ("/".equals(path) ? "__Host-" : "__Secure-") + NAME;
    }

    /**
     * The token in the cookie, or null if there is none.
     *
     * @throws HttpErrorException if there are several that differ
     */
    @Nullable String read(CometExchange exchange) {
        String secure = null;
        String plain = null;
        for (String line : exchange.headers("Cookie")) { // HTTP/2 has one for each cookie
            if (line.contains(NAME)) {
                for (String pair : line.split(";", -1)) {
                    String cookie = pair.strip();
                    secure = either(secure, value(cookie, secureName));
                    plain = either(plain, value(cookie, NAME));
                }
            }
        }
        return secure != null || isSecure(exchange) ? secure : plain;
    }

    private static @Nullable String value(String cookie, String name) {
        return cookie.startsWith(name) && cookie.startsWith("=", name.length())
                ? cookie.substring(name.length() + 1)
                : null;
    }

    private static @Nullable String either(@Nullable String before, @Nullable String now) {
        if (before == null || now == null || before.equals(now)) {
            return now == null ? before : now;
        }
        throw HttpErrorException.refused(
                "there are two cookies "
                        + NAME
                        + " that differ; delete the one that this server has not set");
    }

    /** Every character that a token may have may stand in a cookie. */
    Header set(String token, CometExchange exchange) {
        return header(token, "", exchange);
    }

    /** Makes the browser forget it. */
    Header forget(CometExchange exchange) {
        return header("", "; Max-Age=0", exchange);
    }

    /** For which path the browser sends it. */
    String pathFor(CometExchange exchange) {
        String at = path == null ? exchange.basePath() : path;
        return at.isEmpty() ? "/" : at;
    }

    private Header header(String value, String more, CometExchange exchange) {
        boolean secure = isSecure(exchange);
        return new Header(
                "Set-Cookie",
                (secure ? secureName : NAME)
                        + "="
                        + value
                        + more
                        + "; Path="
                        + pathFor(exchange)
                        + "; HttpOnly; SameSite=Strict"
                        + (secure ? "; Secure" : ""));
    }

    /** Behind a proxy that ends TLS only the page's own origin tells that the browser uses it. */
    private static boolean isSecure(CometExchange exchange) {
        String origin = exchange.header("Origin");
        return exchange.scheme().equals("https")
                || (origin != null && origin.startsWith("https://"));
    }
}
