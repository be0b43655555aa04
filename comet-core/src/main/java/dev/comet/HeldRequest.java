package dev.comet;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * The engine's view of a {@link CometAsyncResult}: reads the store when told to look, and completes
 * the result when there is something.
 *
 * <p>Looks are asked for by any thread. One runs at a time; those asked for meanwhile are one more
 * when it is done, so none is lost and none piles up.
 */
final class HeldRequest extends Subscription {

    // Not an object of its own: there are as many as held requests.
    private static final AtomicIntegerFieldUpdater<HeldRequest> LOOKS_ASKED =
            AtomicIntegerFieldUpdater.newUpdater(HeldRequest.class, "looksAsked");

    private final CometAsyncResult result = new CometAsyncResult(this);
    private volatile int looksAsked;

    /** Up to where the client has been looked after; written by the look that runs. */
    private volatile long cursor;

    HeldRequest(
            Subscriptions subscriptions,
            ClientSession session,
            long lastMessageId,
            long deadlineNanos,
            long instance) {
        super(subscriptions, session, deadlineNanos, instance);
        this.cursor = lastMessageId;
    }

    CometAsyncResult result() {
        return result;
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

    @Override
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
            CometBatch batch = subscriptions.reader().read(clientSession(), cursor);
            if (batch.isEmpty()) {
                cursor = batch.cursor();
            } else {
                complete(subscriptions.answer(clientSession(), batch));
            }
        } catch (CometException e) {
            failed(e);
        }
    }

    @Override
    protected void timeOut() {
        complete(CometAnswer.timeout(Math.max(cursor, 0)));
    }

    @Override
    long aliveNanos() {
        return deadlineNanos() - subscriptions.nowNanos() + clientSession().idleNanos();
    }

    @Override
    boolean complete(CometAnswer answer) {
        if (isDone()) {
            return false;
        }
        subscriptions.letGo(this);
        boolean completed = result.complete(answer);
        if (completed) {
            subscriptions.heldRequestEnded(answer);
        }
        return completed;
    }
}
