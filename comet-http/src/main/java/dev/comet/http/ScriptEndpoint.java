package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * {@code comet.js}: the browser client that fits this server. Caches keep it but ask each time
 * whether it is still the one, because a page that runs yesterday's client with today's server is
 * worse than one small round trip.
 */
final class ScriptEndpoint {

    private final byte[] script;
    private final String tag;
    private final List<Header> headers;

    ScriptEndpoint() {
        this.script = read();
        this.tag = tag(script);
        this.headers =
                List.of(
                        new Header("Content-Type", "text/javascript;charset=utf-8"),
                        new Header("Cache-Control", "no-cache"),
                        new Header("ETag", tag),
                        new Header("X-Content-Type-Options", "nosniff"));
    }

    void serve(Call call) {
        CometExchange exchange = call.exchange();
        boolean head = exchange.method().equals("HEAD");
        if (!head && !exchange.method().equals("GET")) {
            throw Refusal.methodNotAllowed("GET, HEAD");
        }
        String known = exchange.header("If-None-Match");
        if (known != null && (known.contains(tag) || known.strip().equals("*"))) {
            call.respond(new CometResponse(304, headers.subList(1, 3), CometResponse.NO_BODY));
        } else if (head) {
            call.respond(
                    new CometResponse(200, headers, CometResponse.NO_BODY)
                            .with("Content-Length", Integer.toString(script.length)));
        } else {
            call.respond(new CometResponse(200, headers, script));
        }
    }

    private static byte[] read() {
        try (InputStream in = ScriptEndpoint.class.getResourceAsStream("comet.js")) {
            if (in == null) {
                throw new IllegalStateException(
                        "dev/comet/http/comet.js is not beside the classes; use the whole jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("dev/comet/http/comet.js cannot be read", e);
        }
    }

    private static String tag(byte[] script) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(script);
            return '"' + HexFormat.of().formatHex(hash, 0, 16) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
