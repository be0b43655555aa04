package dev.comet.engine;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * A held request or a stream, as the wait threads see it: something with a deadline that can be
 * asked to look for messages.
 *
 * <p>It may be completed by any thread, once; the wait thread lets go of it when it next meets it.
 * No method blocks, and none throws: who looks, ends or supersedes has others to see to.
 */
public abstract class CometWaitRequest extends Mailbox.Entry {

    /** Why a request that got no messages ends before its deadline. */
    public enum EndCause {
        /** The client exists no longer. */
        CLIENT_ENDED,
        /** The server is draining: the client shall come back. */
        DRAINING,
        /** The engine has stopped. */
        STOPPED
    }

    private static final AtomicIntegerFieldUpdater<CometWaitRequest> POSTED =
            AtomicIntegerFieldUpdater.newUpdater(CometWaitRequest.class, "posted");

    private final WaitSession session;
    private volatile long deadlineNanos;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int posted; // 0 or 1

    /**
     * @param session the client's
     * @param deadlineNanos when the request is to be answered although nothing came
     */
    protected CometWaitRequest(WaitSession session, long deadlineNanos) {
        this.session = session;
        this.deadlineNanos = deadlineNanos;
    }

    /** Whether it has been completed, by whomever. */
    protected abstract boolean isDone();

    /**
     * Looks for messages, and completes the request if there are any; finding nothing is normal.
     * Any thread.
     */
    protected abstract void look();

    /**
     * The deadline has passed: completes it, or gives it a {@linkplain #deadlineNanos(long) new
     * one}. Owner.
     */
    protected abstract void timeOut();

    /** Completes it without messages. Any thread. */
    protected abstract void end(EndCause why);

    /** Completes it, because this newer request of the same client took over. Any thread. */
    protected abstract void superseded(CometWaitRequest newer);

    /** The client's session. */
    public final WaitSession session() {
        return session;
    }

    /** When it is to be answered although nothing came. */
    public final long deadlineNanos() {
        return deadlineNanos;
    }

    /** A new deadline, later than the one that has passed. Owner. */
    protected final void deadlineNanos(long nanos) {
        deadlineNanos = nanos;
    }

    /**
     * Any thread. Has the owner look at it: to hold it, to see whether there is something for it,
     * or to see that it is done. Posting it again before the owner gets to it has no further
     * effect. Allocates nothing and cannot fail, for it is all that wakes a client.
     *
     * @return false if the wait thread has stopped
     */
    final boolean post() {
        if (POSTED.compareAndSet(this, 0, 1)) {
            return session.owner().post(this);
        }
        return !session.owner().isClosed();
    }

    @Override
    final void met() {
        posted = 0; // before looking: what comes from now on is posted anew
        session.meet(this);
    }
}
