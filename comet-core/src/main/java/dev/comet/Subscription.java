package dev.comet;

import dev.comet.engine.CometWaitRequest;

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

    /** When it began, as far as that is known: not later. */
    abstract long beganNanos();

    /** The store refused to be read. */
    final void failed(CometException e) {
        if (e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            end(Ending.CLIENT_GONE);
            subscriptions().clientIsGone(clientSession());
        } else {
            fails(e);
        }
    }

    // Whatever happens in what follows, the request is complete afterwards, because nobody else
    // would see to that: if there is no memory for its answer, with one that needs none.

    /** Completes it with an error. */
    final void fails(Throwable e) {
        CometAnswer answer;
        try {
            answer =
                    CometAnswer.error(
                            e instanceof CometException known
                                    ? known
                                    : subscriptions().reader().unavailable(e));
        } catch (Throwable again) {
            answer = CometAnswer.failed();
        }
        complete(answer);
    }

    @Override
    protected final void end(Ending why) {
        CometAnswer answer;
        try {
            answer =
                    switch (why) {
                        case CLIENT_GONE -> clientSession().goodbye();
                        case DRAINING -> subscriptions().reconnect();
                        case CLOSED -> CometAnswer.error(Subscriptions.closed());
                    };
        } catch (Throwable e) {
            answer = CometAnswer.failed();
        }
        if (why == Ending.CLIENT_GONE) {
            session().letGo(this); // before: no idle time begins, for the client has ended
        }
        complete(answer);
    }

    @Override
    protected final void superseded(CometWaitRequest newer) {
        CometAnswer answer;
        try {
            answer = CometAnswer.superseded(((Subscription) newer).instance);
        } catch (Throwable e) {
            answer = CometAnswer.failed();
        }
        complete(answer);
    }
}
