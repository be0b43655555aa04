package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.OverflowPolicy;
import java.util.List;

/**
 * How much the messages of all logs may take together, and what gives way when that is reached: see
 * {@link CometLimits#maxTotalBytes}.
 *
 * <p><b>Threading.</b> A sender asks for room under the {@link Sequencer}; if there is none it
 * leaves that, {@linkplain #makeRoom makes room} and tries again, so that whoever has to drop many
 * messages holds nobody up.
 */
final class Memory {

    /** What a message takes beside its bytes: five objects and the name. */
    static final int PER_MESSAGE = 192;

    /** What a log takes for a message: its slot, in an array that is half empty or less. */
    static final int PER_COPY = 16;

    private final CometLimits limits;
    private final MemoryPart shared = new MemoryPart();
    private final MemoryPart own = new MemoryPart();
    private final Runnable dropDelivered;

    /**
     * @param dropDelivered drops from own logs what streams have carried, if that was not done just
     *     now
     */
    Memory(CometLimits limits, Runnable dropDelivered) {
        this.limits = limits;
        this.dropDelivered = dropDelivered;
    }

    MemoryPart shared() {
        return shared;
    }

    MemoryPart own() {
        return own;
    }

    long bytes() {
        return shared.bytes() + own.bytes();
    }

    long messages() {
        return shared.messages() + own.messages();
    }

    /** What a message counts for in so many logs. */
    static long cost(EncodedMessage message, int logs) {
        return PER_MESSAGE + message.sizeInBytes() + (long) logs * PER_COPY;
    }

    /** Under the sequencer. */
    boolean hasRoomFor(long bytes) {
        return shared.bytesAtMost() + own.bytesAtMost() + bytes <= limits.maxTotalBytes()
                || fits(shared.bytesNow() + own.bytesNow(), bytes);
    }

    /**
     * By how much one client's own log would be beyond its share, which is what all own logs leave
     * free; not positive if it is within. So, however many take what they can, something is left
     * for the others. Where room can be made, by who has the oldest message, there are no shares:
     * somebody with little would pay for those who hoard.
     *
     * @param logBytes what the log takes, and what is to be counted more for its next message
     */
    long beyondShare(long logBytes) {
        if (limits.overflow() != OverflowPolicy.REJECT) {
            return 0;
        }
        long most = limits.maxTotalBytes() - logBytes;
        long beyondAtMost = own.bytesAtMost() - most;
        return beyondAtMost <= 0 ? beyondAtMost : own.bytes() - most;
    }

    private boolean fits(long used, long bytes) {
        return used <= 0 || used + bytes <= limits.maxTotalBytes();
    }

    /**
     * Not under the sequencer. Others may take the room before the caller does.
     *
     * @throws CometException QUEUE_FULL if own logs leave no room; nothing is dropped from shared
     *     ones then
     */
    void makeRoom(long bytes) {
        if (!fits(own.bytes(), bytes)) {
            dropDelivered.run();
        }
        while (!fits(own.bytes(), bytes)) {
            if (!dropOneOwn()) {
                throw CometException.totalReached(bytes, limits.maxTotalBytes(), toEnd());
            }
        }
        // A little more than is needed, so that not every send has to.
        long more = bytes + limits.maxTotalBytes() / 64;
        while (!fits(bytes(), more) && shared.dropOldest()) {}
    }

    /**
     * Of the own log with the oldest message: it pays for what it has not even delivered only if it
     * has nothing that was.
     */
    private boolean dropOneOwn() {
        return (own.oldest() instanceof OwnLog oldest && oldest.dropDelivered())
                || (limits.overflow() == OverflowPolicy.DROP_OLDEST && own.dropOldest());
    }

    private List<CometClient> toEnd() {
        return limits.overflow() == OverflowPolicy.DISCONNECT
                        && own.oldest() instanceof OwnLog oldest
                ? List.of(oldest.client())
                : List.of();
    }
}
