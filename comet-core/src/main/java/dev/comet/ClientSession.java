package dev.comet;

import dev.comet.engine.SerialWork;
import dev.comet.engine.WaitSession;
import dev.comet.engine.WaitThreadPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;

/** What this manager keeps of a client: its place on a wait thread, and its events. */
final class ClientSession extends WaitSession {

    /** That idle times begin, told to the store. */
    static final SerialWork<ClientSession> IDLE_BEGINNINGS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(ClientSession.class, "idleBeginnings"),
                    session -> session.subscriptions.idleTimeBeginsNow(session));

    private static final AtomicReferenceFieldUpdater<ClientSession, @Nullable Object> LAST_KNOWN =
            AtomicReferenceFieldUpdater.newUpdater(ClientSession.class, Object.class, "lastKnown");

    private final Subscriptions subscriptions;
    private final EventDispatcher.ClientEvents events;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int idleBeginnings;

    /**
     * Where it was last seen, as the transport says, a String; then why the client was ended, an
     * EndReason, if it was not for being idle, written before it is. One field, because there are
     * as many as clients.
     */
    private volatile @Nullable Object lastKnown;

    /** Whether it may have missed a group that its client is in. */
    private volatile boolean missedAGroup;

    /** Whether the store is being asked if the client is idle. Set by the wait thread alone. */
    private volatile boolean idleChecked;

    ClientSession(
            WaitThreadPool<ClientSession> pool,
            CometClient client,
            Subscriptions subscriptions,
            EventDispatcher.ClientEvents events) {
        super(pool, client);
        this.subscriptions = subscriptions;
        this.events = events;
    }

    CometClient client() {
        return (CometClient) key();
    }

    @Override
    protected long idleNanos() {
        return TimeUnit.SECONDS.toNanos(client().connectionIdleSeconds());
    }

    Subscriptions subscriptions() {
        return subscriptions;
    }

    EventDispatcher.ClientEvents events() {
        return events;
    }

    void endsBecause(CometClientEventHandler.EndReason reason) {
        lastKnown = reason;
    }

    /** The store has refused that. */
    void endsNot() {
        lastKnown = null;
    }

    @Nullable String address() {
        return lastKnown instanceof String address ? address : null;
    }

    void address(String seenAt) {
        Object before = lastKnown;
        if (!(before instanceof CometClientEventHandler.EndReason)) {
            LAST_KNOWN.compareAndSet(this, before, seenAt); // unless it is ended meanwhile
        }
    }

    void missedAGroup(boolean missed) {
        missedAGroup = missed;
    }

    boolean missedAGroup() {
        return missedAGroup;
    }

    /** What a request is told when its client is gone. */
    CometAnswer goodbye() {
        return lastKnown instanceof CometClientEventHandler.EndReason reason
                ? CometAnswer.closed(reason)
                : CometAnswer.error(Subscriptions.unknownClient());
    }

    /** The store is asked once at a time, however long it takes. Asked again after an idle time. */
    @Override
    protected void couldBeIdle() {
        if (idleChecked) {
            return;
        }
        idleChecked = true;
        try {
            subscriptions.killIfIdle(this);
        } catch (Throwable e) {
            idleChecked = false;
            throw e;
        }
    }

    /** The store has answered. */
    void idleWasChecked() {
        idleChecked = false;
    }
}
