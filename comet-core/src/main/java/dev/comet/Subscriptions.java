package dev.comet;

import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EventDispatcher.ClientEvents;
import dev.comet.engine.CometWaitRequest.Ending;
import dev.comet.engine.Faults;
import dev.comet.engine.WaitThreadPool;
import dev.comet.spi.CometClock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
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
 *
 * <p>Long because a client's session, what it holds and its end have one order, which is kept here.
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

    private volatile Consumer<CometClient> whenGone = client -> {};
    private String lastAddress = ""; // any of them will do: no need to be volatile
    private volatile boolean draining;
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
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
            WaitThreadPool<ClientSession> pool) {
        this.provider = provider;
        this.clock = clock;
        this.counters = counters;
        this.dispatcher = dispatcher;
        this.storeThreads = storeThreads;
        this.readsFromMemory = provider.readsFromMemory();
        this.random = random;
        this.reader = new StoreReader(provider, limits, counters);
        this.streamTimes = streamTimes;
        this.pool = pool;
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

    /**
     * @param client one that was just {@linkplain CometClient#born born}
     */
    void initialize(CometClient client) {
        // Everything is allocated before the store has the client; and whoever finds the client
        // there finds its session, from the first moment on.
        ClientEvents events =
                new ClientEvents(dispatcher, handler -> handler.clientInitialized(client));
        ClientSession session = new ClientSession(pool, client, this, events);
        Runnable begins = pool.add(session);
        try {
            provider.initializeClient(client);
        } catch (Throwable e) {
            if (!(e instanceof CometException)) {
                removeQuietly(client); // whether the store has it, nobody knows
            }
            events.discard();
            if (!endSafely(session)) {
                begins.run(); // then its idle time does
            }
            throw e;
        }
        begins.run();
        events.begin();
        try {
            joinItsGroups(session);
        } catch (Throwable e) { // it tries again when the client comes
            Faults.warn(LOG, "The provider could not say which groups {} is in", client, e);
        }
        LOG.debug("{} has been initialised", client);
    }

    private void removeQuietly(CometClient client) {
        try {
            provider.removeClient(client);
        } catch (Throwable e) {
            LOG.debug("The provider did not remove {} either", client, e);
        }
    }

    boolean disconnect(String privateToken, EndReason reason) {
        CometClient client = provider.getCometClient(privateToken);
        return client != null && disconnect(client, reason);
    }

    boolean disconnect(CometClient client, EndReason reason) {
        ClientSession session = sessionOf(client);
        session.endsBecause(reason);
        Consumer<CometClientEventHandler> last =
                handler -> handler.clientDisconnected(client, reason);
        boolean removed = removed(session);
        if (removed) {
            session.events().postLast(last);
            counters.clientsDisconnected.increment();
        }
        endSafely(session);
        LOG.debug("{} was ended: {}", client, reason);
        return removed;
    }

    private boolean removed(ClientSession session) {
        boolean answered = false;
        try {
            boolean removed = provider.removeClient(session.client());
            answered = true;
            return removed;
        } finally {
            if (!answered) {
                session.endsNot();
            }
        }
    }

    /**
     * The store has no such client any more: what fails now is seen to when it could be idle.
     *
     * @return whether nothing failed
     */
    private boolean endSafely(ClientSession session) {
        try {
            clientIsGone(session);
            return true;
        } catch (Throwable e) {
            Faults.error("The session of a client that was ended is left for later", e);
            return false;
        }
    }

    /** A wait thread asks: no request is held, and the client could be idle. The provider knows. */
    void killIfIdle(ClientSession session) {
        onStoreThread(() -> killNowIfIdle(session));
    }

    private void killNowIfIdle(ClientSession session) {
        CometClient client = session.client();
        try {
            Consumer<CometClientEventHandler> last = handler -> handler.idleClientKilled(client);
            long answer = provider.killIdleCometClient(client);
            if (answer > 0) {
                session.askAgainIn(answer);
                return;
            }
            if (answer == ICometStateProvider.KILLED) {
                session.events().postLast(last);
                counters.idleClientsKilled.increment();
            }
            endSafely(session);
            LOG.debug("{} stayed away and was ended", client);
        } catch (Throwable e) {
            session.askAgainIn(RETRY_NANOS);
            counters.providerFailures.increment();
            Faults.warn(
                    LOG, "The provider could not say whether {} is idle; asking again", client, e);
        } finally {
            session.idleWasChecked();
        }
    }

    void clientIsGone(ClientSession session) {
        whenGone.accept(session.client()); // first: if it fails, the session is left to try again
        pool.end(session, Ending.CLIENT_GONE);
    }

    /** What else is to happen when a client has ended. May be told more than once. */
    void whenGone(Consumer<CometClient> action) {
        whenGone = action;
    }

    /** Null if the store has no client of this token. */
    private @Nullable ClientSession sessionOf(String privateToken) {
        CometClient client = provider.getCometClient(privateToken);
        return client == null ? null : sessionOf(client);
    }

    private ClientSession sessionOf(CometClient client) {
        ClientSession session = pool.get(client);
        if (session == null) {
            return adopt(client);
        }
        if (session.missedAGroup()) {
            joinItsGroups(session);
        }
        return session;
    }

    /** A client that was initialised on another node, or before this manager began. */
    private ClientSession adopt(CometClient client) {
        ClientSession session = new ClientSession(pool, client, this, new ClientEvents(dispatcher));
        ClientSession known = pool.open(session);
        if (known == session) {
            joinItsGroups(session);
        }
        return known;
    }

    /**
     * Those of which {@link #joined} was told when there was no session yet: also somebody who has
     * seen a new client in the store may make it a member.
     */
    private void joinItsGroups(ClientSession session) {
        session.missedAGroup(false);
        boolean joined = false;
        try {
            provider.groupsOf(session.client()).forEach(group -> pool.join(session, group));
            joined = true;
        } finally {
            if (!joined) {
                session.missedAGroup(true);
            }
        }
    }

    // ---- requests

    CometAsyncResult begin(
            String privateToken, long lastMessageId, @Nullable Duration hold, long instance) {
        try {
            return begin(subscribing(privateToken), lastMessageId, hold, instance);
        } catch (CometException e) {
            return completed(CometAnswer.error(counters.refused(e)));
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
        } catch (Throwable e) {
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
                new HeldRequest(session, lastMessageId, clock.nanos() + holdNanos, instance);
        counters.heldRequests.increment(client);
        try {
            if (takesOver(request)) {
                if (draining) {
                    request.end(Ending.DRAINING);
                } else if (holdNanos == 0) {
                    request.timeOut();
                } else {
                    pool.hold(request);
                }
            }
        } catch (Throwable e) { // it is known to others by now: nobody else would answer it
            request.complete(CometAnswer.failed());
            Faults.warn(LOG, "A request of {} could not be held", client, e);
        }
        return request;
    }

    void open(String privateToken, long lastMessageId, CometStreamSink sink, long instance) {
        ClientSession session;
        try {
            session = subscribing(privateToken);
        } catch (CometException e) {
            sink.ended(CometAnswer.error(counters.refused(e)));
            return;
        }
        OpenStream stream = new OpenStream(session, lastMessageId, streamTimes, sink, instance);
        counters.openStreams.increment(session.client()); // before its end can be told
        boolean opened = false;
        try {
            sink.opened(stream); // nobody else knows it yet
            opened = true;
        } finally {
            if (!opened) {
                counters.openStreams.decrement(session.client());
            }
        }
        try {
            if (!stream.isDone() && takesOver(stream)) {
                if (draining) {
                    stream.end(Ending.DRAINING);
                } else {
                    pool.hold(stream);
                }
            }
        } catch (Throwable e) {
            stream.complete(CometAnswer.failed());
            Faults.warn(LOG, "A stream of {} could not be opened", session.client(), e);
        } finally {
            stream.openerWorks();
        }
        if (stream.isDone() && session.letGo(stream)) { // it ended before it became the newest
            idleTimeBegins(session);
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
            if (provider.keepAlive(session.client(), request.aliveNanos())) {
                return true;
            }
            request.end(Ending.CLIENT_GONE);
            clientIsGone(session);
        } catch (Throwable e) {
            session.letGo(request); // no idle time begins: the store would fail again
            request.fails(e);
        }
        return false;
    }

    CometAnswer end(CometAsyncResult result) {
        if (result instanceof HeldRequest request && request.complete(CometAnswer.abandoned())) {
            request.session().releaseSoon(request);
        }
        return result.answer();
    }

    /**
     * @param wasNewest whether it was its client's newest until now: its idle time begins
     * @param answer what it was answered, or null if somebody else was first
     */
    void heldRequestEnded(HeldRequest request, boolean wasNewest, @Nullable CometAnswer answer) {
        try {
            if (answer != null) {
                counters.heldRequests.decrement(request.clientSession().client());
                counters.count(answer);
            }
            if (wasNewest) {
                idleTimeBegins(request.clientSession());
            }
            if (answer != null) {
                tellIfSuperseded(request, answer);
            }
            drainedIfNothingIsOpen();
        } catch (Throwable e) {
            leftOut(e);
        }
    }

    /** The end of a stream has been told. */
    void streamEnded(OpenStream stream, CometAnswer answer) {
        try {
            counters.openStreams.decrement(stream.clientSession().client());
            counters.count(answer);
            tellIfSuperseded(stream, answer);
            drainedIfNothingIsOpen();
        } catch (Throwable e) {
            leftOut(e);
        }
    }

    /** The newest stream of a client is ending. */
    void nothingIsOpenAnyMore(ClientSession session) {
        try {
            idleTimeBegins(session);
        } catch (Throwable e) {
            leftOut(e);
        }
    }

    private static void tellIfSuperseded(Subscription request, CometAnswer answer) {
        if (answer.outcome() == CometAnswer.Outcome.SUPERSEDED) {
            LOG.debug("A newer request of {} took over", request.clientSession().client());
        }
    }

    /** Its client counts as having a request until the hold ends, and as idle after that. */
    private static void leftOut(Throwable e) {
        Faults.error("Not all was done that the end of a request entails", e);
    }

    void streamWasCutOff(CometClient client) {
        counters.streamsCutOff.increment();
        LOG.debug("{} has read nothing for too long; its stream is cut off", client);
    }

    /** Unless there is a newer request by then: it keeps the client alive itself. */
    private void idleTimeBegins(ClientSession session) {
        if (!ClientSession.IDLE_BEGINNINGS.begin(session)) {
            return; // however many requests end, one task waits
        }
        boolean handedOver = false;
        try {
            onStoreThread(() -> ClientSession.IDLE_BEGINNINGS.finish(session));
            handedOver = true;
        } finally {
            if (!handedOver) {
                ClientSession.IDLE_BEGINNINGS.giveUp(session);
            }
        }
    }

    void idleTimeBeginsNow(ClientSession session) {
        if (session.newest() != null) {
            return;
        }
        try {
            provider.keepAlive(session.client(), session.client().connectionIdle().toNanos());
            if (session.newest() instanceof Subscription newer) {
                keepAlive(newer); // it came meanwhile, and may have been overwritten
            }
        } catch (Throwable e) {
            counters.providerFailures.increment();
            LOG.debug("The provider did not take the end of a request of {}", session.client(), e);
        }
    }

    StoreReader reader() {
        return reader;
    }

    void seenAt(CometClient client, String address) {
        ClientSession session = pool.get(client);
        if (session != null && !address.equals(session.address())) {
            String known = lastAddress; // behind a proxy that nobody told of, all have the same
            if (!address.equals(known)) {
                known = address;
                lastAddress = address;
            }
            session.address(known);
        }
    }

    CometClientStatus status(CometClient client) {
        ClientSession session = pool.get(client);
        Object newest = session == null ? null : session.newest();
        ICometStateProvider.ClientUsage usage = provider.usage(client);
        Duration heldFor = Duration.ZERO;
        Duration unseenFor = Duration.ZERO;
        if (newest instanceof Subscription request) {
            heldFor = Duration.ofNanos(Math.max(0, clock.nanos() - request.beganNanos()));
        } else {
            unseenFor = notNegative(client.connectionIdle().minus(usage.idleIn()));
        }
        return new CometClientStatus(
                client,
                newest instanceof HeldRequest
                        ? CometClientStatus.Transport.POLL
                        : newest instanceof OpenStream
                                ? CometClientStatus.Transport.STREAM
                                : CometClientStatus.Transport.NONE,
                heldFor,
                unseenFor,
                provider.confirmedMessageId(client),
                session == null ? null : session.address(),
                usage.lag());
    }

    private static Duration notNegative(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }

    CometAnswer answer(CometBatch batch) {
        return CometAnswer.messages(batch, assembler.assemble(batch));
    }

    void streamed(ClientSession session, CometBatch batch) {
        counters.count(batch);
        announce(session, batch);
    }

    /** An answer or a stream says what was lost: one event for each, whatever there is in it. */
    void announce(ClientSession session, CometBatch batch) {
        if (batch.gaps().isEmpty()) {
            return; // as nearly always
        }
        batch.gaps().stream()
                .reduce(EventDispatcher::merged)
                .ifPresent(
                        gap -> {
                            session.events().postGap(session.client(), gap);
                            LOG.debug("{} was told of {}", session.client(), gap);
                        });
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
        storeThreads.execute(task);
    }

    private CometAsyncResult completed(CometAnswer answer) {
        counters.count(answer);
        return new AnsweredRequest(answer);
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
    public void clientGrew(CometClient client) {
        pool.grew(client);
    }

    @Override
    public void joined(CometClient client, String group) {
        ClientSession session = pool.get(client);
        if (session != null) {
            boolean joined = false;
            try {
                pool.join(session, group);
                joined = true;
            } finally {
                if (!joined) {
                    session.missedAGroup(true);
                }
            }
        }
    }

    @Override
    public void left(CometClient client, String group) {
        ClientSession session = pool.get(client);
        if (session != null) {
            pool.leave(session, group);
        }
    }

    // ---- life

    WaitThreadPool<ClientSession> pool() {
        return pool;
    }

    boolean isDraining() {
        return draining;
    }

    CompletionStage<Void> drain(Duration spread) {
        draining = true;
        CompletionStage<Void> over = pool.drain(Math.max(spread.toNanos(), 1), random);
        drainedIfNothingIsOpen();
        return over.acceptEither(drained, nothing -> {});
    }

    /**
     * A request is counted before it asks whether this drains: so what is not counted here, after
     * that was set, ends by itself at once.
     */
    private void drainedIfNothingIsOpen() {
        if (draining && counters.nothingIsOpen()) {
            drained.complete(null);
        }
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
