package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.PatientExecutor;
import dev.comet.engine.WaitThreadPool;
import dev.comet.spi.Audience;
import dev.comet.spi.ColdClasses;
import dev.comet.spi.CometClock;
import dev.comet.spi.ContentsEncoder;
import dev.comet.spi.ProtocolMessages;
import java.lang.module.ModuleDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where an application meets Comet: it initialises clients, sends them messages, and is told what
 * happens to them. Transports ask it to hold requests.
 *
 * <pre>{@code
 * CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
 * CometClient ada = comet.initializeClient(CometClient.builder().displayName("Ada").build());
 * comet.sendMessage(ada.publicToken(), "greeting", Map.of("text", "hello"));
 * }</pre>
 *
 * <p>Long because it is the one place where an application finds everything; each method hands on
 * to what does it.
 *
 * <p><b>Guarantees.</b> A message that a send has returned the id of reaches each of its receivers
 * once, in the order of ids, or the receiver is told what it has lost. A message is kept until its
 * receiver confirms it, within the {@linkplain CometLimits limits}.
 *
 * <p><b>Threading.</b> All methods may be called by any number of threads, also from event
 * handlers. Those that reach the store may block if the provider does. <b>Lifecycle.</b> It owns
 * its provider and closes it; {@link #close} is idempotent, and other methods then fail with {@link
 * CometException.Reason#CLOSED}.
 */
public final class CometStateManager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CometStateManager.class);
    private static final Duration TIDY_INTERVAL = Duration.ofSeconds(5);

    private final ICometStateProvider provider;
    private final CometLimits limits;
    private final Counters counters = new Counters();
    private final WaitThreadPool<ClientSession> pool;
    private final EventDispatcher events;
    private final Subscriptions subscriptions;
    private final Sender sender;
    private final Requests requests;
    private final OwnThreads ownEventThreads;
    private final OwnThreads ownCompletionThreads;
    private final OwnThreads storeThreads;
    private final PatientExecutor eventExecutor;
    private final PatientExecutor completing;
    private final PatientExecutor storeExecutor;
    private final Tidying tidying = new Tidying();
    private final AtomicBoolean closed = new AtomicBoolean();

    private CometStateManager(Builder builder) {
        ContentsEncoder encoder = new ContentsEncoder(builder.mapper);
        prepare(encoder);
        provider = builder.provider;
        limits = builder.limits;
        ownEventThreads = new OwnThreads("comet-events", builder.threadFactory);
        ownCompletionThreads = new OwnThreads("comet-completions", builder.threadFactory);
        storeThreads = new OwnThreads("comet-store", builder.threadFactory);
        pool = new WaitThreadPool<>(builder.waitThreads, builder.clock);
        Executor given = builder.eventExecutor;
        eventExecutor =
                new PatientExecutor(given == null ? ownEventThreads : given, ownEventThreads, pool);
        completing =
                new PatientExecutor(
                        given == null ? ownCompletionThreads : given, ownCompletionThreads, pool);
        storeExecutor = new PatientExecutor(storeThreads, storeThreads, pool);
        events =
                new EventDispatcher(
                        builder.handlers, eventExecutor, counters, builder.maxPendingEvents);
        subscriptions =
                new Subscriptions(
                        provider,
                        builder.limits,
                        builder.clock,
                        counters,
                        events,
                        provider.readsFromMemory() ? Runnable::run : storeExecutor,
                        Subscriptions::randomBelow,
                        StreamTimes.of(builder.heartbeat, builder.stallTimeout),
                        pool);
        sender = new Sender(provider, builder.limits, encoder, counters, subscriptions);
        requests =
                new Requests(
                        provider,
                        sender,
                        pool,
                        counters,
                        completing,
                        builder.maxPendingRequests,
                        builder.maxPendingRequestsPerClient);
        subscriptions.whenGone(requests::clientIsGone);
        try {
            provider.start(
                    new ICometStateProvider.Context(builder.limits, builder.clock, subscriptions));
        } catch (RuntimeException e) {
            subscriptions.close();
            throw e;
        }
        pool.every(TIDY_INTERVAL.toNanos(), tidying::startUnlessWaiting);
        LOG.info(
                "Comet {} has started on Java {}: {}, {} wait threads, {}, maxPendingRequests={}, maxPendingRequestsPerClient={}",
                version(),
                Runtime.version(),
                provider.getClass().getName(),
                builder.waitThreads,
                limits,
                builder.maxPendingRequests,
                builder.maxPendingRequestsPerClient);
    }

    /** As the build has named it; not where classes lie in a directory. */
    private static String version() {
        ModuleDescriptor module = CometStateManager.class.getModule().getDescriptor();
        String version =
                module == null
                        ? CometStateManager.class.getPackage().getImplementationVersion()
                        : module.rawVersion().orElse(null);
        return version == null ? "(version unknown)" : version;
    }

    /**
     * Has the classes that every message needs initialised. One that is used for the first time
     * while memory is short would fail to initialise, and stay unusable in this process.
     */
    private static void prepare(ContentsEncoder encoder) {
        CometAnswer.prepare();
        ColdClasses.initialise(
                CometStateManager.class,
                "ClientSession",
                "Counters$1",
                "EventDispatcher$ClientEvents",
                "HeldRequest",
                "OpenStream",
                "Requests$State",
                "Rules",
                "Subscription$1",
                "CometClient$Randomness",
                "CometMessage$Json",
                "engine.CometWaitRequest",
                "engine.CometWaitRequest$Ending",
                "engine.WaitSession");
        try {
            encoder.encode(Map.of("text", List.of(1, 1.5e300, true)));
        } catch (RuntimeException e) {
            LOG.debug("The mapper cannot write this; contents may be simpler", e);
        }
    }

    /**
     * A manager yet to be set up.
     *
     * @param provider where the state lives; the manager starts and closes it
     */
    public static Builder builder(ICometStateProvider provider) {
        return new Builder(provider);
    }

    // ---- clients

    /**
     * Makes a client of this description. From now on it can be sent to, and has its idle time to
     * begin polling.
     *
     * @return the client: keep it instead of the description. It is equal to no other client,
     *     earlier or later, with the same tokens
     * @throws CometException CLIENT_ALREADY_EXISTS if either token is in use; LIMIT_REACHED;
     *     DRAINING; CLOSED; PROVIDER_UNAVAILABLE
     */
    public CometClient initializeClient(CometClient client) {
        return fromStore(
                () -> {
                    if (subscriptions.isDraining()) {
                        throw new CometException(
                                CometException.Reason.DRAINING,
                                "this server is draining and takes no new clients; go to another");
                    }
                    CometClient newcomer = client.born();
                    subscriptions.initialize(newcomer);
                    return newcomer;
                });
    }

    /** The client that has this private token. */
    public Optional<CometClient> getCometClient(String privateToken) {
        return fromStore(() -> Optional.ofNullable(provider.getCometClient(privateToken)));
    }

    /** The client that has this public token. */
    public Optional<CometClient> findCometClient(String publicToken) {
        return fromStore(() -> Optional.ofNullable(provider.findCometClient(publicToken)));
    }

    /** All clients, as a snapshot in no particular order. */
    public List<CometClient> clients() {
        return fromStore(provider::clients);
    }

    /**
     * Ends the client that has this private token now, whoever that is. Its held request is
     * answered, its tokens are free again, its messages are gone.
     *
     * @return whether this call did it; false if there is no such client
     */
    public boolean disconnect(String privateToken) {
        Objects.requireNonNull(privateToken, "privateToken");
        return fromStore(
                () ->
                        subscriptions.disconnect(
                                privateToken, CometClientEventHandler.EndReason.DISCONNECTED));
    }

    /**
     * As {@link #disconnect(String)}, but ends this very client, and never one that has taken its
     * tokens since: for calls that may come late.
     *
     * @param client as {@link #initializeClient} returned it, or a look-up or an event gave it
     * @return whether this call did it; false if it has ended before
     * @throws CometException PARAMETERS_INVALID if it is a description that was never initialised
     */
    public boolean disconnect(CometClient client) {
        CometClient ending = initialised(client);
        return fromStore(
                () ->
                        subscriptions.disconnect(
                                ending, CometClientEventHandler.EndReason.DISCONNECTED));
    }

    /**
     * The highest cursor that the client has confirmed; in the beginning, the id after which
     * messages are for it. What a client that is handed its tokens begins to poll with.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    public long confirmedMessageId(String privateToken) {
        return fromStore(() -> provider.confirmedMessageId(requireClient(privateToken)));
    }

    // ---- requests

    /**
     * {@link #beginSubscribe(String, long, Duration)}, held for the client's own
     * connectionTimeoutSeconds.
     */
    public CometAsyncResult beginSubscribe(@Nullable String privateToken, long lastMessageId) {
        return beginSubscribe(privateToken, lastMessageId, null, 0);
    }

    /**
     * Confirms everything up to the cursor, and asks for what is above it. If there is something,
     * the result is complete when this method returns; otherwise the request is held until there
     * is, until its time has passed, or until a newer request of the same client takes over.
     *
     * <p>Never throws for what a peer can do wrong: an unknown token, say, is a result that is
     * complete with an error.
     *
     * @param privateToken the client's secret
     * @param lastMessageId the client's cursor; 0 or less for everything since it was initialised
     * @param hold how long to hold the request, cut to the client's connectionTimeoutSeconds; zero
     *     or less answers at once
     */
    public CometAsyncResult beginSubscribe(
            @Nullable String privateToken, long lastMessageId, Duration hold) {
        return beginSubscribe(privateToken, lastMessageId, hold, 0);
    }

    /**
     * {@link #beginSubscribe(String, long, Duration)}, for a client that tells its own requests
     * from those of others that have its token. A request that was given up, or that something on
     * the way repeats, can arrive after a newer one and take over from that: the client then sees
     * that it was itself.
     *
     * @param hold null for the client's connectionTimeoutSeconds
     * @param instance what the client calls itself, the same in all of its requests; it is told to
     *     whoever is superseded by this one. 0: nothing
     */
    public CometAsyncResult beginSubscribe(
            @Nullable String privateToken,
            long lastMessageId,
            @Nullable Duration hold,
            long instance) {
        return subscriptions.begin(
                privateToken == null ? "" : privateToken, lastMessageId, hold, instance);
    }

    /**
     * The transport is done with the request, or its peer is gone. If the request was still held it
     * ends as ABANDONED, and the client's idle time begins. Never touches a newer request of the
     * same client. Idempotent.
     *
     * @return how the request ended
     */
    public CometAnswer endSubscribe(CometAsyncResult result) {
        return subscriptions.end(result);
    }

    // ---- streams

    /**
     * Confirms everything up to the cursor, and has everything above it given to the sink, now and
     * as it comes, as fast as the sink takes it: for a transport with one answer that does not end.
     * The stream takes over from an older request or stream of the same client, and ends when a
     * newer one takes over.
     *
     * <p>What a stream carries is not confirmed by that: the client does so by {@link #confirm}, or
     * with the cursor of its next request. What it does not confirm is kept within {@link
     * CometLimits#clientLog}, and is the first to make room when that is full.
     *
     * <p>Never throws for what a peer can do wrong: the stream of an unknown token, say, ends with
     * an error before this method returns, and never opens.
     *
     * @param privateToken the client's secret
     * @param lastMessageId as {@link #beginSubscribe}
     * @param sink is given messages, on this thread and on others
     */
    public void openStream(
            @Nullable String privateToken, long lastMessageId, CometStreamSink sink) {
        openStream(privateToken, lastMessageId, sink, 0);
    }

    /**
     * {@link #openStream(String, long, CometStreamSink)}, for a client that tells its own requests
     * from others'.
     *
     * @param instance as {@link #beginSubscribe(String, long, Duration, long)}
     */
    public void openStream(
            @Nullable String privateToken,
            long lastMessageId,
            CometStreamSink sink,
            long instance) {
        subscriptions.open(privateToken == null ? "" : privateToken, lastMessageId, sink, instance);
    }

    /**
     * Confirms that the client has everything up to the cursor, which frees it. For clients with a
     * stream; a poll confirms by itself.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST; PARAMETERS_INVALID if no answer or stream can
     *     have given the client this cursor
     */
    public void confirm(String privateToken, long lastMessageId) {
        if (!fromStore(
                () -> provider.confirmMessages(requireClient(privateToken), lastMessageId))) {
            throw new CometException(
                    CometException.Reason.PARAMETERS_INVALID, // the peer's own
                    "lastMessageId is "
                            + lastMessageId
                            + "; use the id of a message that this client has received");
        }
    }

    // ---- sending

    /**
     * Sends to one client.
     *
     * @param publicToken the receiver's address
     * @param name 1–128 characters; not beginning with {@code comet.}
     * @param contents data that Jackson can encode, but null, and that every client can read
     *     (docs/protocol.md, Limits). Encoded before this method returns: later changes are not
     *     seen. Numbers arrive digit for digit. Refused are numbers that are not finite, and what
     *     is no data: futures, exceptions, streams of bytes, trees of other JSON libraries
     * @return the message's id
     * @throws CometException CLIENT_DOES_NOT_EXIST for an unknown receiver; PARAMETERS_INVALID;
     *     QUEUE_FULL as the {@linkplain OverflowPolicy policy} says; PROVIDER_UNAVAILABLE; CLOSED
     */
    public long sendMessage(String publicToken, String name, Object contents) {
        return send(Audience.one(Rules.publicToken(publicToken)), name, contents);
    }

    /**
     * Sends the same message, under the same id, to each of these clients: to all of them or, if
     * one is unknown or refuses, to none.
     *
     * @param publicTokens at least one; repetitions count once
     */
    public long sendMessage(Collection<String> publicTokens, String name, Object contents) {
        if (publicTokens.isEmpty()) {
            throw Rules.invalid("publicTokens is empty; name at least one recipient");
        }
        publicTokens.forEach(Rules::publicToken);
        return send(Audience.each(publicTokens), name, contents);
    }

    /** Sends to every client that exists now. */
    public long sendToAll(String name, Object contents) {
        return send(new Audience.Everyone(null), name, contents);
    }

    /** Sends to every client that exists now, but one. */
    public long sendToAllBut(String exceptPublicToken, String name, Object contents) {
        return send(new Audience.Everyone(Rules.publicToken(exceptPublicToken)), name, contents);
    }

    /** Sends to every client that is in the group now. A group without members is no error. */
    public long sendToGroup(String group, String name, Object contents) {
        return send(new Audience.Group(Rules.group(group), null), name, contents);
    }

    /** Sends to every client that is in the group now, but one. */
    public long sendToGroupBut(
            String group, String exceptPublicToken, String name, Object contents) {
        return send(
                new Audience.Group(Rules.group(group), Rules.publicToken(exceptPublicToken)),
                name,
                contents);
    }

    private long send(Audience audience, String name, Object contents) {
        requireOpen();
        return sender.send(audience, name, contents);
    }

    // ---- requests and replies

    /**
     * Sends a client a message that it is to reply to, and waits for the reply. Nothing blocks:
     * dependent stages run on the {@linkplain Builder#eventExecutor event executor}. Whoever may
     * block can wait for the stage itself, even on a thread of that executor.
     *
     * <p>The stage completes exactly once: with the client's reply, or with a {@link
     * CometException} (a dependent stage gets it directly; stages after that get it as the cause)
     * that says what came in its place: TIMED_OUT (the client may act on it all the same, and
     * later); CLIENT_DOES_NOT_EXIST if it is unknown or ends before it replies; REFUSED with the
     * client's own words; LIMIT_REACHED if too many requests wait, in all or for this client; what
     * {@link #sendMessage(String, String, Object)} can be refused with; CLOSED.
     *
     * @param publicToken who is asked
     * @param name as {@link #sendMessage(String, String, Object)}
     * @param contents as {@link #sendMessage(String, String, Object)}
     * @param timeout how long to wait for the reply, at most 1 h
     */
    public CompletionStage<CometReply> request(
            String publicToken, String name, Object contents, Duration timeout) {
        return request(publicToken, name, contents, timeout, CometClient.randomToken());
    }

    /**
     * {@link #request(String, String, Object, Duration)}, as a part of something larger: when a
     * client's request is answered by asking another client, both are known by one correlation id.
     *
     * @param correlationId 1–64 letters, digits, {@code -} and {@code _}; one that is in use for
     *     the same client is refused with DUPLICATE_REQUEST
     */
    public CompletionStage<CometReply> request(
            String publicToken,
            String name,
            Object contents,
            Duration timeout,
            String correlationId) {
        return requests.request(
                Rules.publicToken(publicToken),
                Rules.messageName(name),
                contents,
                Rules.timeout(timeout),
                Rules.correlationId(correlationId));
    }

    /**
     * For transports: a client replies to a request that it was sent.
     *
     * @param contents may be null: done
     * @throws CometException NO_SUCH_REQUEST if nobody waits for it from this client;
     *     ALREADY_REPLIED; CLIENT_DOES_NOT_EXIST; PARAMETERS_INVALID
     */
    public void acceptReply(String privateToken, String correlationId, @Nullable Object contents) {
        String id = Rules.correlationId(correlationId);
        CometReply reply = new CometReply(sender.encode(ProtocolMessages.REPLY, id, contents));
        requests.reply(requireClient(privateToken), id, reply);
    }

    /**
     * For transports: a client refuses a request that it was sent. The requester gets REFUSED.
     *
     * @param reason the client's words, for the requester
     * @throws CometException as {@link #acceptReply}
     */
    public void acceptRefusal(String privateToken, String correlationId, String reason) {
        String id = Rules.correlationId(correlationId);
        CometException refusal = new CometException(CometException.Reason.REFUSED, reason);
        requests.refuse(requireClient(privateToken), id, refusal);
    }

    /**
     * Replies to a request that a client has made: the reply is kept and delivered like a message.
     * For hooks that reply later than they return.
     *
     * @param client who made the request, as the hook was given it. One that has taken its tokens
     *     since gets nothing
     * @param contents may be null: done
     * @param correlationId the request's
     * @return the id of the message that carries it
     * @throws CometException as {@link #sendMessage(String, String, Object)}
     */
    public long replyTo(CometClient client, String correlationId, @Nullable Object contents) {
        requireOpen();
        return sender.send(
                initialised(client),
                ProtocolMessages.REPLY,
                contents,
                Rules.correlationId(correlationId));
    }

    /**
     * As {@link #replyTo}: tells the client why there is no reply.
     *
     * @param code the kind of failure, such as that of a {@link CometException.Reason}
     * @param reason in words, for the client; no secret
     */
    public long refuseTo(CometClient client, String correlationId, String code, String reason) {
        requireOpen();
        return sender.send(
                initialised(client),
                ProtocolMessages.REFUSED,
                new TreeMap<>(Map.of("code", code, "reason", reason)),
                Rules.correlationId(correlationId));
    }

    private static CometClient initialised(CometClient client) {
        if (client.incarnation() == 0) {
            throw Rules.invalid(
                    "client is a description; use what initializeClient has made of it");
        }
        return client;
    }

    private CometClient requireClient(String privateToken) {
        return getCometClient(privateToken).orElseThrow(Subscriptions::unknownClient);
    }

    // ---- groups

    /**
     * Makes the client a member of the group; the group comes into being with its first member.
     *
     * @return the id after which the group's messages are the client's: what {@link #groupHistory}
     *     finds up to it never overlaps with what arrives. For a member, the id of its first
     *     joining
     * @throws CometException CLIENT_DOES_NOT_EXIST; LIMIT_REACHED
     */
    public long joinGroup(String publicToken, String group) {
        return fromStore(
                () -> provider.joinGroup(Rules.publicToken(publicToken), Rules.group(group)));
    }

    /**
     * Ends the membership. What was sent to the group before still arrives, what is sent later does
     * not.
     *
     * @return false if the client was no member
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    public boolean leaveGroup(String publicToken, String group) {
        return fromStore(
                () -> provider.leaveGroup(Rules.publicToken(publicToken), Rules.group(group)));
    }

    /** The members of the group, in the order in which they joined. */
    public List<CometClient> groupMembers(String group) {
        return fromStore(() -> provider.groupMembers(Rules.group(group)));
    }

    /**
     * The last messages that the group's log still holds, oldest first.
     *
     * @param upTo the highest id wanted, {@link Long#MAX_VALUE} for all
     * @param maxMessages how many at most, at least 1
     */
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        if (maxMessages < 1) {
            throw Rules.invalid("maxMessages is " + maxMessages + "; use at least 1");
        }
        return fromStore(() -> provider.groupHistory(Rules.group(group), upTo, maxMessages));
    }

    // ---- life

    /** Adds a handler; it is told of events from now on. */
    public void addEventHandler(CometClientEventHandler handler) {
        events.add(handler);
    }

    /** What the manager is doing. Cheap; fit to be asked every second. */
    public CometStatistics statistics() {
        return counters.read(
                provider.clientCount(),
                provider.usage(),
                limits.totalBytes(),
                storeThreads.waiting(),
                new CometStatistics.Faults(pool.replacedThreads(), Faults.count()));
    }

    /**
     * For transports: a client has asked for something from this network address. Kept for its
     * {@linkplain #status status} alone.
     */
    public void seenAt(CometClient client, String address) {
        subscriptions.seenAt(client, address);
    }

    /** How the client that has this public token is doing. */
    public Optional<CometClientStatus> status(String publicToken) {
        Rules.publicToken(publicToken);
        return findCometClient(publicToken)
                .map(client -> fromStore(() -> subscriptions.status(client)));
    }

    /** Whether {@link #drain} was called. */
    public boolean isDraining() {
        return subscriptions.isDraining();
    }

    /**
     * Sends the clients away without a rush: held requests are answered with {@code
     * comet.reconnect}, spread evenly over the duration; new requests get their messages or the
     * same answer at once; new clients are refused. Sending goes on. To be followed by {@link
     * #close}.
     *
     * @param spread how long it takes at most, at least zero
     * @return completes when no request is held and no stream is open any more, at the latest when
     *     that duration is over; at once if there are none
     */
    public CompletionStage<Void> drain(Duration spread) {
        requireOpen();
        if (spread.isNegative()) {
            throw Rules.invalid("spread is " + spread + "; use zero or more");
        }
        return Promise.of(subscriptions.drain(spread), completing);
    }

    /**
     * Answers every held request, ends every thread of the manager, and closes the provider.
     * Idempotent. Event handlers get 5 s to end, and dependent stages as long.
     *
     * @throws IllegalStateException if a callback that runs on a wait thread calls it first: it
     *     waits for that thread
     */
    @Override
    public void close() {
        if (!closed.get() && WaitThreadPool.isOnWaitThread()) {
            throw new IllegalStateException(
                    "close() was called on "
                            + Thread.currentThread().getName()
                            + ", a wait thread, which it would wait for; have the callback call it"
                            + " on a thread of the application");
        }
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        subscriptions.close();
        requests.close();
        storeExecutor.close();
        storeThreads.close();
        eventExecutor.close();
        ownEventThreads.close();
        completing.close();
        ownCompletionThreads.close();
        provider.close();
        LOG.info("Comet has stopped: {}", provider.getClass().getName());
    }

    Subscriptions subscriptions() {
        return subscriptions;
    }

    /** One task, however long it waits. */
    private final class Tidying extends PatientExecutor.Task {

        private final AtomicBoolean waiting = new AtomicBoolean();

        void startUnlessWaiting() {
            if (waiting.compareAndSet(false, true)) {
                start();
            }
        }

        @Override
        protected PatientExecutor executor() {
            return eventExecutor;
        }

        @Override
        protected void work() {
            try {
                if (!closed.get()) {
                    provider.tidy();
                }
            } catch (RuntimeException e) {
                counters.providerFailures.increment();
                Faults.warn(
                        LOG,
                        "The provider could not tidy up; trying again in {}",
                        TIDY_INTERVAL,
                        e);
            } finally {
                waiting.set(false);
            }
        }
    }

    private <T> T fromStore(Supplier<T> call) {
        requireOpen();
        try {
            return call.get();
        } catch (CometException e) {
            throw counters.refused(e);
        } catch (RuntimeException e) {
            throw counters.refused(subscriptions.reader().unavailable(e));
        }
    }

    private void requireOpen() {
        if (closed.get()) {
            throw counters.refused(Subscriptions.closed());
        }
    }

    /** Options of a manager. Every one has a default. Not safe for use by several threads. */
    public static final class Builder {

        private static final int MAX_WAIT_THREADS = 1_024;
        private static final Duration LONGEST = Duration.ofHours(1);

        private final ICometStateProvider provider;
        private final List<CometClientEventHandler> handlers = new ArrayList<>();
        private CometLimits limits = CometLimits.defaults();
        private int waitThreads =
                Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors() / 2));
        private @Nullable Executor eventExecutor;
        private int maxPendingEvents = 10_000;
        private int maxPendingRequests = 10_000;
        private int maxPendingRequestsPerClient = 256;
        private Duration heartbeat = Duration.ofSeconds(15);
        private Duration stallTimeout = Duration.ofSeconds(30);
        private JsonMapper mapper = new JsonMapper();
        private CometClock clock = CometClock.system();
        private ThreadFactory threadFactory = Thread::new;

        private Builder(ICometStateProvider provider) {
            this.provider = provider;
        }

        /** The bounds. Default: {@link CometLimits#defaults()}. */
        public Builder limits(CometLimits limits) {
            this.limits = limits;
            return this;
        }

        /**
         * How many threads hold requests, 1 to 1,024. Default: one for every two processors, at
         * most 4; they only distribute, so few serve many thousands of clients.
         */
        public Builder waitThreads(int waitThreads) {
            if (waitThreads < 1 || waitThreads > MAX_WAIT_THREADS) {
                throw Rules.invalid(
                        "waitThreads is " + waitThreads + "; use 1 to " + MAX_WAIT_THREADS);
            }
            this.waitThreads = waitThreads;
            return this;
        }

        /** Adds an event handler; several are told one after the other. Default: none. */
        public Builder eventHandler(CometClientEventHandler handler) {
            handlers.add(handler);
            return this;
        }

        /**
         * Runs event handlers, dependent stages, and the provider's {@code tidy}. Wait threads call
         * its {@code execute}: that must not wait for a place, but refuse; what it refuses is
         * offered again. Default: up to 16 threads of the manager's own for each of the two, which
         * end when there is nothing to do. An executor of the application's is not shut down by
         * {@link CometStateManager#close}.
         */
        public Builder eventExecutor(Executor executor) {
            this.eventExecutor = executor;
            return this;
        }

        /**
         * Above how many waiting events clientSubscribed is left out, at least 1. Default 10,000.
         */
        public Builder maxPendingEvents(int maxPendingEvents) {
            if (maxPendingEvents < 1) {
                throw Rules.invalid("maxPendingEvents is " + maxPendingEvents + "; use at least 1");
            }
            this.maxPendingEvents = maxPendingEvents;
            return this;
        }

        /**
         * How many {@linkplain CometStateManager#request requests} may wait for their reply at a
         * time, at least 1; more are refused with LIMIT_REACHED. Default 10,000.
         */
        public Builder maxPendingRequests(int maxPendingRequests) {
            if (maxPendingRequests < 1) {
                throw Rules.invalid(
                        "maxPendingRequests is " + maxPendingRequests + "; use at least 1");
            }
            this.maxPendingRequests = maxPendingRequests;
            return this;
        }

        /**
         * How many of these may wait for the same client, at least 1; more are refused with
         * LIMIT_REACHED. Default 256: a client that never replies takes no more of the places that
         * all share.
         */
        public Builder maxPendingRequestsPerClient(int maxPendingRequestsPerClient) {
            if (maxPendingRequestsPerClient < 1) {
                throw Rules.invalid(
                        "maxPendingRequestsPerClient is "
                                + maxPendingRequestsPerClient
                                + "; use at least 1");
            }
            this.maxPendingRequestsPerClient = maxPendingRequestsPerClient;
            return this;
        }

        /**
         * How long a stream is silent before it says that it is there, at least 1 s. Default 15 s:
         * the least that a load balancer is commonly set to wait is 30 s.
         */
        public Builder heartbeat(Duration heartbeat) {
            this.heartbeat = atLeastOneSecond("heartbeat", heartbeat);
            return this;
        }

        /**
         * How long a stream waits for a peer that reads nothing before it is cut off, at least 1 s.
         * Default 30 s. The client loses nothing by it: it comes back with its cursor.
         */
        public Builder stallTimeout(Duration stallTimeout) {
            this.stallTimeout = atLeastOneSecond("stallTimeout", stallTimeout);
            return this;
        }

        private static Duration atLeastOneSecond(String name, Duration value) {
            if (value.compareTo(Duration.ofSeconds(1)) < 0 || value.compareTo(LONGEST) > 0) {
                throw Rules.invalid(name + " is " + value + "; use 1 s to 1 h");
            }
            return value;
        }

        /**
         * Encodes contents; a copy of it does. Default: a plain one. It must write each value on
         * one line, and no names of Java classes. What is refused as no data, because Jackson has
         * no form for it, is data once this has a serializer for it.
         */
        public Builder jsonMapper(JsonMapper mapper) {
            this.mapper = mapper;
            return this;
        }

        /** The time. Default: the system's; for tests. */
        public Builder clock(CometClock clock) {
            this.clock = clock;
            return this;
        }

        /** For tests: makes the manager's own threads, but for wait threads. */
        Builder threadFactory(ThreadFactory threadFactory) {
            this.threadFactory = threadFactory;
            return this;
        }

        /**
         * Starts the provider and the wait threads.
         *
         * @throws IllegalStateException if the provider serves another manager
         */
        public CometStateManager build() {
            return new CometStateManager(this);
        }
    }
}
