package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Principal;
import java.util.Arrays;
import java.util.Base64;
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

    /** Stands in cookies (RFC 6265), not in tokens. */
    private static final char BEFORE_OWNER = ':';

    private static final int OWNER_BYTES = 12;

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
     * What the browser keeps.
     *
     * @param owner a digest of the token and of who was logged in when it was set; empty if nobody
     *     was
     */
    record Value(String token, String owner) {

        /** Whether the container says that the same person is calling, or again nobody. */
        boolean isOf(@Nullable Principal principal) {
            return owner.equals(TokenCookie.owner(token, principal));
        }
    }

    /**
     * What the cookie says, or null if there is none.
     *
     * @throws Refusal if there are several that differ
     */
    @Nullable Value read(CometExchange exchange) {
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
        String value = secure != null || isSecure(exchange) ? secure : plain;
        if (value == null) {
            return null;
        }
        int end = value.indexOf(BEFORE_OWNER);
        return end < 0
                ? new Value(value, "")
                : new Value(value.substring(0, end), value.substring(end + 1));
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
        throw Refusal.refused(
                "there are two cookies "
                        + NAME
                        + " that differ; delete the one that this server has not set");
    }

    /** Every character that a token may have may stand in a cookie. */
    Header set(String token, CometExchange exchange) {
        String owner = owner(token, exchange.principal());
        String value = owner.isEmpty() ? token : token + BEFORE_OWNER + owner;
        return header(value, "", exchange);
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

    private static String owner(String token, @Nullable Principal principal) {
        if (principal == null) {
            return "";
        }
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(
                                    (token + '\n' + principal.getName())
                                            .getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(Arrays.copyOf(digest, OWNER_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
