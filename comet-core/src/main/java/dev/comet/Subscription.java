package dev.comet;

import dev.comet.engine.CometWaitRequest;
import java.util.function.Supplier;

/** What a client has open to be told of messages: a held request or a stream. */
abstract class Subscription extends CometWaitRequest {

    private final long instance;

    /**
     * @param instance by which the peer tells its own requests from others', 0 if it does not
     */
    Subscription(ClientSession session, long deadlineNanos, long instance) {
        super(session, deadlineNanos);
        this.instance = instance;
    }

    final ClientSession clientSession() {
        return (ClientSession) session();
    }

    /** By way of the session: there are as many as held requests. */
    final Subscriptions subscriptions() {
        return clientSession().subscriptions();
    }

    /**
     * Looks on the calling thread: for the subscriber, before anybody else knows of the request.
     */
    abstract void lookNow();

    /**
     * Ends it, unless it has ended. It stops being its client's newest before the peer is told, so
     * that what the peer then does finds nothing to supersede. Never throws.
     *
     * @return whether this call did it
     */
    abstract boolean complete(CometAnswer answer);

    /** Whether it has ended. */
    @Override
    protected abstract boolean isDone();

    /** From now on, for how long the client is not idle. */
    abstract long aliveNanos();

    /** The store refused to be read. */
    final void failed(CometException e) {
        if (e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            endWithClient();
            subscriptions().clientIsGone(clientSession());
        } else {
            completeWith(() -> CometAnswer.error(e));
        }
    }

    @Override
    protected final void end(Ending why) {
        switch (why) {
            case CLIENT_GONE -> endWithClient();
            case DRAINING -> completeWith(subscriptions()::reconnect);
            case CLOSED -> completeWith(() -> CometAnswer.error(Subscriptions.closed()));
        }
    }

    @Override
    protected final void superseded(CometWaitRequest newer) {
        completeWith(() -> CometAnswer.superseded(((Subscription) newer).instance));
    }

    /** Let go of first: no idle time begins, for the client has ended. */
    private void endWithClient() {
        session().letGo(this);
        completeWith(clientSession()::goodbye);
    }

    /** Whatever happens, it is complete afterwards: nobody else would see to that. */
    final boolean completeWith(Supplier<CometAnswer> answer) {
        CometAnswer made;
        try {
            made = answer.get();
        } catch (Throwable e) { // no memory for it
            made = CometAnswer.failed();
        }
        return complete(made);
    }
}
