package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.PatientExecutor;
import dev.comet.engine.WaitClock;
import dev.comet.engine.WaitThreadPool;
import dev.comet.internal.ColdClasses;
import dev.comet.internal.ContentsEncoder;
import dev.comet.internal.Names;
import java.lang.module.ModuleDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where an application meets Comet: it initialises clients, sends them messages, and is told what
 * happens to them. What {@linkplain CometEndpoint transports} need is on a side of its own.
 *
 * <pre>{@code
 * CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
 * CometClient ada = comet.initializeClient(CometClient.builder().displayName("Ada").build());
 * comet.sendMessage(ada, "greeting", Map.of("text", "hello"));
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
    private final Sessions sessions;
    private final Subscriptions subscriptions;
    private final Sender sender;
    private final PendingRequests requests;
    private final OwnThreads ownEventThreads;
    private final OwnThreads ownCompletionThreads;
    private final OwnThreads storeThreads;
    private final PatientExecutor eventExecutor;
    private final PatientExecutor completing;
    private final PatientExecutor storeExecutor;
    private final Tidying tidying = new Tidying();
    private final Store store;
    private final CometEndpoint endpoint;
    private volatile ICometStateProvider.Usage lastUsage = ICometStateProvider.Usage.NONE;

    private CometStateManager(Builder builder) {
        ContentsEncoder encoder = new ContentsEncoder(builder.mapper);
        prepare(encoder);
        provider = builder.provider;
        limits = builder.limits;
        ownEventThreads = new OwnThreads("comet-events", builder.threadFactory);
        ownCompletionThreads = new OwnThreads("comet-completions", builder.threadFactory);
        storeThreads = new OwnThreads("comet-store", builder.threadFactory);
        pool = new WaitThreadPool<>(builder.waitThreads, waitClock(builder.clock));
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
        store = new Store(provider, limits, counters, storeExecutor);
        requests =
                new PendingRequests(
                        store,
                        pool,
                        counters,
                        completing,
                        builder.maxPendingRequests,
                        builder.maxPendingRequestsPerClient);
        Services services =
                new Services(
                        store,
                        builder.clock,
                        counters,
                        pool,
                        requests,
                        new Drain(counters),
                        StreamTimes.of(builder.heartbeat, builder.stallTimeout));
        sessions = new Sessions(services, events, pool);
        subscriptions = new Subscriptions(sessions, services);
        sender = new Sender(store, limits, encoder, counters, sessions);
        endpoint = new ManagerEndpoint(store, sessions, subscriptions, sender, requests);
        try {
            provider.start(new ICometStateProvider.Context(limits, builder.clock, sessions));
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

    private static WaitClock waitClock(CometClock clock) {
        return new WaitClock() {
            @Override
            public long nanos() {
                return clock.nanos();
            }

            @Override
            public void parkUntil(long untilNanos) {
                clock.parkUntil(untilNanos);
            }
        };
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
        prepareAnswers();
        ColdClasses.initialise(
                CometStateManager.class,
                "ClientSession",
                "Counters$1",
                "EventDispatcher$ClientEvents",
                "HeldPoll",
                "OpenStream",
                "PendingRequests$State",
                "Arguments",
                "Subscription$1",
                "CometClient$Randomness",
                "CometMessage$Json",
                "engine.CometWaitRequest",
                "engine.CometWaitRequest$EndCause",
                "engine.WaitSession",
                "internal.Names");
        try {
            encoder.encode(Map.of("text", List.of(1, 1.5e300, true)));
        } catch (RuntimeException e) {
            LOG.debug("The mapper cannot write this; contents may be simpler", e);
        }
    }

    /** One of each kind. */
    private static void prepareAnswers() {
        CometGap gap = new CometGap(1, 1, CometGap.Reason.OVERFLOW);
        CometMessage message = new CometMessage(1, new EncodedMessage("n", new byte[] {'1'}));
        CometAnswer.messages(new CometBatch(List.of(gap), List.of(message), 2, true));
        CometAnswer.timeout(1);
        CometAnswer.superseded(1);
        CometAnswer.reconnect(1);
        CometAnswer.clientEnded(CometClientEventHandler.EndReason.DISCONNECTED);
        CometAnswer.error(CometException.unknownClient());
        new AnsweredPoll(CometAnswer.abandoned()).whenCompleted(answer -> {});
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
        return store.call(
                () -> {
                    if (subscriptions.isDraining()) {
                        throw new CometException(
                                CometException.Reason.DRAINING,
                                "this server is draining and takes no new clients; go to another");
                    }
                    CometClient newcomer = client.born();
                    sessions.initialize(newcomer);
                    return newcomer;
                });
    }

    /** The client that has this private token. */
    public Optional<CometClient> findClientByPrivateToken(String privateToken) {
        return store.call(
                () -> Optional.ofNullable(provider.findClientByPrivateToken(privateToken)));
    }

    /** The client that has this public token. */
    public Optional<CometClient> findClientByPublicToken(String publicToken) {
        return store.call(() -> Optional.ofNullable(provider.findClientByPublicToken(publicToken)));
    }

    /** All clients, as a snapshot in no particular order. */
    public List<CometClient> clients() {
        return store.call(provider::clients);
    }

    /**
     * Ends this very client, and never one that has taken its tokens since. Its held request is
     * answered, its tokens are free again, its messages are gone.
     *
     * @param client as {@link #initializeClient} returned it, or a look-up or an event gave it
     * @return whether this call did it; false if it has ended before
     * @throws CometException PARAMETERS_INVALID if it is a description that was never initialised
     */
    public boolean disconnect(CometClient client) {
        CometClient ending = initialised(client);
        return store.call(
                () -> sessions.disconnect(ending, CometClientEventHandler.EndReason.DISCONNECTED));
    }

    /**
     * The highest cursor that the client has confirmed; in the beginning, the id after which
     * messages are for it. What a client that is handed its tokens begins to poll with.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    public long confirmedMessageId(CometClient client) {
        CometClient confirming = initialised(client);
        return store.call(() -> provider.confirmedMessageId(confirming));
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
        return send(Audience.one(Arguments.publicToken(publicToken)), name, contents);
    }

    /**
     * Sends to this very client, and never to one that has taken its token since.
     *
     * @param client as {@link #initializeClient} returned it, or a look-up, a hook or an event gave
     *     it; a description that was never initialised is PARAMETERS_INVALID, here and wherever a
     *     client is named
     * @throws CometException as {@link #sendMessage(String, String, Object)}; CLIENT_DOES_NOT_EXIST
     *     also if it has ended
     */
    public long sendMessage(CometClient client, String name, Object contents) {
        return send(Audience.one(initialised(client)), name, contents);
    }

    /**
     * Sends the same message, under the same id, to each of these clients: to all of them or, if
     * one is unknown or refuses, to none.
     *
     * @param publicTokens at least one; repetitions count once
     */
    public long sendMessage(Collection<String> publicTokens, String name, Object contents) {
        if (publicTokens.isEmpty()) {
            throw Arguments.invalid("publicTokens is empty; name at least one recipient");
        }
        publicTokens.forEach(Arguments::publicToken);
        return send(Audience.each(publicTokens), name, contents);
    }

    /** Sends to every client that exists now. */
    public long sendToAll(String name, Object contents) {
        return send(new Audience.Everyone(null), name, contents);
    }

    /** Sends to every client that exists now, but one. */
    public long sendToAllExcept(String exceptPublicToken, String name, Object contents) {
        return send(
                new Audience.Everyone(Arguments.publicToken(exceptPublicToken)), name, contents);
    }

    /**
     * Sends to every client that exists now, but this very one. If it has ended nobody is left out,
     * whoever has its token.
     */
    public long sendToAllExcept(CometClient except, String name, Object contents) {
        return send(
                new Audience.Everyone(initialised(except).publicToken(), except.incarnation()),
                name,
                contents);
    }

    /** Sends to every client that is in the group now. A group without members is no error. */
    public long sendToGroup(String group, String name, Object contents) {
        return send(new Audience.Group(Arguments.group(group), null), name, contents);
    }

    /** Sends to every client that is in the group now, but one. */
    public long sendToGroupExcept(
            String group, String exceptPublicToken, String name, Object contents) {
        return send(
                new Audience.Group(
                        Arguments.group(group), Arguments.publicToken(exceptPublicToken)),
                name,
                contents);
    }

    /** As {@link #sendToAllExcept(CometClient, String, Object)}, in the group. */
    public long sendToGroupExcept(String group, CometClient except, String name, Object contents) {
        return send(
                new Audience.Group(
                        Arguments.group(group),
                        initialised(except).publicToken(),
                        except.incarnation()),
                name,
                contents);
    }

    private long send(Audience audience, String name, Object contents) {
        store.requireOpen();
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
        Arguments.publicToken(publicToken);
        return request(
                () -> store.byPublicToken(publicToken), name, contents, timeout, correlationId);
    }

    /** As {@link #request(String, String, Object, Duration)}: this very client is asked. */
    public CompletionStage<CometReply> request(
            CometClient client, String name, Object contents, Duration timeout) {
        return request(client, name, contents, timeout, CometClient.randomToken());
    }

    /** As {@link #request(String, String, Object, Duration, String)}: this very client is asked. */
    public CompletionStage<CometReply> request(
            CometClient client,
            String name,
            Object contents,
            Duration timeout,
            String correlationId) {
        initialised(client);
        return request(() -> client, name, contents, timeout, correlationId);
    }

    private CompletionStage<CometReply> request(
            Supplier<CometClient> receiver,
            String name,
            Object contents,
            Duration timeout,
            String correlationId) {
        return requests.request(
                sender::send,
                receiver,
                Arguments.messageName(name),
                contents,
                Arguments.timeout(timeout),
                Arguments.correlationId(correlationId));
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
        store.requireOpen();
        return sender.send(
                initialised(client), Names.REPLY, contents, Arguments.correlationId(correlationId));
    }

    /**
     * As {@link #replyTo}: tells the client why there is no reply.
     *
     * @param code the kind of failure, such as that of a {@link CometException.Reason}
     * @param reason in words, for the client; no secret
     */
    public long refuseTo(CometClient client, String correlationId, String code, String reason) {
        store.requireOpen();
        return sender.send(
                initialised(client),
                Names.REFUSED,
                new TreeMap<>(Map.of("code", code, "reason", reason)),
                Arguments.correlationId(correlationId));
    }

    private static CometClient initialised(CometClient client) {
        if (client.incarnation() == 0) {
            throw Arguments.invalid(
                    "client is a description; use what initializeClient has made of it");
        }
        return client;
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
        return inGroup(publicToken, group, provider::joinGroup);
    }

    /** As {@link #joinGroup(String, String)}: this very client. */
    public long joinGroup(CometClient client, String group) {
        CometClient member = initialised(client);
        return store.call(() -> provider.joinGroup(member, Arguments.group(group)));
    }

    /**
     * Ends the membership. What was sent to the group before still arrives, what is sent later does
     * not.
     *
     * @return false if the client was no member
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    public boolean leaveGroup(String publicToken, String group) {
        return inGroup(publicToken, group, provider::leaveGroup);
    }

    /** As {@link #leaveGroup(String, String)}: this very client. */
    public boolean leaveGroup(CometClient client, String group) {
        CometClient member = initialised(client);
        return store.call(() -> provider.leaveGroup(member, Arguments.group(group)));
    }

    /** Both names are checked before the store is asked. */
    private <T> T inGroup(
            String publicToken, String group, BiFunction<CometClient, String, T> call) {
        return store.call(
                () -> {
                    String token = Arguments.publicToken(publicToken);
                    String name = Arguments.group(group);
                    return call.apply(store.byPublicToken(token), name);
                });
    }

    /**
     * The names of the groups that somebody is in, at whatever node, in no particular order.
     *
     * @throws CometException PROVIDER_UNAVAILABLE; CLOSED
     */
    public List<String> groups() {
        return store.call(provider::groups);
    }

    /** The members of the group, in the order in which they joined. */
    public List<CometClient> groupMembers(String group) {
        return store.call(() -> provider.groupMembers(Arguments.group(group)));
    }

    /**
     * The last messages that the group's log still holds, oldest first.
     *
     * @param upTo the highest id wanted, {@link Long#MAX_VALUE} for all
     * @param maxMessages how many at most, at least 1
     */
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        if (maxMessages < 1) {
            throw Arguments.invalid("maxMessages is " + maxMessages + "; use at least 1");
        }
        return store.call(() -> provider.groupHistory(Arguments.group(group), upTo, maxMessages));
    }

    // ---- life

    /** Adds a handler; it is told of events from now on. */
    public void addEventHandler(CometClientEventHandler handler) {
        events.add(handler);
    }

    /**
     * What the manager is doing. Cheap, fit to be asked every second, and never fails: what the
     * provider cannot say is what it said last.
     */
    public CometStatistics statistics() {
        return counters.read(
                usage(),
                limits.maxTotalBytes(),
                storeThreads.waiting(),
                new CometStatistics.Faults(pool.replacedThreads(), Faults.count()));
    }

    private ICometStateProvider.Usage usage() {
        try {
            lastUsage = provider.usage();
        } catch (RuntimeException e) {
            counters.providerFailures.increment();
            Faults.warn(LOG, "The provider could not say what it holds", e);
        }
        return lastUsage;
    }

    /**
     * What transports use, such as comet-http: requests that are held, and what clients confirm.
     */
    public CometEndpoint endpoint() {
        return endpoint;
    }

    /** How the client that has this public token is doing. */
    public Optional<CometClientStatus> status(String publicToken) {
        Arguments.publicToken(publicToken);
        return findClientByPublicToken(publicToken)
                .map(client -> store.call(() -> sessions.status(client)));
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
        store.requireOpen();
        if (spread.isNegative()) {
            throw Arguments.invalid("spread is " + spread + "; use zero or more");
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
        if (!store.isClosed() && WaitThreadPool.isOnWaitThread()) {
            throw new IllegalStateException(
                    "close() was called on "
                            + Thread.currentThread().getName()
                            + ", a wait thread, which it would wait for; have the callback call it"
                            + " on a thread of the application");
        }
        if (!store.close()) {
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

    WaitThreadPool<ClientSession> pool() {
        return pool;
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
                tidy(provider::tidy);
                tidy(sessions::killOrphans);
            } finally {
                waiting.set(false);
            }
        }
    }

    private void tidy(Runnable task) {
        try {
            if (!store.isClosed()) {
                task.run();
            }
        } catch (RuntimeException e) {
            counters.providerFailures.increment();
            Faults.warn(
                    LOG, "The provider could not tidy up; trying again in {}", TIDY_INTERVAL, e);
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
                throw Arguments.invalid(
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
                throw Arguments.invalid(
                        "maxPendingEvents is " + maxPendingEvents + "; use at least 1");
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
                throw Arguments.invalid(
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
                throw Arguments.invalid(
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
                throw Arguments.invalid(name + " is " + value + "; use 1 s to 1 h");
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
