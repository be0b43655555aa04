package dev.comet;

import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.engine.CometWaitRequest.Ending;
import dev.comet.engine.Deadline;
import dev.comet.engine.WaitThreadPool;
import dev.comet.spi.CometClock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving side: sessions, held requests, streams, and the end of clients. What {@link
 * CometStateManager} promises about them is done here.
 */
final class Subscriptions implements ICometStateProvider.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ICometStateProvider provider;
    private final CometClock clock;
    private final Counters counters;
    private final EventDispatcher dispatcher;
    private final Executor storeThreads;
    private final boolean readsFromMemory;
    private final LongUnaryOperator random;
    private final WaitThreadPool<ClientSession> pool;
    private final StoreReader reader;
    private final StreamTimes streamTimes;
    private final BatchAssembler assembler = new BatchAssembler();

    /**
     * Private tokens of clients that the store may have, but that have no session yet: nobody is to
     * make one for them.
     */
    private final Set<String> beingInitialized = ConcurrentHashMap.newKeySet();

    private volatile Consumer<CometClient> whenGone = client -> {};
    private volatile boolean draining;
    private volatile boolean closed;

    /**
     * @param storeThreads runs what reads the provider on behalf of a wait thread; on the same
     *     thread if the provider answers from memory
     */
    Subscriptions(
            ICometStateProvider provider,
            CometLimits limits,
            CometClock clock,
            Counters counters,
            EventDispatcher dispatcher,
            Executor storeThreads,
            LongUnaryOperator random,
            StreamTimes streamTimes,
            int waitThreads) {
        this.provider = provider;
        this.clock = clock;
        this.counters = counters;
        this.dispatcher = dispatcher;
        this.storeThreads = storeThreads;
        this.readsFromMemory = provider.readsFromMemory();
        this.random = random;
        this.reader = new StoreReader(provider, limits, counters);
        this.streamTimes = streamTimes;
        this.pool = new WaitThreadPool<>(waitThreads, clock);
    }

    static CometException unknownClient() {
        return new CometException(
                CometException.Reason.CLIENT_DOES_NOT_EXIST,
                "no client has this private token; connect again");
    }

    static CometException closed() {
        return new CometException(
                CometException.Reason.CLOSED, "this CometStateManager is closed; build a new one");
    }

    // ---- clients

    void initialize(CometClient client) {
        if (!beingInitialized.add(client.privateToken())) {
            throw new CometException(
                    CometException.Reason.CLIENT_ALREADY_EXISTS,
                    "a client with the private token of " + client + " is being initialised");
        }
        try {
            provider.initializeClient(client);
            ClientSession session =
                    newSession(
                            client,
                            dispatcher
                            .new ClientEvents(handler -> handler.clientInitialized(client)));
            // A session of this token can only be of a client that had it before and is about to
            // end.
            for (ClientSession found = pool.open(session);
                    found != session;
                    found = pool.open(session)) {
                clientIsGone(found);
            }
            session.events().begin();
            joinItsGroups(session);
        } finally {
            beingInitialized.remove(client.privateToken());
        }
    }

    boolean disconnect(String privateToken, EndReason reason) {
        ClientSession session = sessionOf(privateToken);
        if (session == null) {
            return false;
        }
        session.endsBecause(reason);
        if (!provider.removeClient(privateToken)) {
            return false;
        }
        counters.clientsDisconnected.increment();
        CometClient client = session.client();
        session.events().postLast(handler -> handler.clientDisconnected(client, reason));
        clientIsGone(session);
        return true;
    }

    /** A wait thread asks: no request is held, and the client could be idle. The provider knows. */
    void killIfIdle(ClientSession session) {
        onStoreThread(
                () -> {
                    try {
                        long answer = provider.killIdleCometClient(session.key());
                        if (answer > 0) {
                            session.askAgainIn(answer);
                            return;
                        }
                        if (answer == ICometStateProvider.KILLED) {
                            counters.idleClientsKilled.increment();
                            session.events()
                                    .postLast(
                                            handler -> handler.idleClientKilled(session.client()));
                        }
                        clientIsGone(session);
                    } catch (Throwable e) {
                        counters.providerFailures.increment();
                        LOG.warn(
                                "The provider could not say whether {} is idle; asking again",
                                session.client(),
                                e);
                        session.askAgainIn(RETRY_NANOS);
                    }
                });
    }

    void clientIsGone(ClientSession session) {
        pool.end(session, Ending.CLIENT_GONE);
        whenGone.accept(session.client());
    }

    /** What else is to happen when a client has ended. May be told more than once. */
    void whenGone(Consumer<CometClient> action) {
        whenGone = action;
    }

    Deadline after(String key, Duration delay, Runnable task) {
        return pool.after(key, delay.toNanos(), task);
    }

    private @Nullable ClientSession sessionOf(String privateToken) {
        ClientSession session = pool.get(privateToken);
        return session != null ? session : adopt(privateToken);
    }

    /** A client that was initialised on another node, or before this manager began. */
    private @Nullable ClientSession adopt(String privateToken) {
        if (beingInitialized.contains(privateToken)) {
            return null;
        }
        CometClient client = provider.getCometClient(privateToken);
        if (client == null) {
            return null;
        }
        ClientSession session = pool.open(newSession(client, dispatcher.new ClientEvents()));
        joinItsGroups(session);
        return session;
    }

    private ClientSession newSession(CometClient client, EventDispatcher.ClientEvents events) {
        return new ClientSession(pool, client, this, events);
    }

    /**
     * Those of which {@link #joined} was told when there was no session yet: also somebody who has
     * seen a new client in the store may make it a member.
     */
    private void joinItsGroups(ClientSession session) {
        provider.groupsOf(session.key()).forEach(group -> pool.join(session, group));
    }

    // ---- requests

    CometAsyncResult begin(
            String privateToken, long lastMessageId, @Nullable Duration hold, long instance) {
        try {
            return begin(subscribing(privateToken), lastMessageId, hold, instance);
        } catch (CometException e) {
            return completed(CometAnswer.error(e));
        }
    }

    private ClientSession subscribing(String privateToken) {
        if (closed) {
            throw closed();
        }
        @Nullable ClientSession session;
        try {
            session = sessionOf(privateToken);
        } catch (CometException e) {
            throw e;
        } catch (RuntimeException e) {
            throw reader.unavailable(e);
        }
        if (session == null) {
            throw unknownClient();
        }
        return session;
    }

    private CometAsyncResult begin(
            ClientSession session, long lastMessageId, @Nullable Duration hold, long instance) {
        CometClient client = session.client();
        long holdNanos = client.connectionTimeout().toNanos();
        if (hold != null && hold.compareTo(client.connectionTimeout()) < 0) {
            holdNanos = Math.max(hold.toNanos(), 0);
        }
        HeldRequest request =
                new HeldRequest(this, session, lastMessageId, clock.nanos() + holdNanos, instance);
        counters.heldRequests.increment();
        if (takesOver(request)) {
            if (draining) {
                request.end(Ending.DRAINING);
            } else if (holdNanos == 0) {
                request.timeOut();
            } else {
                pool.hold(request);
            }
        }
        return request.result();
    }

    void open(String privateToken, long lastMessageId, CometStreamSink sink, long instance) {
        ClientSession session;
        try {
            session = subscribing(privateToken);
        } catch (CometException e) {
            sink.ended(CometAnswer.error(e));
            return;
        }
        OpenStream stream =
                new OpenStream(this, session, lastMessageId, streamTimes, sink, instance);
        sink.opened(stream);
        counters.openStreams.increment();
        if (takesOver(stream)) {
            if (draining) {
                stream.end(Ending.DRAINING);
            } else {
                pool.hold(stream);
            }
        }
    }

    /**
     * The request becomes its client's newest, and looks for messages.
     *
     * @return whether it has not ended with that
     */
    private boolean takesOver(Subscription request) {
        ClientSession session = request.clientSession();
        // First the newest, then alive: the end of an older request may reach the store later than
        // this, and looks for a newer one afterwards.
        session.takeOver(request);
        if (!keepAlive(request)) {
            return false;
        }
        CometClient client = session.client();
        session.events().postUnlessBusy(handler -> handler.clientSubscribed(client));
        request.lookNow();
        return !request.isDone();
    }

    /**
     * From here on the client is not idle, and whatever kill comes later knows it.
     *
     * @return false if the request has ended with that
     */
    boolean keepAlive(Subscription request) {
        ClientSession session = request.clientSession();
        try {
            if (provider.keepAlive(session.key(), request.aliveNanos())) {
                return true;
            }
            request.end(Ending.CLIENT_GONE);
            clientIsGone(session);
        } catch (RuntimeException e) {
            session.letGo(request); // no idle time begins: the store would fail again
            request.complete(
                    CometAnswer.error(
                            e instanceof CometException known ? known : reader.unavailable(e)));
        }
        return false;
    }

    CometAnswer end(CometAsyncResult result) {
        HeldRequest request = result.request();
        if (request != null && request.complete(CometAnswer.abandoned())) {
            request.session().releaseSoon();
        }
        return result.answer();
    }

    /** The request is about to be answered: it is its client's newest no more. */
    void letGo(Subscription request) {
        ClientSession session = request.clientSession();
        if (session.letGo(request)) {
            idleTimeBegins(session);
        }
    }

    void heldRequestEnded(CometAnswer answer) {
        counters.heldRequests.decrement();
        counters.count(answer);
    }

    void streamEnded(CometAnswer answer) {
        counters.openStreams.decrement();
        counters.count(answer);
    }

    void streamWasCutOff(CometClient client) {
        counters.streamsCutOff.increment();
        LOG.debug("{} has read nothing for too long; its stream is cut off", client);
    }

    /** Unless there is a newer request by then: it keeps the client alive itself. */
    private void idleTimeBegins(ClientSession session) {
        onStoreThread(
                () -> {
                    if (session.newest() != null) {
                        return;
                    }
                    try {
                        provider.keepAlive(
                                session.key(), session.client().connectionIdle().toNanos());
                        if (session.newest() instanceof Subscription newer) {
                            keepAlive(newer); // it came meanwhile, and may have been overwritten
                        }
                    } catch (Throwable e) {
                        counters.providerFailures.increment();
                        LOG.debug(
                                "The provider did not take the end of a request of {}",
                                session.client(),
                                e);
                    }
                });
    }

    StoreReader reader() {
        return reader;
    }

    CometAnswer answer(ClientSession session, CometBatch batch) {
        announce(session, batch);
        return CometAnswer.messages(batch, assembler.assemble(batch));
    }

    void streamed(ClientSession session, CometBatch batch) {
        announce(session, batch);
        counters.count(batch);
    }

    private static void announce(ClientSession session, CometBatch batch) {
        for (CometGap gap : batch.gaps()) {
            session.events().post(handler -> handler.messagesDropped(session.client(), gap));
        }
    }

    /** Late enough for a load balancer to have noticed, and not all at once. */
    CometAnswer reconnect() {
        return CometAnswer.reconnect(1_000 + random.applyAsLong(2_000));
    }

    /** Whether what reads the store may do so on any thread. */
    boolean readsFromMemory() {
        return readsFromMemory;
    }

    void onStoreThread(Runnable task) {
        try {
            storeThreads.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("Closed: a read of the store was left out");
        }
    }

    private CometAsyncResult completed(CometAnswer answer) {
        CometAsyncResult result = new CometAsyncResult(null);
        result.complete(answer);
        counters.count(answer);
        return result;
    }

    // ---- what the provider says

    @Override
    public void everyoneGrew() {
        pool.everyoneGrew();
    }

    @Override
    public void groupGrew(String group) {
        pool.groupGrew(group);
    }

    @Override
    public void clientGrew(String privateToken) {
        pool.grew(privateToken);
    }

    @Override
    public void joined(String privateToken, String group) {
        ClientSession session = pool.get(privateToken);
        if (session != null) {
            pool.join(session, group);
        }
    }

    @Override
    public void left(String privateToken, String group) {
        ClientSession session = pool.get(privateToken);
        if (session != null) {
            pool.leave(session, group);
        }
    }

    // ---- life

    WaitThreadPool<ClientSession> pool() {
        return pool;
    }

    void every(Duration interval, Runnable task) {
        pool.every(interval.toNanos(), task);
    }

    boolean isDraining() {
        return draining;
    }

    CompletionStage<Void> drain(Duration spread) {
        draining = true;
        return pool.drain(Math.max(spread.toNanos(), 1), random);
    }

    void close() {
        closed = true;
        pool.close();
    }

    long nowNanos() {
        return clock.nanos();
    }

    static long randomBelow(long bound) {
        return ThreadLocalRandom.current().nextLong(bound);
    }
}
