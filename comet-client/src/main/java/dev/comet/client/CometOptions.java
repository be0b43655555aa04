package dev.comet.client;

import dev.comet.client.http.CometHttp;
import dev.comet.client.http.JdkHttp;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Options of a client; every one has a default. Immutable, and may be used for many clients. */
public final class CometOptions {

    private static final int MAX_BUFFER = 1_000_000;
    private static final int MAX_CONCURRENT_SENDS = 1_000;
    static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofHours(1);

    final CometTransport transport;
    final boolean subscribe;
    final @Nullable Duration hold;
    final Duration timeout;
    final int bufferLimit;
    final int maxConcurrentSends;
    final boolean connectAgain;
    final @Nullable Supplier<? extends CompletionStage<CometSession>> reconnect;
    final Map<String, String> headers;
    final @Nullable Executor executor;
    final Contents contents;
    final Platform platform;
    private final @Nullable CometHttp http;

    private CometOptions(Builder builder) {
        transport = builder.transport;
        subscribe = builder.subscribe;
        hold = builder.hold;
        timeout = builder.timeout;
        bufferLimit = builder.bufferLimit;
        maxConcurrentSends = builder.maxConcurrentSends;
        connectAgain = builder.connectAgain;
        reconnect = builder.reconnect;
        headers = Map.copyOf(builder.headers);
        executor = builder.executor;
        contents = builder.contents;
        platform = builder.platform;
        http = builder.http;
    }

    /** All defaults. */
    public static CometOptions defaults() {
        return builder().build();
    }

    /** Options yet to be set. */
    public static Builder builder() {
        return new Builder();
    }

    CometHttp http() {
        return http != null ? http : JdkHttp.shared();
    }

    Executor handlers() {
        return executor != null ? executor : platform.handlers();
    }

    Executor completions() {
        return executor != null ? executor : platform.completions();
    }

    /** Options as they are being set. Not safe for use by several threads. */
    public static final class Builder {

        private CometTransport transport = CometTransport.AUTO;
        private boolean subscribe = true;
        private @Nullable Duration hold;
        private Duration timeout = Duration.ofSeconds(30);
        private int bufferLimit = 1_000;
        private int maxConcurrentSends = 8;
        private boolean connectAgain = true;
        private @Nullable Supplier<? extends CompletionStage<CometSession>> reconnect;
        private final Map<String, String> headers = new LinkedHashMap<>();
        private @Nullable Executor executor;
        private Contents contents = Contents.PLAIN;
        private Platform platform = Platform.system();
        private @Nullable CometHttp http;

        private Builder() {}

        /** How messages travel. Default: AUTO. */
        public Builder transport(CometTransport value) {
            transport = value;
            return this;
        }

        /**
         * Begin to receive at once (default), or stay PAUSED until {@link Comet#subscribe}: for
         * those who register their handlers first.
         */
        public Builder subscribe(boolean value) {
            subscribe = value;
            return this;
        }

        /**
         * How long a poll may be held at most, from 1 s. Default: the server's
         * connectionTimeoutSeconds. Below that the client finds out by itself how long a network
         * lets a request live.
         */
        public Builder hold(Duration value) {
            hold = within("hold", value, Duration.ofSeconds(1));
            return this;
        }

        /** How long connect, send, disconnect and reconnect may take. Default 30 s. */
        public Builder timeout(Duration value) {
            timeout = within("timeout", value, SHORTEST_TIMEOUT);
            return this;
        }

        /**
         * How many messages may wait for handlers before no more are asked for, how many for a slow
         * subscriber of {@link Comet#messages} before the oldest go, announced by {@code
         * comet.gap}, and how many sends for their turn before more are refused with {@code
         * too-many-requests}; from 1. Default 1,000.
         */
        public Builder bufferLimit(int value) {
            if (value < 1 || value > MAX_BUFFER) {
                throw invalid("bufferLimit is " + value + "; use 1 to " + MAX_BUFFER);
            }
            bufferLimit = value;
            return this;
        }

        /**
         * How many sends and requests may be under way at a time, and as many replies; each takes a
         * connection for so long. More wait for their turn, in order. From 1. Default 8.
         */
        public Builder maxConcurrentSends(int value) {
            if (value < 1 || value > MAX_CONCURRENT_SENDS) {
                throw invalid(
                        "maxConcurrentSends is " + value + "; use 1 to " + MAX_CONCURRENT_SENDS);
            }
            maxConcurrentSends = value;
            return this;
        }

        /**
         * For {@link Comet#connect}: connect again, with the same details, when the session is
         * lost. Default true.
         */
        public Builder connectAgain(boolean value) {
            connectAgain = value;
            return this;
        }

        /**
         * For {@link Comet#adopt}: gives another session when one is lost. Called again, with
         * backoff, if it fails or takes longer than the timeout. Must not block. Default: the state
         * becomes LOST.
         */
        public Builder reconnect(Supplier<? extends CompletionStage<CometSession>> value) {
            reconnect = value;
            return this;
        }

        /** Another header of each request, such as one that a gateway asks for. */
        public Builder header(String name, String value) {
            headers.put(name, value);
            return this;
        }

        /**
         * Runs handlers, listeners and subscribers; those of one client one at a time. They may
         * block it. Runs also what hangs on a stage of the client. Default: up to 16 daemon threads
         * for all clients of this JVM, and as many for what hangs on stages. An executor of virtual
         * threads suits well.
         */
        public Builder executor(Executor value) {
            executor = value;
            return this;
        }

        /**
         * Converts contents; a copy of it writes them. Default: a Jackson mapper that refuses a
         * fraction where a whole number is wanted.
         */
        public Builder jsonMapper(JsonMapper value) {
            contents = new Contents(value);
            return this;
        }

        /** What carries requests. Default: {@link JdkHttp#shared}. */
        public Builder http(CometHttp value) {
            http = value;
            return this;
        }

        Builder platform(Platform value) {
            platform = value;
            return this;
        }

        /** The options. */
        public CometOptions build() {
            return new CometOptions(this);
        }
    }

    /**
     * @throws CometClientException {@code parameters-invalid}
     */
    static Duration within(String name, Duration value, Duration least) {
        if (value.compareTo(least) < 0 || value.compareTo(LONGEST) > 0) {
            throw invalid(name + " is " + value + "; use " + least + " to " + LONGEST);
        }
        return value;
    }

    private static CometClientException invalid(String text) {
        return new CometClientException(CometClientException.PARAMETERS_INVALID, text);
    }
}
