package dev.comet.http;

import org.jspecify.annotations.Nullable;

/**
 * The cookie in which a private token may travel: out of reach for script, sent to this server's
 * own pages only, forgotten when the browser ends.
 */
final class TokenCookie {

    private static final String NAME = "comet-token";

    private TokenCookie() {}

    /**
     * The token among the cookies, or null. The first of several: browsers send that of the longest
     * path first.
     */
    static @Nullable String read(@Nullable String cookies) {
        if (cookies == null) {
            return null;
        }
        for (String pair : cookies.split(";", -1)) {
            String cookie = pair.strip();
            if (cookie.startsWith(NAME + "=")) {
                return cookie.substring(NAME.length() + 1);
            }
        }
        return null;
    }

    /** A {@code Set-Cookie} value. Every character that a token may have may stand in a cookie. */
    static String set(String token, CometExchange exchange) {
        return NAME + "=" + token + attributes(exchange);
    }

    /** A {@code Set-Cookie} value that makes the browser forget the token. */
    static String forget(CometExchange exchange) {
        return NAME + "=; Max-Age=0" + attributes(exchange);
    }

    private static String attributes(CometExchange exchange) {
        // Behind a proxy that ends TLS only the page's own origin tells that the browser uses it.
        String origin = exchange.header("Origin");
        boolean secure =
                exchange.scheme().equals("https")
                        || (origin != null && origin.startsWith("https://"));
        String path = exchange.basePath().isEmpty() ? "/" : exchange.basePath();
        return "; Path=" + path + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
    }
}
