package dev.comet;

import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EventDispatcher.ClientEvents;
import dev.comet.engine.CometWaitRequest.EndCause;
import dev.comet.engine.Faults;
import dev.comet.engine.SerialWork;
import dev.comet.engine.WaitSession;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a manager keeps of a client: its place on a wait thread, and its events; and how its idle
 * time begins and its life ends.
 */
final class ClientSession extends WaitSession {

    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** That idle times begin, told to the store. */
    private static final SerialWork<ClientSession> IDLE_BEGINNINGS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(ClientSession.class, "idleBeginnings"),
                    ClientSession::idleTimeBeginsNow);

    private static final AtomicReferenceFieldUpdater<ClientSession, @Nullable Object> LAST_KNOWN =
            AtomicReferenceFieldUpdater.newUpdater(ClientSession.class, Object.class, "lastKnown");

    /** A request that its client is not idle because of. */
    interface KeepsAlive {
        /**
         * From here on the client is not idle, and whatever kill comes later knows it.
         *
         * @return false if the request has ended with that
         */
        boolean keepAlive();
    }

    private static final AtomicLongFieldUpdater<ClientSession> GENERATION =
            AtomicLongFieldUpdater.newUpdater(ClientSession.class, "generation");

    /** In the place of a generation: another node has the client. */
    private static final long MOVED = -1;

    /** In the place of why the client was ended: it was not, but this node holds nothing for it. */
    private record MovedAway(long instance) {}

    private final Services services;
    private final ClientEvents events;

    /** The highest with which the client was attached here; MOVED when another node has it. */
    private volatile long generation;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int idleBeginnings;

    /**
     * Where it was last seen, as the transport says, a String; then why the client was ended, an
     * EndReason, if it was not for being idle, written before it is; or that it has moved away. One
     * field, because there are as many as clients.
     */
    private volatile @Nullable Object lastKnown;

    /** Whether it may have missed a group that its client is in. */
    private volatile boolean missedAGroup;

    /** Whether the last look for messages has failed. */
    private volatile boolean lookFailed;

    /** Whether another one is due, by a timer. */
    private volatile boolean lookIsDue;

    /** Whether the store is being asked if the client is idle. Set by the wait thread alone. */
    private volatile boolean idleChecked;

    ClientSession(CometClient client, Services services, ClientEvents events) {
        super(services.pool().ownerOf(client), client);
        this.services = services;
        this.events = events;
    }

    CometClient client() {
        return (CometClient) key();
    }

    @Override
    protected long idleNanos() {
        return TimeUnit.SECONDS.toNanos(client().connectionIdleSeconds());
    }

    Services services() {
        return services;
    }

    ClientEvents events() {
        return events;
    }

    @Nullable String address() {
        return lastKnown instanceof String address ? address : null;
    }

    void address(String seenAt) {
        Object before = lastKnown;
        if (before == null || before instanceof String) {
            LAST_KNOWN.compareAndSet(this, before, seenAt); // unless it is ended meanwhile
        }
    }

    void missedAGroup(boolean missed) {
        missedAGroup = missed;
    }

    boolean missedAGroup() {
        return missedAGroup;
    }

    /** Something says what was lost: one event for each, whatever there is in it. */
    void announce(CometBatch batch) {
        if (batch.gaps().isEmpty()) {
            return; // as nearly always
        }
        batch.gaps().stream()
                .reduce(EventDispatcher::merged)
                .ifPresent(
                        gap -> {
                            events.postGap(client(), gap);
                            LOG.debug("{} was told of {}", client(), gap);
                        });
    }

    // ---- a store that fails

    /** Whether the last look has failed. */
    boolean lookFailed() {
        return lookFailed;
    }

    /** A look has not failed. */
    void lookSucceeded() {
        if (lookFailed) {
            lookFailed = false;
        }
    }

    /**
     * Has what is held look for messages in about a second: not all at once, and not again and
     * again.
     *
     * @return whether that could be arranged
     */
    boolean lookAgainSoon() {
        lookFailed = true;
        if (lookIsDue) {
            return true;
        }
        lookIsDue = true;
        boolean isDue = false;
        try {
            services.pool()
                    .timer(client(), this::lookAgain)
                    .startIn(LOOK_AGAIN_NANOS + Services.randomBelow(2 * LOOK_AGAIN_NANOS));
            isDue = true;
        } catch (Throwable e) { // no memory for it
            lookIsDue = false;
        }
        return isDue;
    }

    private void lookAgain() {
        lookIsDue = false;
        signal();
    }

    // ---- idle times

    /** Unless there is a newer request by then: it keeps the client alive itself. */
    void idleTimeBegins() {
        if (!IDLE_BEGINNINGS.begin(this)) {
            return; // however many requests end, one task waits
        }
        boolean handedOver = false;
        try {
            services.store().onItsThread(() -> IDLE_BEGINNINGS.finish(this));
            handedOver = true;
        } finally {
            if (!handedOver) {
                IDLE_BEGINNINGS.giveUp(this);
            }
        }
    }

    private void idleTimeBeginsNow() {
        if (newest() != null) {
            return;
        }
        try {
            services.store().provider().keepAlive(client(), client().connectionIdle().toNanos());
            // What came meanwhile may have been overwritten, also of a client that was away.
            WaitSession session = generation == MOVED ? services.pool().get(client()) : this;
            if (session != null && session.newest() instanceof KeepsAlive newer) {
                newer.keepAlive();
            }
        } catch (Throwable e) {
            services.counters().providerFailures.increment();
            LOG.debug("The provider did not take the end of a request of {}", client(), e);
        }
    }

    /** The store is asked once at a time, however long it takes. Asked again after an idle time. */
    @Override
    protected void couldBeIdle() {
        if (idleChecked) {
            return;
        }
        idleChecked = true;
        try {
            services.store().onItsThread(this::killIfIdle);
        } catch (Throwable e) {
            idleChecked = false;
            throw e;
        }
    }

    /** No request is held, and the client could be idle. The provider knows. */
    private void killIfIdle() {
        CometClient client = client();
        try {
            Consumer<CometClientEventHandler> last = handler -> handler.idleClientKilled(client);
            long before = generation;
            long answer = services.store().provider().killIdleCometClient(client);
            if (answer > 0) {
                askAgainIn(answer);
                return;
            }
            if (answer == ICometStateProvider.ELSEWHERE) {
                if (newest() == null && GENERATION.compareAndSet(this, before, MOVED)) {
                    movedAway(0);
                } else {
                    askAgainIn(idleNanos()); // it came back meanwhile
                }
                return;
            }
            if (answer == ICometStateProvider.KILLED) {
                events.postLast(last);
                services.counters().idleClientsKilled.increment();
            }
            goneOrLater();
            LOG.debug("{} stayed away and was ended", client);
        } catch (Throwable e) {
            askAgainIn(RETRY_NANOS);
            services.counters().providerFailures.increment();
            Faults.warn(
                    LOG, "The provider could not say whether {} is idle; asking again", client, e);
        } finally {
            idleChecked = false;
        }
    }

    // ---- the end

    /** Before the store has the client no more. */
    void endsBecause(EndReason reason) {
        lastKnown = reason;
    }

    /** The store has refused that. */
    void endsNot() {
        lastKnown = null;
    }

    /** What a request is told when its client is gone, from the store or to another node. */
    CometAnswer goodbye() {
        Object why = lastKnown;
        if (generation == MOVED) {
            return CometAnswer.superseded(why instanceof MovedAway to ? to.instance() : 0);
        }
        return why instanceof EndReason reason
                ? CometAnswer.clientEnded(reason)
                : CometAnswer.error(CometException.unknownClient());
    }

    // ---- several nodes

    /**
     * A request of the client begins, attached with this generation.
     *
     * @return false if the client has moved away: another session is needed
     */
    boolean attach(long with) {
        long mine = generation;
        while (mine != MOVED && mine < with) {
            if (GENERATION.compareAndSet(this, mine, with)) {
                return true;
            }
            mine = generation;
        }
        return mine != MOVED;
    }

    /** Whether no request has come here with a generation. */
    boolean isNotAttached() {
        return generation == 0;
    }

    /**
     * Another node has attached the client with this generation. What is held here is answered as
     * superseded, unless it came with a later one.
     *
     * @return whether this call did it
     */
    boolean movesAway(long to, long instance) {
        for (long mine = generation; mine != MOVED && mine < to; mine = generation) {
            if (GENERATION.compareAndSet(this, mine, MOVED)) {
                movedAway(instance);
                return true;
            }
        }
        return false;
    }

    private void movedAway(long instance) {
        lastKnown = new MovedAway(instance);
        end();
    }

    /** This node has no session of the client any more; requests for it go on. */
    void end() {
        services.pool().end(this, EndCause.CLIENT_ENDED);
    }

    /** The store has no such client any more. */
    void gone() {
        // First: if that fails, the session is left to try again.
        services.requests().clientIsGone(client());
        services.pool().end(this, EndCause.CLIENT_ENDED);
    }

    /**
     * As {@link #gone}: what fails now is seen to when it could be idle.
     *
     * @return whether nothing failed
     */
    boolean goneOrLater() {
        try {
            gone();
            return true;
        } catch (Throwable e) {
            Faults.error("The session of a client that was ended is left for later", e);
            return false;
        }
    }
}
