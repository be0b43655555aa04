package dev.comet.inproc;

import dev.comet.CometMessage;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * A message in one or more logs; all logs and all readers share it. Nothing of it changes but how
 * many logs it is in.
 */
final class LogEntry {

    private static final AtomicIntegerFieldUpdater<LogEntry> COPIES =
            AtomicIntegerFieldUpdater.newUpdater(LogEntry.class, "copies");

    private final CometMessage message;
    private final long appendedNanos;
    private final @Nullable ClientRecord except;

    /** How many logs it is in, or is to be in: the {@link Memory} counts it once. */
    private volatile int copies;

    /**
     * @param message what readers get
     * @param appendedNanos when it was accepted, by the provider's clock
     * @param except a client that reads the log but shall not get this message
     */
    LogEntry(CometMessage message, long appendedNanos, @Nullable ClientRecord except) {
        this.message = message;
        this.appendedNanos = appendedNanos;
        this.except = except;
    }

    /** One that is to be in so many own logs. */
    LogEntry(CometMessage message, long appendedNanos, int copies) {
        this(message, appendedNanos, null);
        this.copies = copies;
    }

    CometMessage message() {
        return message;
    }

    long appendedNanos() {
        return appendedNanos;
    }

    @Nullable ClientRecord except() {
        return except;
    }

    long id() {
        return message.messageId();
    }

    /** What counts against the limits of one log. */
    int bytes() {
        return message.encoded().sizeInBytes();
    }

    /** What counts against the {@link Memory}, but for its copies. */
    int cost() {
        return Memory.PER_MESSAGE + bytes();
    }

    /** What the {@link Memory} would count more with it in one log more. */
    int costOfOne() {
        return Memory.PER_COPY + (copies == 0 ? cost() : 0);
    }

    /** What the {@link Memory} would count less with it in one log less. */
    int freedByOne() {
        return Memory.PER_COPY + (copies == 1 ? cost() : 0);
    }

    boolean isFor(ClientRecord reader) {
        return except != reader;
    }

    /** Returns whether it was in no log. */
    boolean addCopy() {
        return COPIES.getAndIncrement(this) == 0;
    }

    /** Returns whether it is in no log any more. */
    boolean removeCopy() {
        return COPIES.decrementAndGet(this) == 0;
    }
}
