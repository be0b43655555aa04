package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.http.RateLimit.Rate;
import dev.comet.spi.CometClock;
import dev.comet.spi.Names;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an application adds to the protocol: whom it lets in, what it does with what clients send,
 * and how much it takes. Everything has a default; with all defaults nobody can connect and nothing
 * can be sent, but clients that the application initialises itself can fetch their messages.
 *
 * <pre>{@code
 * app.onConnect(request -> CometClient.builder().displayName(request.text("displayName", "?")).build())
 *    .onConnected((client, request) -> comet.joinGroup(client.publicToken(), "lobby"))
 *    .on("chat.say", (client, message) -> comet.sendToGroup("lobby", "chat.said", message.contents()))
 *    .onRequest("chat.members", (client, message) -> comet.groupMembers("lobby"));
 * }</pre>
 *
 * <p>Hooks run on the thread of the request, several at once; they may block as long as the
 * container can spare that thread. What they throw is the answer: a {@link CometException} with its
 * reason and text, anything else as {@code handler-failed} without details and with a line in the
 * log, at most one a minute for each hook.
 *
 * <p>Not safe for use by several threads; read once, when the {@link CometHttpHandler} is made.
 */
public final class CometApplication {

    /** As browsers write it: with the scheme's own port it would match none of them. */
    private static final Pattern ORIGIN =
            Pattern.compile(
                    "(?!https://.*:443$|http://.*:80$)https?://([a-z0-9.-]+|\\[[0-9a-f:]+])(:[0-9]{1,5})?");

    private static final int MAX_RATE = 1_000_000;
    private static final Duration SHORTEST_BODY = Duration.ofMillis(10);
    private static final Duration LONGEST_BODY = Duration.ofHours(1);

    @Nullable ConnectHook connectHook;
    ConnectedHook connectedHook = (client, request) -> {};
    final Map<String, RequestHook> messageHooks = new LinkedHashMap<>();
    JsonMapper jsonMapper = new JsonMapper();

    Set<String> allowedOrigins = Set.of();
    boolean cookieTokens;
    boolean urlTokens;
    Function<CometExchange, @Nullable String> clientAddress = CometExchange::remoteAddress;

    int maxBodyBytes = 64 << 10;
    int maxJsonDepth = 32;
    Duration bodyTimeout = Duration.ofSeconds(30);
    int leastBodyRate = 256;
    Rate requestsPerClient = new Rate(2_000, 4_000);
    Rate sendsPerClient = new Rate(50, 100);
    Rate connectsPerAddress = new Rate(20, 200);
    Rate unknownTokensPerAddress = new Rate(20, 500);
    int trackedAddresses = 20_000;
    CometClock clock = CometClock.system();

    /** All defaults. */
    public CometApplication() {}

    // ---- hooks

    /** Decides about a newcomer. */
    @FunctionalInterface
    public interface ConnectHook {
        /**
         * Describes the client that the newcomer becomes; the protocol initialises it.
         *
         * @throws CometException to refuse, usually {@link CometException.Reason#REFUSED}: its text
         *     is shown to the newcomer
         */
        CometClient connect(ConnectRequest request) throws Exception;
    }

    /** Welcomes a new client. */
    @FunctionalInterface
    public interface ConnectedHook {
        /** The client exists and has no message yet; it knows of its tokens when this returns. */
        void connected(CometClient client, ConnectRequest request) throws Exception;
    }

    /** Handles a message of a client. */
    @FunctionalInterface
    public interface MessageHook {
        /** Called once for each message; those of one array one after the other. */
        void handle(CometClient client, ClientMessage message) throws Exception;
    }

    /** Handles a message of a client and replies. */
    @FunctionalInterface
    public interface RequestHook {
        /**
         * Returns the reply: data that Jackson can write, a {@link dev.comet.CometReply} to be
         * passed on, or null for none. To a client's request (one with a {@linkplain
         * ClientMessage#correlationId correlation id}) it may also be a {@link
         * java.util.concurrent.CompletionStage} of one of these: no thread waits for it, and the
         * reply reaches the client as a message. A hook that has replied with a stage once is for
         * requests only: a plain send is from then on answered 400 and does not reach it. A stage
         * that fails with a {@link CometException} refuses the request with its reason and text.
         */
        @Nullable Object handle(CometClient client, ClientMessage message) throws Exception;
    }

    /** Lets newcomers connect. Default: none may, and {@code connect} is answered 404. */
    public CometApplication onConnect(ConnectHook hook) {
        connectHook = hook;
        return this;
    }

    /**
     * Welcomes each client that {@link #onConnect} has let in, before it hears of it: the place to
     * join groups and to send it what it needs first. If this throws, the client is disconnected.
     * Default: nothing.
     */
    public CometApplication onConnected(ConnectedHook hook) {
        connectedHook = hook;
        return this;
    }

    /**
     * Handles the clients' messages of a name. What the lambda evaluates to is not sent to anybody;
     * that is why a hook that replies has {@linkplain #onRequest a method of its own}: with one
     * method for both, {@code on("say", (client, message) -> comet.sendToAll(…))} would reply with
     * a message id.
     *
     * @param name 1–128 characters, not beginning with {@code comet.}, each name once
     */
    public CometApplication on(String name, MessageHook hook) {
        return onRequest(
                name,
                (client, message) -> {
                    hook.handle(client, message);
                    return null;
                });
    }

    /**
     * Handles the clients' messages of a name and replies to each.
     *
     * @param name 1–128 characters, not beginning with {@code comet.}, each name once
     */
    public CometApplication onRequest(String name, RequestHook hook) {
        String fault = Names.faultOfMessage(name);
        if (fault != null) {
            throw invalid(fault);
        }
        if (messageHooks.putIfAbsent(name, hook) != null) {
            throw invalid("name is \"" + name + "\", which has a hook already; use each name once");
        }
        return this;
    }

    /**
     * Converts details and contents to the application's types, and replies to JSON. Default: a
     * plain Jackson mapper.
     */
    public CometApplication jsonMapper(JsonMapper mapper) {
        jsonMapper = mapper;
        return this;
    }

    // ---- who may call

    /**
     * The foreign origins whose pages may use this server, such as {@code https://app.example};
     * there is no wildcard. Default: none; pages of this server's own origin always may.
     */
    public CometApplication allowedOrigins(Collection<String> origins) {
        for (String origin : origins) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw invalid(
                        "allowedOrigins has \""
                                + origin
                                + "\"; use scheme://host or scheme://host:port in lower case, without a path and without the scheme's usual port");
            }
        }
        allowedOrigins = new LinkedHashSet<>(origins);
        return this;
    }

    /**
     * Whether {@code connect} hands the private token over in a cookie that script cannot read,
     * instead of in its answer. Default false: with the cookie, all tabs of a browser are one
     * client, which only suits applications that want that.
     */
    public CometApplication cookieTokens(boolean cookieTokens) {
        this.cookieTokens = cookieTokens;
        return this;
    }

    /**
     * Whether the private token may come as {@code ?privateToken=…}. Default false: URLs are
     * written to logs and histories. For clients that can set neither header nor body.
     */
    public CometApplication urlTokens(boolean urlTokens) {
        this.urlTokens = urlTokens;
        return this;
    }

    /**
     * Finds the address of the client behind a proxy, for the limits per address: usually in a
     * header that the proxy sets, and only if the proxy is known to overwrite what clients send
     * under that name. Null stands for the address of whoever is connected, which is the default.
     */
    public CometApplication clientAddress(Function<CometExchange, @Nullable String> clientAddress) {
        this.clientAddress = clientAddress;
        return this;
    }

    // ---- how much

    /**
     * The longest body of a send, in bytes, 1 to 64 MiB. Default 64 KiB: what people type, many
     * times over; it is held in memory while it is handled. More is answered 413.
     */
    public CometApplication maxBodyBytes(int maxBodyBytes) {
        this.maxBodyBytes = inRange("maxBodyBytes", maxBodyBytes, 1, 64 << 20);
        return this;
    }

    /**
     * In which time the whole body of a request must be there, 10 ms to 1 hour, once somebody has
     * begun to read it. Default 30 s: longer than a bad network takes for a body of 64 KiB. What is
     * not there then is answered 408. A body that is on its way costs its connection and what has
     * come of it, but no thread.
     */
    public CometApplication bodyTimeout(Duration bodyTimeout) {
        if (bodyTimeout.compareTo(SHORTEST_BODY) < 0 || bodyTimeout.compareTo(LONGEST_BODY) > 0) {
            throw invalid(
                    "bodyTimeout is "
                            + bodyTimeout
                            + "; use "
                            + SHORTEST_BODY
                            + " to "
                            + LONGEST_BODY);
        }
        this.bodyTimeout = bodyTimeout;
        return this;
    }

    /**
     * The least average rate of a body that is still incomplete after a fifth of {@link
     * #bodyTimeout}, in bytes a second, 0 (none) to 1 MiB. Default 256: a peer that sends a byte
     * now and then is cut off sooner than at the timeout, and no modem is. Less is answered 408.
     */
    public CometApplication leastBodyRate(int bytesPerSecond) {
        this.leastBodyRate = inRange("leastBodyRate", bytesPerSecond, 0, 1 << 20);
        return this;
    }

    BodyLimits bodyLimits() {
        return new BodyLimits(maxBodyBytes, bodyTimeout, leastBodyRate);
    }

    /**
     * How many polls, streams and acks each client may begin, both 1 to 1,000,000. Default 2,000 a
     * second, 4,000 at once: twice what fetches a message each millisecond, each by a poll of its
     * own. More is answered 429.
     */
    public CometApplication requestsPerClient(int perSecond, int burst) {
        requestsPerClient = rate("requestsPerClient", perSecond, burst);
        return this;
    }

    /**
     * How deep the JSON of a body may be nested, 1 to 100, the enclosing object or array included.
     * Default 32: deeper than data that somebody designed. More is answered 400; more than 100 no
     * client could be sent.
     */
    public CometApplication maxJsonDepth(int maxJsonDepth) {
        this.maxJsonDepth = inRange("maxJsonDepth", maxJsonDepth, 1, 100);
        return this;
    }

    /**
     * How many messages each client may send, both 1 to 1,000,000. Default 50 a second, 100 at
     * once: more than a person does, less than a loop. More is answered 429. Replies to requests of
     * the server do not count; those that nobody waits for do.
     */
    public CometApplication sendsPerClient(int perSecond, int burst) {
        sendsPerClient = rate("sendsPerClient", perSecond, burst);
        return this;
    }

    /**
     * How many newcomers each address may bring; where the container has authenticated somebody,
     * each principal. Both 1 to 1,000,000. Default 20 a second, 200 at once: a whole office behind
     * one address may come back after a restart. More is answered 429.
     */
    public CometApplication connectsPerAddress(int perSecond, int burst) {
        connectsPerAddress = rate("connectsPerAddress", perSecond, burst);
        return this;
    }

    /**
     * How many unknown private tokens each address may show, both 1 to 1,000,000; beyond that the
     * address is answered 429 whatever token it shows, until it has rested. Default 20 a second,
     * 500 at once: guessing gets nowhere, while an office behind one address may find after a
     * restart that all its tokens are gone.
     */
    public CometApplication unknownTokensPerAddress(int perSecond, int burst) {
        unknownTokensPerAddress = rate("unknownTokensPerAddress", perSecond, burst);
        return this;
    }

    /**
     * How many addresses, and how many clients, the four limits remember, 16 to 10,000,000. Default
     * 20,000, about 2 MB each at worst. Beyond it the least recent are forgotten, and so may do a
     * burst again.
     */
    public CometApplication trackedAddresses(int trackedAddresses) {
        this.trackedAddresses = inRange("trackedAddresses", trackedAddresses, 16, 10_000_000);
        return this;
    }

    /** By which the limits measure time. Default: the system's. */
    public CometApplication clock(CometClock clock) {
        this.clock = clock;
        return this;
    }

    private static Rate rate(String name, int perSecond, int burst) {
        return new Rate(
                inRange(name + " perSecond", perSecond, 1, MAX_RATE),
                inRange(name + " burst", burst, 1, MAX_RATE));
    }

    private static int inRange(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw invalid(name + " is " + value + "; use " + min + " to " + max);
        }
        return value;
    }

    private static CometException invalid(String text) {
        return new CometException(CometException.Reason.PARAMETERS_INVALID, text);
    }
}
