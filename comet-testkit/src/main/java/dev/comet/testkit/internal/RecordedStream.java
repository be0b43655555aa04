package dev.comet.testkit.internal;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A sink that writes down what it is given, and takes only as much as the test lets it. Fails
 * whoever breaks the rules of {@link CometStreamSink}.
 *
 * <p>Safe for use by any number of threads. Waits are bounded by 10 s of real time and then fail.
 */
public final class RecordedStream implements CometStreamSink {

    private final Recording<Object> everything = new Recording<>();
    private final AtomicBoolean called = new AtomicBoolean();
    private volatile @Nullable CometStream stream;
    private final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE);

    /** What {@link CometStreamSink#heartbeat} was called with. */
    public record Heartbeat(long cursor, long lastSentId) {}

    /** Takes everything. */
    public RecordedStream() {}

    /** How many more calls it takes before it says that it can take no more. */
    public RecordedStream takes(int batches) {
        room.set(batches);
        return this;
    }

    /** Takes so many more, and says so. */
    public void goOn(int batches) {
        room.set(batches);
        stream().ready();
    }

    /** The stream, once it is open. */
    public CometStream stream() {
        CometStream opened = stream;
        if (opened == null) {
            throw new AssertionError("the stream was not opened");
        }
        return opened;
    }

    @Override
    public void opened(CometStream opened) {
        stream = opened;
    }

    @Override
    public boolean messages(CometBatch batch) {
        return take(batch);
    }

    @Override
    public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
        return take(new Heartbeat(cursor, lastSentId));
    }

    @Override
    public void ended(CometAnswer why) {
        record(why);
    }

    private boolean take(Object what) {
        if (room.get() <= 0) {
            throw new AssertionError("was given " + what + " although it can take no more");
        }
        int left = room.updateAndGet(now -> now == Integer.MAX_VALUE ? now : now - 1);
        record(what);
        return left > 0;
    }

    private void record(Object what) {
        if (!called.compareAndSet(false, true)) {
            throw new AssertionError("two threads at once");
        }
        if (isEnded()) {
            throw new AssertionError(what + " after the end");
        }
        everything.add(what);
        called.set(false);
    }

    // ---- what came

    /** Everything, in order: {@link CometBatch}, {@link Heartbeat}, {@link CometAnswer}. */
    public List<Object> all() {
        return everything.all();
    }

    /** The batches. */
    public List<CometBatch> batches() {
        return only(CometBatch.class);
    }

    /** The heart-beats. */
    public List<Heartbeat> heartbeats() {
        return only(Heartbeat.class);
    }

    private <T> List<T> only(Class<T> type) {
        return all().stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The ids of the messages. */
    public List<Long> ids() {
        return batches().stream()
                .flatMap(batch -> batch.messages().stream())
                .map(CometMessage::messageId)
                .toList();
    }

    /** The gaps. */
    public List<CometGap> gaps() {
        return batches().stream().flatMap(batch -> batch.gaps().stream()).toList();
    }

    /** The ids of the messages, once there are so many. */
    public List<Long> awaitIds(int count) {
        everything.await(1, any -> ids().size() >= count, "a stream with " + count + " messages");
        return ids();
    }

    /** Waits until it was given so much: batches, heart-beats and the end. */
    public void awaitCalls(int count) {
        everything.await(count, any -> true, "calls of a sink");
    }

    /** Whether it has ended. */
    public boolean isEnded() {
        List<Object> all = new ArrayList<>(everything.all());
        return !all.isEmpty() && all.get(all.size() - 1) instanceof CometAnswer;
    }

    /** Why it ended, once it has. */
    public CometAnswer awaitEnd() {
        return (CometAnswer)
                everything.await(1, CometAnswer.class::isInstance, "the end of a stream").get(0);
    }
}
