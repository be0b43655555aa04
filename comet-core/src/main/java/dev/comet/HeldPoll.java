package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.SerialWork;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request that waits: reads the store when told to look, and completes when there is something.
 *
 * <p>Looks are asked for by any thread. One runs at a time; those asked for meanwhile are one more
 * when it is done, so none is lost and none piles up.
 */
final class HeldPoll extends Subscription implements CometAsyncResult {

    private static final Logger LOG = LoggerFactory.getLogger(HeldPoll.class);

    private static final SerialWork<HeldPoll> LOOKS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(HeldPoll.class, "looksAsked"),
                    HeldPoll::read);

    private static final Completion<HeldPoll> COMPLETION =
            new Completion<>(
                    AtomicReferenceFieldUpdater.newUpdater(
                            HeldPoll.class, Object.class, "completion"));

    @SuppressWarnings("UnusedVariable") // used by its updater
    private volatile @Nullable Object completion;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int looksAsked;

    /** Up to where the client has been looked after; written by the look that runs. */
    private volatile long cursor;

    HeldPoll(ClientSession session, long lastMessageId, long deadlineNanos, long instance) {
        super(session, deadlineNanos, instance);
        this.cursor = lastMessageId;
    }

    // ---- as those see it who asked

    @Override
    public boolean isCompleted() {
        return COMPLETION.isDone(this);
    }

    @Override
    public CometAnswer answer() {
        return COMPLETION.answer(this);
    }

    @Override
    public void whenCompleted(Consumer<CometAnswer> callback) {
        COMPLETION.whenDone(this, callback);
    }

    @Override
    public void whenCompleted(Consumer<CometAnswer> callback, Executor executor) {
        COMPLETION.whenDone(this, callback, executor);
    }

    // ---- as the engine sees it

    @Override
    protected boolean isDone() {
        return isCompleted();
    }

    @Override
    protected void look() {
        if (!LOOKS.begin(this)) {
            return;
        }
        if (services().store().readsFromMemory()) {
            LOOKS.finish(this);
            return;
        }
        if (LOOKS.finish(this, HeldPoll::readNow)) {
            return;
        }
        try {
            services().store().onItsThread(this::lookOnStoreThread);
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
        read(false);
    }

    /** Returns false if that cannot be done without waiting. */
    private boolean readNow() {
        try {
            return read(true);
        } catch (Throwable e) { // whoever asks next looks again
            Faults.error("A look for messages failed", e);
            return true;
        }
    }

    private boolean read(boolean now) {
        if (isDone()) {
            return true;
        }
        try {
            Store store = services().store();
            CometBatch batch = now ? store.readNow(client(), cursor) : store.read(client(), cursor);
            if (batch == null) {
                return false;
            }
            clientSession().lookSucceeded();
            if (batch.isEmpty()) {
                cursor = batch.cursor();
            } else if (complete(CometAnswer.messages(batch))) {
                clientSession().announce(batch);
            }
        } catch (CometException e) {
            boolean isHeld = deadlineNanos() - services().clock().nanos() > 0;
            if (!isHeld || !looksAgain(e)) {
                failed(e);
            }
        } catch (Throwable e) {
            complete(CometAnswer.failed());
            Faults.warn(LOG, "A look for messages failed; its request was answered", e);
        }
        return true;
    }

    @Override
    protected void timeOut() {
        CometAnswer answer;
        try {
            answer =
                    clientSession().lookFailed()
                            ? CometAnswer.error(Store.isAway())
                            : CometAnswer.timeout(Math.max(cursor, 0));
        } catch (Throwable e) { // no memory for it
            answer = CometAnswer.failed();
        }
        complete(answer);
    }

    @Override
    long aliveNanos() {
        return deadlineNanos() - services().clock().nanos() + clientSession().idleNanos();
    }

    /** By its deadline, so that there is no field for it: there are as many as held requests. */
    @Override
    long beganNanos() {
        return deadlineNanos() - client().connectionTimeout().toNanos();
    }

    @Override
    CometClientStatus.Transport transport() {
        return CometClientStatus.Transport.POLL;
    }

    @Override
    boolean complete(CometAnswer answer) {
        if (isDone()) {
            return false;
        }
        boolean wasNewest = session().letGo(this);
        boolean completed = COMPLETION.complete(this, answer);
        if (wasNewest) {
            idleTimeBegins();
        }
        if (completed) {
            answered(services().counters().heldRequests, answer); // who drains may stop then
        }
        return completed;
    }
}
