package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a {@link ModelClient}. It may be full after each piece, until its client says that it
 * can go on. Fails whoever breaks the rules of {@link CometStreamSink}.
 */
final class ModelStream implements CometStreamSink {

    private final ModelClient client;
    private final BooleanSupplier takesMore;
    private final Consumer<String> faults;
    private final AtomicBoolean called = new AtomicBoolean();
    private volatile @Nullable CometStream stream;
    private volatile boolean full;
    private volatile boolean broken;
    private volatile boolean ended;

    /**
     * @param takesMore asked after each piece, by the thread that brings it
     * @param faults is told of broken rules: what a sink throws is only logged
     */
    ModelStream(ModelClient client, BooleanSupplier takesMore, Consumer<String> faults) {
        this.client = client;
        this.takesMore = takesMore;
        this.faults = faults;
    }

    /** The client's connection breaks: what it has not handled yet is lost. */
    void breaks() {
        broken = true;
        CometStream opened = stream;
        if (opened != null) {
            opened.close();
        }
    }

    boolean isBroken() {
        return broken;
    }

    /** Also if it has never begun, because the manager threw. */
    boolean hasEnded() {
        return ended || (broken && stream == null);
    }

    boolean isFull() {
        return full;
    }

    /** The client has read what it was sent. */
    void goOn() {
        CometStream opened = stream;
        if (full && opened != null) {
            full = false;
            opened.ready();
        }
    }

    @Override
    public void opened(CometStream opened) {
        stream = opened;
    }

    @Override
    public boolean messages(CometBatch batch) {
        enter();
        client.carried(this, batch);
        return leave();
    }

    @Override
    public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
        enter();
        return leave();
    }

    @Override
    public void ended(CometAnswer why) {
        expect(called.compareAndSet(false, true), "called by two threads at once");
        expect(!ended, "ended twice");
        if (!broken) {
            client.ended(why);
        }
        ended = true;
        called.set(false);
    }

    private void enter() {
        expect(called.compareAndSet(false, true), "called by two threads at once");
        expect(!ended, "called after its end");
        expect(!full, "called although it was full");
    }

    private boolean leave() {
        boolean more = takesMore.getAsBoolean();
        full = !more;
        called.set(false);
        return more;
    }

    private void expect(boolean holds, String fault) {
        if (!holds) {
            faults.accept("the sink of " + client.name() + " was " + fault);
        }
    }
}
