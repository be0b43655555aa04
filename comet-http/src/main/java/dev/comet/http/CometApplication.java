package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometException;
import dev.comet.http.RateLimit.Rate;
import dev.comet.internal.JsonBounds;
import dev.comet.internal.Names;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an application adds to the protocol: whom it lets in, what it does with what clients send,
 * and how much it takes. Everything has a default; with all defaults nobody can connect and nothing
 * can be sent, but clients that the application initialises itself can fetch their messages.
 *
 * <pre>{@code
 * app.onConnect(request -> CometClient.builder().displayName(request.text("displayName", "?")).build())
 *    .onConnected((client, request) -> comet.joinGroup(client, "lobby"))
 *    .on("chat.say", (client, message) -> comet.sendToGroup("lobby", "chat.said", message.contents()))
 *    .onRequest("chat.members", (client, message) -> comet.groupMembers("lobby"));
 * }</pre>
 *
 * <p>Hooks run on the thread of the request, several at once; they may block as long as the
 * container can spare that thread. What they throw is the answer: a {@link CometException} with its
 * reason and text (one that is {@linkplain CometException#isForDevelopers for developers}, such as
 * Comet's own, in neutral words, with its text in the log), anything else as {@code handler-failed}
 * without details and with a line in the log, at most one a minute for each hook.
 *
 * <p>Not safe for use by several threads; read once, when the {@link CometHttpHandler} is made.
 */
public final class CometApplication {

    /** As browsers write it: with the scheme's own port it would match none of them. */
    private static final Pattern ORIGIN =
            Pattern.compile(
                    "(?!https://.*:443$|http://.*:80$)[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\\[[0-9a-f:]+])(:[0-9]{1,5})?");

    private static final Pattern HOST = Pattern.compile("[a-z0-9._-]+|\\[[0-9a-f:.]+]");
    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}");
    private static final Pattern PATH = Pattern.compile("/[A-Za-z0-9/._~!$&'()*+=:@%-]*");

    private static final int MAX_RATE = 1_000_000;
    private static final long MAX_UNREAD = 1L << 40;
    private static final Duration SHORTEST_BODY = Duration.ofMillis(10);
    private static final Duration LONGEST_BODY = Duration.ofHours(1);

    @Nullable ConnectHook connectHook;
    ConnectedHook connectedHook = (client, request) -> {};
    final Map<String, RequestHook> messageHooks = new LinkedHashMap<>();

    /** The names of those that reply later. */
    final Set<String> laterHooks = new LinkedHashSet<>();

    JsonMapper jsonMapper =
            JsonMapper.builder().disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT).build();

    Set<String> allowedOrigins = Set.of();
    Set<String> allowedHeaders = Set.of();
    Set<String> allowedHosts = Set.of();
    boolean cookieTokens;
    @Nullable String cookiePath;
    boolean urlTokens;
    boolean weakPrivateTokens;
    @Nullable Function<CometExchange, @Nullable String> clientAddress;

    int maxBodyBytes = 64 << 10;
    int maxJsonDepth = 32;
    Duration bodyTimeout = Duration.ofSeconds(30);
    int leastBodyRate = 256;
    Rate requestsPerClient = new Rate(2_000, 4_000);
    Rate sendsPerClient = new Rate(50, 100);
    Rate sendsPerAddress = new Rate(5_000, 20_000);
    Rate connectsPerAddress = new Rate(20, 200);
    Rate newcomers = new Rate(1_000, 30_000);
    Rate unknownTokensPerAddress = new Rate(20, 500);
    PendingReplies pendingReplies = new PendingReplies(100, 2_000, Duration.ofMinutes(5));
    int trackedAddresses = 20_000;
    long unreadAnswerBytes = Math.max(1, Runtime.getRuntime().maxMemory() / 8);
    CometClock clock = CometClock.system();

    /** All defaults. */
    public CometApplication() {}

    // ---- hooks

    /** Decides about a newcomer. */
    @FunctionalInterface
    public interface ConnectHook {
        /**
         * Describes the client that the newcomer becomes; the protocol initialises it. Also asked
         * about a browser that comes back with its cookie: see {@link #cookieTokens}.
         *
         * @throws CometException to refuse, usually {@link CometException.Reason#REFUSED}: its text
         *     is shown to the newcomer
         */
        CometClient connect(ConnectRequest request) throws Exception;
    }

    /** Welcomes a new client. */
    @FunctionalInterface
    public interface ConnectedHook {
        /**
         * The client exists and knows of its tokens when this returns. Unless it {@linkplain
         * ConnectRequest#client was there before}, it has no message yet.
         */
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
         * passed on, or null for none.
         */
        @Nullable Object handle(CometClient client, ClientMessage message) throws Exception;
    }

    /** Handles a request of a client and replies later. */
    @FunctionalInterface
    public interface LaterRequestHook {
        /**
         * Returns what becomes the reply, as that of a {@link RequestHook}: no thread waits for it,
         * and it reaches the client as a message. If it fails with a {@link CometException}, the
         * request is refused with its reason and text. Called for requests only, which are messages
         * with a {@linkplain ClientMessage#correlationId correlation id}; a plain send is answered
         * 400. What comes more than five minutes later, or a second time, is dropped; of one client
         * at most 100 requests wait, of one address or principal 1,000.
         */
        CompletionStage<?> handle(CometClient client, ClientMessage message) throws Exception;
    }

    /**
     * Lets newcomers connect. Default: none may, and {@code connect} is answered 404.
     *
     * <p>A hook that lets newcomers choose a token tells them whether somebody has it: a token in
     * use is answered 409. For a public token that is who is there; for a private token it is an
     * oracle for those who guess, so let no newcomer choose that.
     */
    public CometApplication onConnect(ConnectHook hook) {
        connectHook = hook;
        return this;
    }

    /**
     * Welcomes each client that {@link #onConnect} has let in, before it hears of it: the place to
     * join groups and to send it what it needs first. Called again for one that comes back with its
     * cookie. If this throws, a newcomer is disconnected. Default: nothing.
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
        return addHook(name, hook);
    }

    /**
     * Handles the clients' requests of a name and replies to each when the reply is known: that of
     * another client, say, or of a database. How many may wait, and for how long: {@link
     * #pendingReplies}.
     *
     * @param name 1–128 characters, not beginning with {@code comet.}, each name once
     */
    public CometApplication onRequestLater(String name, LaterRequestHook hook) {
        addHook(name, hook::handle);
        laterHooks.add(name);
        return this;
    }

    private CometApplication addHook(String name, RequestHook hook) {
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
     * Jackson mapper that refuses a fraction where the application wants a whole number, instead of
     * cutting it off.
     */
    public CometApplication jsonMapper(JsonMapper mapper) {
        jsonMapper = mapper;
        return this;
    }

    // ---- who may call

    /**
     * The foreign origins whose pages may use this server, such as {@code https://app.example} or,
     * for an app with a web view, {@code capacitor://localhost}; there is no wildcard. Default:
     * none; pages of this server's own origin always may. Excludes {@link #cookieTokens}: more and
     * more browsers send no cookie to another site.
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
     * Headers of the application's own that pages of {@linkplain #allowedOrigins listed origins}
     * may send. Default: none but those of the protocol and {@code Cache-Control}, {@code
     * X-Requested-With}, {@code traceparent} and {@code tracestate}.
     */
    public CometApplication allowedHeaders(Collection<String> headers) {
        headers.forEach(
                header -> require("allowedHeaders", HEADER, header, "the name of a header"));
        allowedHeaders = new LinkedHashSet<>(headers);
        return this;
    }

    /**
     * The hosts under which this server may be asked for, in lower case and without a port, as they
     * stand in the header {@code Host}: for example {@code localhost}, {@code 127.0.0.1} and {@code
     * [::1]} for one that only this machine uses. Any other is refused with 403. Default: none is
     * listed, and every host is taken. Without a list, a page whose author points a name of his own
     * at this machine's address is one of this server's own origin (DNS rebinding): set it where
     * the server is reached without a proxy that checks hosts, above all on {@code localhost} and
     * in private networks.
     */
    public CometApplication allowedHosts(Collection<String> hosts) {
        hosts.forEach(
                host ->
                        require(
                                "allowedHosts",
                                HOST,
                                host,
                                "a host in lower case, without a scheme and a port"));
        allowedHosts = new LinkedHashSet<>(hosts);
        return this;
    }

    /**
     * Whether {@code connect} hands the private token over in a cookie that script cannot read,
     * instead of in its answer. Default false: with the cookie, all tabs of a browser are one
     * client, which only suits applications that want that.
     *
     * <p>A browser that connects with the cookie of a client that exists is that client again: the
     * {@link #onConnect} hook is asked as ever, and if what it describes {@linkplain
     * CometClient#describes is that client}, nothing new is made. Otherwise it is a newcomer, whose
     * cookie replaces the other's; a page that still relies on the other loses its session. So let
     * the description tell users apart, by display name, attribute or public token, but not by
     * details that a page chooses: two tabs that send different ones replace each other's cookie,
     * and the older one is lost until its user says that it is to go on. Or return {@link
     * ConnectRequest#client()} to keep what is there. The cookie is good only while the container
     * names the client's {@link CometClient#user}: who has logged in, or out, is a newcomer. Two
     * tabs that are one client need {@code share} of {@code comet.js}: without it the second
     * supersedes the first.
     */
    public CometApplication cookieTokens(boolean cookieTokens) {
        this.cookieTokens = cookieTokens;
        return this;
    }

    /**
     * The path of the cookie: it is sent for this path and what is below. Default: where the page
     * has asked for {@code connect}, such as {@code /app/comet}. To be set where a proxy takes away
     * a part of the path without a word ({@code /shop/comet} in front, {@code /comet} here). With
     * {@code /} the cookie's name begins with {@code __Host-} over TLS, so that no other host of
     * the domain can set it: wanted where nobody logs in and hosts of the domain are not all to be
     * trusted, for such a host could have newcomers use a client of its own. Two applications on
     * one host then have one cookie.
     */
    public CometApplication cookiePath(String path) {
        require("cookiePath", PATH, path, "a path such as /shop/comet, escaped as in a URL");
        cookiePath = path;
        return this;
    }

    /**
     * Whether an {@link #onConnect} hook may give a client a private token that has fewer than 22
     * characters (128 random bits in Base64), or fewer than 8 different ones. Default false: such a
     * description is answered 400. Tokens of clients that the application initialises itself are
     * its own business.
     */
    public CometApplication weakPrivateTokens(boolean weakPrivateTokens) {
        this.weakPrivateTokens = weakPrivateTokens;
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
     * Finds the address of the client behind a proxy, for the limits per address, such as {@link
     * TrustedProxies}. What finds it in a header must be sure that a proxy has written that. Null
     * stands for the address of whoever is connected, which is the default: right without a proxy,
     * and where the container knows better ({@code RemoteIpValve}); otherwise all clients behind a
     * proxy share the limits of one address, and the log says so once.
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
        this.maxJsonDepth = inRange("maxJsonDepth", maxJsonDepth, 1, JsonBounds.NESTING);
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
     * How many messages all clients of one address may send together, or, where the container has
     * authenticated somebody, all of one principal: who connects again and again gains nothing by
     * it. Both 1 to 1,000,000. Default 5,000 a second, 20,000 at once: far beyond any office. More
     * is answered 429. Of IPv6 an address is a /64. What has passed a proxy in a private network
     * counts only if {@link #clientAddress} says whose it is.
     */
    public CometApplication sendsPerAddress(int perSecond, int burst) {
        sendsPerAddress = rate("sendsPerAddress", perSecond, burst);
        return this;
    }

    /** What {@link #pendingReplies} says. */
    record PendingReplies(int perClient, int perAddress, Duration timeout) {}

    /**
     * Bounds for requests whose hook {@linkplain #onRequestLater replies later}. Beyond them a
     * request is answered 429 before its hook is called. Of IPv6 an address is a /64.
     *
     * @param perClient how many of one client may wait for their reply, 1 to 1,000,000. Default
     *     100. A quarter of perAddress at most is of use, unless nobody knows the address
     * @param perAddress how many of all clients of one address together, or, where the container
     *     has authenticated somebody, of one principal, 2 to 1,000,000. Default 2,000. Half of them
     *     are kept for clients of which none or one waits, and half of those for clients of which
     *     none does: who asks one thing after the other goes on, however much others of that
     *     address ask
     * @param timeout after how long without a reply a request waits no more, 1 second to 1 day.
     *     Default 5 minutes. Its client is sent {@code comet.refused} with {@code timed-out}, and
     *     what its hook replies after that is dropped; at the latest when somebody else asks or
     *     when the hook replies
     */
    public CometApplication pendingReplies(int perClient, int perAddress, Duration timeout) {
        if (timeout.compareTo(Duration.ofSeconds(1)) < 0
                || timeout.compareTo(Duration.ofDays(1)) > 0) {
            throw invalid("pendingReplies timeout is " + timeout + "; use 1 second to 1 day");
        }
        pendingReplies =
                new PendingReplies(
                        inRange("pendingReplies perClient", perClient, 1, MAX_RATE),
                        inRange("pendingReplies perAddress", perAddress, 2, MAX_RATE),
                        timeout);
        return this;
    }

    /**
     * How many newcomers each address may bring; where the container has authenticated somebody,
     * each principal, and where a browser comes back with its cookie, each client. Both 1 to
     * 1,000,000. Default 20 a second, 200 at once: a whole office behind one address may come back
     * after a restart. More is answered 429. Of IPv6 an address is a /64.
     */
    public CometApplication connectsPerAddress(int perSecond, int burst) {
        connectsPerAddress = rate("connectsPerAddress", perSecond, burst);
        return this;
    }

    /**
     * How many newcomers all addresses may bring together, both 1 to 1,000,000; more is answered
     * 429. So is more than a tenth of it from one network, of IPv6 a /48 and of IPv4 a /24, though
     * never less than {@link #connectsPerAddress}. Principals and clients that come back do not
     * count. Default 1,000 a second, 30,000 at once: with the default idle time of 60 s those who
     * never come back are at most 90,000 of the 100,000 {@link dev.comet.CometLimits#maxClients}.
     */
    public CometApplication newcomers(int perSecond, int burst) {
        newcomers = rate("newcomers", perSecond, burst);
        return this;
    }

    /**
     * How many unknown private tokens each address may show, both 1 to 1,000,000; beyond that they
     * are answered 429 instead of 404, until the address has rested. Tokens that a client has are
     * never refused. Default 20 a second, 500 at once: an office behind one address may find after
     * a restart that all its tokens are gone.
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

    /**
     * How many bytes all long answers may take together that peers have not read yet, 1 to 1 TiB.
     * Default an eighth of the heap that the JVM may take ({@code -Xmx}): messages have a quarter
     * ({@link dev.comet.CometLimits#maxTotalBytes}), the application needs the rest. A body of more
     * than 8 KiB is long; one that many answers share counts once. While nothing is free, a poll is
     * answered with as many messages as 8 KiB hold, or 429 if that is not even one; and always 429,
     * if the client has more than one answer that is unread and these take more than what is free.
     * One answer always fits.
     */
    public CometApplication unreadAnswerBytes(long unreadAnswerBytes) {
        if (unreadAnswerBytes < 1 || unreadAnswerBytes > MAX_UNREAD) {
            throw invalid("unreadAnswerBytes is " + unreadAnswerBytes + "; use 1 to " + MAX_UNREAD);
        }
        this.unreadAnswerBytes = unreadAnswerBytes;
        return this;
    }

    /** By which the limits measure time. Default: the system's. */
    public CometApplication clock(CometClock clock) {
        this.clock = clock;
        return this;
    }

    /** What only the options together can say. */
    void check() {
        if (cookieTokens && !allowedOrigins.isEmpty()) {
            throw invalid(
                    "cookieTokens is true and allowedOrigins has \""
                            + allowedOrigins.iterator().next()
                            + "\", whose pages would never send the cookie; leave cookieTokens false,"
                            + " so that connect hands over the private token, or list no origin");
        }
    }

    private static void require(String name, Pattern rule, String value, String fix) {
        if (!rule.matcher(value).matches()) {
            throw invalid(name + " has \"" + value + "\"; use " + fix);
        }
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
