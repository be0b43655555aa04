package dev.comet;

import dev.comet.engine.SerialWork;
import dev.comet.engine.WaitSession;
import dev.comet.engine.WaitThreadPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/** What this manager keeps of a client: its place on a wait thread, and its events. */
final class ClientSession extends WaitSession {

    /** That idle times begin, told to the store. */
    static final SerialWork<ClientSession> IDLE_BEGINNINGS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(ClientSession.class, "idleBeginnings"),
                    session -> session.subscriptions.idleTimeBeginsNow(session));

    private final Subscriptions subscriptions;
    private final EventDispatcher.ClientEvents events;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int idleBeginnings;

    /** Why the client was ended, if it was not for being idle; written before it is. */
    private volatile CometClientEventHandler.@Nullable EndReason endReason;

    /** Where it was last seen, as the transport says. */
    private volatile @Nullable String address;

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
        endReason = reason;
    }

    @Nullable String address() {
        return address;
    }

    void address(String seenAt) {
        address = seenAt;
    }

    void missedAGroup(boolean missed) {
        missedAGroup = missed;
    }

    boolean missedAGroup() {
        return missedAGroup;
    }

    /** What a request is told when its client is gone. */
    CometAnswer goodbye() {
        CometClientEventHandler.EndReason reason = endReason;
        return reason == null
                ? CometAnswer.error(Subscriptions.unknownClient())
                : CometAnswer.closed(reason);
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
