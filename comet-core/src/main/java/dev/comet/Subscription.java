package dev.comet;

import dev.comet.ClientSession.KeepsAlive;
import dev.comet.engine.CometWaitRequest;
import dev.comet.engine.Faults;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a client has open to be told of messages: a held request or a stream. */
abstract class Subscription extends CometWaitRequest implements KeepsAlive {

    private static final Logger LOG = LoggerFactory.getLogger(Subscription.class);

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

    final CometClient client() {
        return clientSession().client();
    }

    /** By way of the session: there are as many as held requests. */
    final Services services() {
        return clientSession().services();
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

    abstract CometClientStatus.Transport transport();

    /**
     * Becomes its client's newest, and looks for messages.
     *
     * @return whether it has not ended with that
     */
    final boolean takeOver() {
        ClientSession session = clientSession();
        // First the newest, then alive: the end of an older request may reach the store later than
        // this, and looks for a newer one afterwards.
        session.takeOver(this);
        if (!keepAlive()) {
            return false;
        }
        CometClient client = session.client();
        session.events().postUnlessBusy(handler -> handler.clientSubscribed(client));
        lookNow();
        return !isDone();
    }

    @Override
    public final boolean keepAlive() {
        try {
            return isKeptAlive();
        } catch (Throwable e) {
            session().letGo(this); // no idle time begins: the store would fail again
            fails(e);
            return false;
        }
    }

    /** As {@link #keepAlive}, again and again: what fails is tried the next time. */
    final void goesOnAlive() {
        try {
            isKeptAlive();
        } catch (Throwable e) {
            services().counters().providerFailures.increment();
            LOG.debug("The provider did not keep {} alive; trying again", client(), e);
        }
    }

    private boolean isKeptAlive() {
        if (services().store().provider().keepAlive(client(), aliveNanos())) {
            return true;
        }
        end(EndCause.CLIENT_ENDED);
        clientSession().gone();
        return false;
    }

    /**
     * The store could not be read: it is asked again in about a second, and what waits goes on
     * waiting.
     *
     * @return false if it has refused
     */
    final boolean looksAgain(CometException e) {
        return e.reason() == CometException.Reason.PROVIDER_UNAVAILABLE
                && clientSession().lookAgainSoon();
    }

    /** The store refused to be read. */
    final void failed(CometException e) {
        if (e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            end(EndCause.CLIENT_ENDED);
            clientSession().gone();
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
                                    : services().store().unavailable(e));
        } catch (Throwable again) {
            answer = CometAnswer.failed();
        }
        complete(answer);
    }

    @Override
    protected final void end(EndCause why) {
        CometAnswer answer;
        try {
            answer =
                    switch (why) {
                        case CLIENT_ENDED -> clientSession().goodbye();
                        case DRAINING -> services().reconnect();
                        case STOPPED -> CometAnswer.error(CometException.closed());
                    };
        } catch (Throwable e) {
            answer = CometAnswer.failed();
        }
        if (why == EndCause.CLIENT_ENDED) {
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

    // ---- after its end. What fails is left out: its client counts as having a request until the
    // hold ends, and as idle after that.

    /** It has been answered: for those who count. */
    final void answered(OpenCount open, CometAnswer answer) {
        try {
            open.decrement(client());
            services().counters().count(answer);
            if (answer.outcome() == CometAnswer.Outcome.SUPERSEDED) {
                LOG.debug("A newer request of {} took over", client());
            }
            services().drain().endIfNothingIsOpen();
        } catch (Throwable e) {
            leftOut(e);
        }
    }

    /** It was its client's newest. */
    final void idleTimeBegins() {
        try {
            clientSession().idleTimeBegins();
        } catch (Throwable e) {
            leftOut(e);
        }
    }

    private static void leftOut(Throwable e) {
        Faults.error("Not all was done that the end of a request entails", e);
    }
}
