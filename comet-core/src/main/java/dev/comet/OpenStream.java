package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.SerialWork;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's view of a stream: reads the store when told to look and passes on what it finds, for
 * as long as the sink can take it. What it cannot take stays in the store.
 *
 * <p>Reading confirms nothing but the cursor that the stream was opened with.
 */
final class OpenStream extends Subscription implements CometStream {

    private static final Logger LOG = LoggerFactory.getLogger(OpenStream.class);

    /** After so many the wait thread looks after others first. */
    private static final int BATCHES_IN_A_ROW = 16;

    private static final AtomicIntegerFieldUpdater<OpenStream> LOOK_POSTED =
            AtomicIntegerFieldUpdater.newUpdater(OpenStream.class, "lookPosted");
    private static final SerialWork<OpenStream> WORK =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(OpenStream.class, "workAsked"),
                    OpenStream::workOnce);
    private static final AtomicReferenceFieldUpdater<OpenStream, @Nullable CometAnswer> ENDING =
            AtomicReferenceFieldUpdater.newUpdater(OpenStream.class, CometAnswer.class, "ending");

    /*
     * Whatever happens is written down in one of the volatile fields, and then WORK is run: so the sink is called by one thread at a time, nobody waits for
     * it, and nothing that was written down is missed. The first to work is the opener, whatever others bring before: an answer is begun on the thread of its
     * own request, for no other may touch that request once its thread has left it.
     *
     * What could read the store comes through look(), on a thread that may. An end does not: it is told on the thread that it happens on, whether or not
     * the store answers, unless a look is reading or the opener is working; then they tell it.
     */
    private final CometStreamSink sink;
    private final StreamTimes times;
    private final long beganNanos;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int lookPosted; // 0 or 1

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int workAsked;

    private volatile @Nullable CometAnswer ending;
    private volatile boolean lookAsked;
    private volatile boolean readyAsked;
    private volatile boolean beatAsked;

    /** When the sink first said that it can take no more; 0 while it can. */
    private volatile long stalledNanos;

    private volatile long lastSentNanos;

    /** The opener's: whether it has not worked yet. */
    private boolean isOpening;

    // Whoever works alone.
    private boolean begun;
    private long cursor;
    private boolean isFirstRead = true;
    private long lastSentId;
    private long keptAliveNanos;
    private boolean told;

    OpenStream(
            ClientSession session,
            long lastMessageId,
            StreamTimes times,
            CometStreamSink sink,
            long instance) {
        super(session, session.services().clock().nanos() + times.tickNanos(), instance);
        this.cursor = lastMessageId;
        this.times = times;
        this.sink = sink;
        this.beganNanos = services().clock().nanos();
        this.keptAliveNanos = beganNanos;
        this.lastSentNanos = beganNanos;
        this.isOpening = WORK.begin(this);
    }

    // ---- what happens to it

    @Override
    protected boolean isDone() {
        return ending != null;
    }

    @Override
    protected void look() {
        lookAsked = true;
        if (services().store().readsFromMemory()) {
            WORK.run(this); // each broadcast comes here once for every stream
        } else if (LOOK_POSTED.compareAndSet(this, 0, 1)) {
            try {
                services()
                        .store()
                        .onItsThread(
                                () -> {
                                    lookPosted = 0;
                                    WORK.run(this);
                                });
            } catch (Throwable e) { // no memory to hand it over
                lookPosted = 0;
                complete(CometAnswer.failed());
            }
        }
    }

    /** By the opener, who now begins the answer, or ends it. */
    @Override
    void lookNow() {
        lookAsked = true;
        openerWorks();
    }

    /**
     * By the opener, when there is nothing to wait for any more: tells the sink what others have
     * written down meanwhile. Calling it again does nothing.
     */
    void openerWorks() {
        if (isOpening) {
            isOpening = false;
            WORK.finish(this);
        }
    }

    @Override
    public void ready() {
        readyAsked = true;
        look();
    }

    /** Not the end of it, but a moment to see whether it is due to be heard of, or cut off. */
    @Override
    protected void timeOut() {
        long now = services().clock().nanos();
        long stalled = stalledNanos;
        if (stalled != 0 && now - stalled >= times.stallNanos()) {
            if (complete(CometAnswer.abandoned())) {
                wasCutOff();
            }
            return;
        }
        long next = now + times.tickNanos();
        if (stalled != 0) {
            next = Math.min(next, stalled + times.stallNanos());
        } else if (now - lastSentNanos >= times.heartbeatNanos()) {
            beatAsked = true;
            look();
        } else {
            next = Math.min(next, lastSentNanos + times.heartbeatNanos());
        }
        deadlineNanos(next);
    }

    @Override
    public void close() {
        if (complete(CometAnswer.abandoned())) {
            session().releaseSoon(this);
        }
    }

    @Override
    boolean complete(CometAnswer answer) {
        if (!ENDING.compareAndSet(this, null, answer)) {
            return false;
        }
        boolean wasNewest = session().letGo(this);
        WORK.run(this);
        if (wasNewest) {
            idleTimeBegins();
        }
        return true;
    }

    private void wasCutOff() {
        services().counters().streamsCutOff.increment();
        LOG.debug("{} has read nothing for too long; its stream is cut off", client());
    }

    // ---- what is done about it

    private void workOnce() {
        try {
            if (readyAsked) {
                readyAsked = false;
                stalledNanos = 0;
            }
            if (!begun && canGoOn()) {
                begun = true; // the first bytes at once, however long the store takes
                beat();
            }
            if (lookAsked && canGoOn()) {
                lookAsked = false;
                read();
            }
            if (beatAsked && canGoOn()) {
                beatAsked = false;
                beat();
                staysAlive();
            }
        } catch (CometException e) {
            failed(e);
        } catch (Throwable e) {
            complete(CometAnswer.abandoned());
            sinkFailed(e);
        }
        if (isDone() && !told) {
            told = true;
            tell();
        }
    }

    private void sinkFailed(Throwable e) {
        Faults.warn(LOG, "The sink of a stream of {} failed", client(), e);
    }

    private boolean canGoOn() {
        return stalledNanos == 0 && !isDone();
    }

    private void read() {
        for (int batches = 0; canGoOn(); batches++) {
            if (batches == BATCHES_IN_A_ROW) {
                lookAgain();
                return;
            }
            CometBatch batch = readStore();
            if (batch == null) {
                return; // heart-beats go on
            }
            isFirstRead = false;
            cursor = batch.cursor();
            if (batch.isEmpty()) {
                return;
            }
            List<CometMessage> messages = batch.messages();
            if (!messages.isEmpty()) {
                lastSentId = messages.get(messages.size() - 1).messageId();
            }
            beatAsked = false;
            sent(sink.messages(batch));
            services().counters().count(batch);
            clientSession().announce(batch);
            if (lastSentNanos - keptAliveNanos >= times.heartbeatNanos()) {
                staysAlive();
            }
            if (batch.complete()) {
                return; // what came meanwhile has asked for another look
            }
        }
    }

    /** Null if the store cannot be read, or has refused. */
    private @Nullable CometBatch readStore() {
        try {
            CometBatch batch =
                    isFirstRead
                            ? services().store().readForStream(client(), cursor)
                            : services().store().readOn(client(), cursor);
            clientSession().lookSucceeded();
            return batch;
        } catch (CometException e) {
            if (!looksAgain(e)) {
                failed(e);
            }
            return null;
        }
    }

    /** Posted anew, behind what others have posted. */
    private void lookAgain() {
        lookAsked = true;
        session().signal();
    }

    private void beat() {
        sent(sink.heartbeat(Math.max(cursor, 0), lastSentId, times.heartbeatSeconds()));
    }

    private void sent(boolean canTakeMore) {
        long now = services().clock().nanos();
        lastSentNanos = now;
        if (!canTakeMore) {
            stalledNanos = now == 0 ? 1 : now;
        }
    }

    private void staysAlive() {
        keptAliveNanos = services().clock().nanos();
        goesOnAlive();
    }

    private void tell() {
        CometAnswer answer = ending;
        if (answer == null) {
            return;
        }
        try {
            sink.ended(answer);
        } catch (Throwable e) {
            sinkFailed(e);
        } finally {
            // Not before: whoever drains may stop the container when nothing is open any more.
            answered(services().counters().openStreams, answer);
        }
    }

    /** Until it is kept alive the next time, which can be as late as two heart-beats. */
    @Override
    long aliveNanos() {
        return 2 * times.heartbeatNanos() + times.stallNanos() + clientSession().idleNanos();
    }

    @Override
    CometClientStatus.Transport transport() {
        return CometClientStatus.Transport.STREAM;
    }

    @Override
    long beganNanos() {
        return beganNanos;
    }
}
