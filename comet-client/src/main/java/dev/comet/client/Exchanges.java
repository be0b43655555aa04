package dev.comet.client;

import dev.comet.client.http.CometHttp;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** Requests of one client to its server. Belongs to its strand. */
final class Exchanges {

    private static final int MAX_ANSWER_BYTES = 1 << 25;

    private final CometHttp http;
    private final Platform platform;
    private final Strand strand;
    private final String base;
    private final Map<String, String> headers;
    private final Runnable doubt;

    /**
     * @param doubt is told, on the strand, when an answer says that the session may be lost
     */
    Exchanges(
            CometHttp http,
            Platform platform,
            Strand strand,
            URI base,
            Map<String, String> headers,
            @Nullable String privateToken,
            Runnable doubt) {
        this.http = http;
        this.platform = platform;
        this.strand = strand;
        this.doubt = doubt;
        String text = base.toString();
        this.base = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        this.headers = new LinkedHashMap<>(headers);
        if (privateToken != null) {
            this.headers.put(
                    "Comet-Token", privateToken); // Authorization is left to the application
        }
    }

    /** Is told how a request ended. */
    interface ResponseHandler {
        /** A 2xx: its body, {@link MissingNode} if that is empty. */
        void answered(JsonNode body);

        void failed(CometClientException error);

        /** Completes the future; what hangs on it must not block. */
        static ResponseHandler of(CompletableFuture<JsonNode> future) {
            return new ResponseHandler() {
                @Override
                public void answered(JsonNode body) {
                    future.complete(body);
                }

                @Override
                public void failed(CometClientException error) {
                    future.completeExceptionally(error);
                }
            };
        }
    }

    /** One request for messages and its whole answer. */
    Attempt get(String path, long millis, ResponseHandler outcome) {
        CometHttp.Request request = request("GET", path, null);
        return new Whole(millis, outcome, Messages::all).start(request);
    }

    /** One request and its whole answer; a failure, too, if it cannot even be begun. */
    void post(String path, JsonNode body, long millis, ResponseHandler outcome) {
        byte[] bytes;
        try {
            bytes = Json.MAPPER.writeValueAsBytes(body);
        } catch (Throwable e) { // an object within, looked at when it is written
            strand.execute(() -> outcome.failed(Json.unwritable(e)));
            return;
        }
        try {
            new Whole(millis, doubting(path, outcome), Json::read)
                    .start(request("POST", path, bytes));
        } catch (Throwable e) {
            strand.execute(() -> outcome.failed(cut(e)));
        }
    }

    /**
     * Of what a handler may refuse, only two codes are about the session; an ack is about nothing
     * else.
     */
    private ResponseHandler doubting(String path, ResponseHandler outcome) {
        return new ResponseHandler() {
            @Override
            public void answered(JsonNode body) {
                outcome.answered(body);
            }

            @Override
            public void failed(CometClientException error) {
                outcome.failed(error);
                if (error.isPermanent() && (path.equals("/ack") || error.isOfSession())) {
                    doubt.run();
                }
            }
        };
    }

    /** A request whose answer is taken as it comes. */
    CometHttp.Exchange open(String path, Incoming incoming) {
        return http.start(request("GET", path, null), new OnStrand(incoming));
    }

    private CometHttp.Request request(String method, String path, byte @Nullable [] body) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        if (body != null) {
            all.put("Content-Type", "application/json");
        }
        return new CometHttp.Request(method, URI.create(base + path), all, body);
    }

    /** What comes of a request, on the strand. */
    interface Incoming {
        void head(Head head);

        void piece(byte[] bytes);

        void end();

        void failed(Throwable cause);
    }

    /**
     * How an answer begins.
     *
     * @param retryAfterSeconds 0 if there is none
     */
    record Head(int status, String type, double retryAfterSeconds) {

        static Head of(int status, UnaryOperator<@Nullable String> header) {
            String type = header.apply("Content-Type");
            return new Head(
                    status,
                    type == null ? "no type" : type.toLowerCase(Locale.ROOT),
                    seconds(header.apply("Retry-After")));
        }

        private static double seconds(@Nullable String text) {
            try {
                return text == null ? 0 : Math.max(0, Double.parseDouble(text));
            } catch (NumberFormatException e) {
                return 0; // a date; not from Comet
            }
        }

        boolean isSuccess() {
            return status >= 200 && status < 300;
        }

        boolean is(String mediaType) {
            return type.equals(mediaType)
                    || type.startsWith(mediaType + ";")
                    || type.startsWith(mediaType + " ");
        }

        /** What a whole answer says, or an exception that says what it says is wrong. */
        JsonNode interpret(String text, Function<String, JsonNode> reader) {
            if (isSuccess() && text.isEmpty()) {
                return MissingNode.getInstance();
            }
            JsonNode body = MissingNode.getInstance();
            CometClientException unreadable = null;
            if (is("application/json")) {
                try {
                    body = reader.apply(text);
                } catch (CometClientException e) {
                    unreadable = e;
                }
            }
            if (isSuccess()) {
                if (body.isMissingNode()) {
                    throw failure(
                            CometClientException.ANSWER_INVALID,
                            "the body is not JSON (" + type + ")",
                            unreadable);
                }
                return body;
            }
            for (JsonNode message : body) {
                String name = message.path("name").asString("");
                if (name.equals("comet.superseded")) {
                    throw CometClientException.superseded(message.path("contents"), status);
                }
                if (name.equals("comet.error")) {
                    throw ReceivedBatch.refusal(
                            message.path("contents"), status, retryAfterSeconds);
                }
            }
            // A status without Comet's own words comes from something on the way (a 404 while a
            // proxy restarts is no lost session).
            throw failure(
                    CometClientException.UNEXPECTED_STATUS,
                    "HTTP " + status + " (" + type + ")",
                    unreadable);
        }

        CometClientException failure(String code, String reason, @Nullable Throwable cause) {
            return new CometClientException(code, reason, status, retryAfterSeconds, -1, cause);
        }
    }

    static CometClientException cut(Throwable cause) {
        return new CometClientException(
                CometClientException.NETWORK, "no answer, or a cut one: " + cause, cause);
    }

    /** From whatever thread to the strand. */
    private final class OnStrand implements CometHttp.Receiver {

        private final Incoming incoming;

        OnStrand(Incoming incoming) {
            this.incoming = incoming;
        }

        @Override
        public void head(int status, UnaryOperator<@Nullable String> header) {
            Head head = Head.of(status, header);
            strand.execute(() -> incoming.head(head));
        }

        @Override
        public void piece(byte[] bytes) {
            strand.execute(() -> incoming.piece(bytes));
        }

        @Override
        public void end() {
            strand.execute(incoming::end);
        }

        @Override
        public void failed(Throwable cause) {
            strand.execute(() -> incoming.failed(cause));
        }
    }

    /** A request whose answer counts when it is complete. */
    private final class Whole extends Attempt implements Incoming {

        private final ResponseHandler outcome;
        private final Function<String, JsonNode> reader;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(512);
        private CometHttp.@Nullable Exchange exchange;
        private @Nullable Head head;

        Whole(long millis, ResponseHandler outcome, Function<String, JsonNode> reader) {
            super(platform, strand, millis);
            this.outcome = outcome;
            this.reader = reader;
        }

        Whole start(CometHttp.Request request) {
            try {
                exchange = http.start(request, new OnStrand(this));
            } catch (Throwable e) { // it could not even be tried
                strand.execute(() -> failed(e));
            }
            return this;
        }

        @Override
        public void head(Head begun) {
            head = begun;
            more();
        }

        @Override
        public void piece(byte[] bytes) {
            body.writeBytes(bytes);
            if (body.size() > MAX_ANSWER_BYTES) {
                breakOff(
                        CometClientException.ANSWER_INVALID,
                        "the answer is longer than " + MAX_ANSWER_BYTES + " bytes");
            } else {
                more();
            }
        }

        private void more() {
            if (!isOver() && exchange != null) {
                exchange.more();
            }
        }

        @Override
        public void end() {
            Head begun = head;
            if (isOver() || begun == null) {
                return;
            }
            JsonNode answer;
            try {
                answer = begun.interpret(body.toString(StandardCharsets.UTF_8), reader);
            } catch (CometClientException e) {
                fail(e);
                return;
            }
            if (settle()) {
                outcome.answered(answer);
            }
        }

        @Override
        public void failed(Throwable cause) {
            fail(cut(cause));
        }

        @Override
        void abort() {
            if (exchange != null) {
                exchange.abort();
            }
        }

        @Override
        void ended(CometClientException error) {
            outcome.failed(error);
        }
    }
}
