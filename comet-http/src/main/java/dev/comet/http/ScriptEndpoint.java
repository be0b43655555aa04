package dev.comet.http;

import dev.comet.http.CometResponse.Header;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code comet.js} and the modules it imports: the browser client that fits this server. Caches
 * keep them but ask each time whether they are still the ones, because a page that runs yesterday's
 * client with today's server, or half of it, is worse than one small round trip.
 */
final class ScriptEndpoint {

    /** Beside this class, at the same paths as below the place where the protocol is mounted. */
    static final List<String> FILES =
            List.of(
                    "/comet.js",
                    "/comet/connection.js",
                    "/comet/delivery.js",
                    "/comet/error.js",
                    "/comet/event-parser.js",
                    "/comet/exchange.js",
                    "/comet/message-iterator.js",
                    "/comet/messages.js",
                    "/comet/pending-requests.js",
                    "/comet/polling.js",
                    "/comet/received-batch.js",
                    "/comet/session.js",
                    "/comet/streaming.js",
                    "/comet/tabs.js");

    private final Map<String, Script> scripts =
            FILES.stream().collect(Collectors.toUnmodifiableMap(Function.identity(), Script::read));

    /** One file; the array is shared by all who get it. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares scripts
    private record Script(byte[] text, String tag, List<Header> headers) {

        static Script read(String file) {
            String resource = file.substring(1);
            try (InputStream in = ScriptEndpoint.class.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IllegalStateException(
                            "dev/comet/http/"
                                    + resource
                                    + " is not beside the classes; use the whole jar");
                }
                byte[] text = in.readAllBytes();
                String tag = tagOf(text);
                return new Script(
                        text,
                        tag,
                        List.of(
                                new Header("Content-Type", "text/javascript;charset=utf-8"),
                                new Header("Cache-Control", "no-cache"),
                                new Header("ETag", tag),
                                new Header("X-Content-Type-Options", "nosniff")));
            } catch (IOException e) {
                throw new UncheckedIOException("dev/comet/http/" + resource + " cannot be read", e);
            }
        }
    }

    void serve(Call call) {
        CometExchange exchange = call.exchange();
        @Nullable Script script = scripts.get(exchange.path());
        if (script == null) {
            throw HttpErrorException.noSuchEndpoint();
        }
        boolean head = exchange.method().equals("HEAD");
        if (!head && !exchange.method().equals("GET")) {
            throw HttpErrorException.methodNotAllowed("GET, HEAD");
        }
        String known = exchange.header("If-None-Match");
        if (known != null && (known.contains(script.tag) || known.strip().equals("*"))) {
            call.respond(
                    new CometResponse(304, script.headers.subList(1, 3), CometResponse.NO_BODY));
        } else if (head) {
            call.respond(
                    new CometResponse(200, script.headers, CometResponse.NO_BODY)
                            .with("Content-Length", Integer.toString(script.text.length)));
        } else {
            call.respond(new CometResponse(200, script.headers, script.text));
        }
    }

    private static String tagOf(byte[] script) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(script);
            return '"' + HexFormat.of().formatHex(hash, 0, 16) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
