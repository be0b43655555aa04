package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.SerialWork;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's view of a {@link CometAsyncResult}: reads the store when told to look, and completes
 * the result when there is something.
 *
 * <p>Looks are asked for by any thread. One runs at a time; those asked for meanwhile are one more
 * when it is done, so none is lost and none piles up.
 */
final class HeldRequest extends Subscription {

    private static final Logger LOG = LoggerFactory.getLogger(HeldRequest.class);

    private static final SerialWork<HeldRequest> LOOKS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(HeldRequest.class, "looksAsked"),
                    HeldRequest::read);

    private final CometAsyncResult result = new CometAsyncResult(this);

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int looksAsked;

    /** Up to where the client has been looked after; written by the look that runs. */
    private volatile long cursor;

    HeldRequest(ClientSession session, long lastMessageId, long deadlineNanos, long instance) {
        super(session, deadlineNanos, instance);
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
        if (!LOOKS.begin(this)) {
            return;
        }
        if (subscriptions().readsFromMemory()) {
            LOOKS.finish(this);
            return;
        }
        try {
            subscriptions().onStoreThread(this::lookOnStoreThread);
        } catch (Throwable e) { // no memory to hand it over
            LOOKS.giveUp(this);
            complete(CometAnswer.failed());
        }
    }

    private void lookOnStoreThread() {
        LOOKS.finish(this);
        if (isDone()) {
            session().releaseSoon(this);
        }
    }

    @Override
    void lookNow() {
        LOOKS.run(this);
    }

    private void read() {
        if (isDone()) {
            return;
        }
        try {
            CometBatch batch = subscriptions().reader().read(clientSession(), cursor);
            if (batch.isEmpty()) {
                cursor = batch.cursor();
            } else if (complete(subscriptions().answer(batch))) {
                subscriptions().announce(clientSession(), batch);
            }
        } catch (CometException e) {
            failed(e);
        } catch (Throwable e) {
            complete(CometAnswer.failed());
            Faults.warn(LOG, "A look for messages failed; its request was answered", e);
        }
    }

    @Override
    protected void timeOut() {
        CometAnswer answer;
        try {
            answer = CometAnswer.timeout(Math.max(cursor, 0));
        } catch (Throwable e) { // no memory for it
            answer = CometAnswer.failed();
        }
        complete(answer);
    }

    @Override
    long aliveNanos() {
        return deadlineNanos() - subscriptions().nowNanos() + clientSession().idleNanos();
    }

    @Override
    boolean complete(CometAnswer answer) {
        if (isDone()) {
            return false;
        }
        boolean wasNewest = session().letGo(this);
        boolean completed = result.complete(answer);
        subscriptions().heldRequestEnded(this, wasNewest, completed ? answer : null);
        return completed;
    }
}
