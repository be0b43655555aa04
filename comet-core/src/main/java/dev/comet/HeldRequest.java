package dev.comet;

import dev.comet.engine.CometWaitRequest;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * The engine's view of a {@link CometAsyncResult}: reads the store when told to look, and completes
 * the result when there is something.
 *
 * <p>Looks are asked for by any thread. One runs at a time; those asked for meanwhile are one more
 * when it is done, so none is lost and none piles up.
 */
final class HeldRequest extends CometWaitRequest {

    // Not an object of its own: there are as many as held requests.
    private static final AtomicIntegerFieldUpdater<HeldRequest> LOOKS_ASKED =
            AtomicIntegerFieldUpdater.newUpdater(HeldRequest.class, "looksAsked");

    private final Subscriptions subscriptions;
    private final CometAsyncResult result = new CometAsyncResult(this);
    private volatile int looksAsked;

    /** Up to where the client has been looked after; written by the look that runs. */
    private volatile long cursor;

    HeldRequest(
            Subscriptions subscriptions,
            ClientSession session,
            long lastMessageId,
            long deadlineNanos) {
        super(session, deadlineNanos);
        this.subscriptions = subscriptions;
        this.cursor = lastMessageId;
    }

    CometAsyncResult result() {
        return result;
    }

    ClientSession clientSession() {
        return (ClientSession) session();
    }

    @Override
    protected boolean isDone() {
        return result.isCompleted();
    }

    @Override
    protected void look() {
        if (LOOKS_ASKED.getAndIncrement(this) == 0) {
            subscriptions.onStoreThread(
                    () -> {
                        lookWhileAsked();
                        if (isDone()) {
                            session().releaseSoon();
                        }
                    });
        }
    }

    /**
     * Looks on the calling thread: for the subscriber, before anybody else knows of the request.
     */
    void lookNow() {
        LOOKS_ASKED.getAndIncrement(this);
        lookWhileAsked();
    }

    private void lookWhileAsked() {
        int asked = looksAsked;
        while (asked > 0) {
            if (!isDone()) {
                read();
            }
            asked = LOOKS_ASKED.addAndGet(this, -asked);
        }
    }

    private void read() {
        try {
            CometBatch batch = subscriptions.read(clientSession(), cursor);
            if (batch.isEmpty()) {
                cursor = batch.cursor();
            } else {
                subscriptions.complete(this, subscriptions.answer(clientSession(), batch));
            }
        } catch (CometException e) {
            if (e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
                endWithClient();
                subscriptions.clientIsGone(clientSession());
            } else {
                subscriptions.complete(this, CometAnswer.error(e));
            }
        }
    }

    @Override
    protected void timeOut() {
        subscriptions.complete(this, CometAnswer.timeout(Math.max(cursor, 0)));
    }

    @Override
    protected void end(Ending why) {
        switch (why) {
            case SUPERSEDED -> subscriptions.complete(this, CometAnswer.superseded());
            case CLIENT_GONE -> endWithClient();
            case DRAINING -> subscriptions.complete(this, subscriptions.reconnect());
            case CLOSED -> subscriptions.complete(this, CometAnswer.error(Subscriptions.closed()));
        }
    }

    /** Let go of first: no idle time begins, for the token may be another client's by now. */
    private void endWithClient() {
        session().letGo(this);
        subscriptions.complete(this, clientSession().goodbye());
    }
}
