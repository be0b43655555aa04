package dev.comet.inproc;

import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.LogLimits;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Messages in the order of their ids, bounded: a ring that lets the oldest go and remembers up to
 * where it did.
 *
 * <p><b>Threading.</b> Appending, freeing and evicting happen under this object's monitor, briefly.
 * Reading takes no lock and never waits: it meets an append at worst too early, and a concurrent
 * letting-go by beginning again.
 */
class MessageLog {

    /*
     * An entry has an index that never changes; entry i lies in slot i modulo the array's length, from when tail passes i until start.head does.
     *
     * Writers (one at a time): an append fills its slot, then moves tail. Letting go moves start, then empties the slot. Growing publishes a copy.
     * Readers: start, tail, slots, in this order; then entries. An empty slot, or a start that has moved past an index just read, means that the entry
     * was dropped meanwhile and its slot perhaps used again: begin again. As start is read first and in one piece, every entry below it is accounted for
     * by its id, and every entry above it is seen: nothing is missed in silence.
     */
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(LogEntry[].class);
    private static final int INITIAL_SLOTS = 4;

    /** Of a log that has never had a message: nobody looks into it, for there is no entry. */
    private static final @Nullable LogEntry[] NO_SLOTS = {};

    private final LogLimits limits;
    private volatile @Nullable LogEntry[] slots = NO_SLOTS;
    private volatile long tail;
    private volatile LogStart start = LogStart.NONE;

    /** The id of the last message that is not for every reader. */
    private volatile long lastExceptId;

    private long bytes; // guarded by this

    /** What all logs of this kind take. */
    private final MemoryPart memory;

    /** Where it is listed there; null if it is not. Written under the monitor. */
    private volatile MemoryPart.@Nullable Place place;

    private boolean discarded; // guarded by this

    MessageLog(LogLimits limits, MemoryPart memory) {
        this.limits = limits;
        this.memory = memory;
    }

    final MemoryPart memory() {
        return memory;
    }

    // ---- writing

    /**
     * Whether a message of this size fits once what was delivered, up to this id, is dropped. An
     * empty log takes any.
     */
    synchronized boolean hasRoomFor(int moreBytes, long deliveredId) {
        long size = tail - start.head();
        long held = bytes;
        @Nullable LogEntry[] array = slots;
        for (long index = start.head(); !fits(size, held, moreBytes); index++) {
            LogEntry oldest = Objects.requireNonNull(array[slot(array, index)]);
            if (oldest.id() > deliveredId) {
                return false;
            }
            size--;
            held -= oldest.bytes();
        }
        return true;
    }

    private boolean fits(long size, long held, int moreBytes) {
        return size == 0 || (size < limits.maxMessages() && held + moreBytes <= limits.maxBytes());
    }

    /**
     * Under the monitor: whether to drop what was delivered, up to this id, frees so much, counted
     * both in this log and in all, or leaves the log empty.
     */
    final boolean canFree(long wanted, long deliveredId) {
        long rest = wanted;
        @Nullable LogEntry[] array = slots;
        for (long index = start.head(); rest > 0 && index < tail; index++) {
            LogEntry oldest = Objects.requireNonNull(array[slot(array, index)]);
            if (oldest.id() > deliveredId) {
                return false;
            }
            rest -= oldest.cost() + Memory.PER_COPY + oldest.freedByOne();
        }
        return true;
    }

    /** Under the monitor: what it takes of the memory, if nothing of it were in other logs. */
    final long taken() {
        return bytes + (tail - start.head()) * (Memory.PER_MESSAGE + Memory.PER_COPY);
    }

    /**
     * Under the sequencer: appends, and drops the oldest as the limits demand.
     *
     * @param deliveredId up to where messages were delivered; dropping those does not count
     * @return how many messages were dropped that had not been delivered
     */
    synchronized int append(LogEntry entry, long deliveredId) {
        int dropped = appendReserved(entry, deliveredId);
        memory.added(entry);
        return dropped;
    }

    /** As {@link #append}, of a message that was counted already, without the sequencer. */
    synchronized int appendReserved(LogEntry entry, long deliveredId) {
        int dropped = 0;
        while (!fits(tail - start.head(), bytes, entry.bytes())) {
            letGo(CometGap.Reason.OVERFLOW);
            if (start.id() > deliveredId) {
                dropped++;
            }
        }
        if (place == null) {
            place = memory.list(this, entry.id()); // it is empty
        }
        long index = tail;
        @Nullable LogEntry[] array = slots;
        if (index - start.head() == array.length) {
            array = copy(array, Math.max(INITIAL_SLOTS, array.length * 2));
            slots = array;
        }
        SLOT.setRelease(array, slot(array, index), entry);
        bytes += entry.bytes();
        if (entry.except() != null) {
            lastExceptId = entry.id();
        }
        tail = index + 1;
        return dropped;
    }

    /** Lets go of everything up to this id: its reader has confirmed it. */
    void free(long upTo) {
        LogStart before = start;
        if (before.head() == tail || before.id() >= upTo) {
            return; // the common case, without the lock
        }
        synchronized (this) {
            LogEntry first = first();
            while (first != null && first.id() <= upTo) {
                letGo(CometGap.Reason.CONFIRMED);
                first = first();
            }
            shrinkIfEmpty();
        }
    }

    /** Lets go of what is too old. Returns how many. */
    int expire(long nowNanos) {
        if (!hasExpired(nowNanos)) {
            return 0;
        }
        synchronized (this) {
            int dropped = 0;
            while (hasExpired(nowNanos)) {
                letGo(CometGap.Reason.EXPIRED);
                dropped++;
            }
            shrinkIfEmpty();
            return dropped;
        }
    }

    private boolean hasExpired(long nowNanos) {
        LogEntry first = first();
        return first != null && nowNanos - first.appendedNanos() > limits.maxAge().toNanos();
    }

    private @Nullable LogEntry first() {
        LogStart current = start;
        if (current.head() == tail) {
            return null;
        }
        @Nullable LogEntry[] array = slots;
        return (LogEntry) SLOT.getAcquire(array, slot(array, current.head()));
    }

    private void letGo(CometGap.Reason why) {
        LogStart before = start;
        @Nullable LogEntry[] array = slots;
        int slot = slot(array, before.head());
        LogEntry entry = Objects.requireNonNull(array[slot]);
        start = before.above(entry, why);
        SLOT.setRelease(array, slot, null);
        bytes -= entry.bytes();
        if (!discarded) {
            memory.freed(entry);
        }
    }

    // ---- for the sake of other logs

    /**
     * Whether it is listed there, under its oldest message. If not it is listed anew, or, if it is
     * empty, no more.
     */
    synchronized boolean isListedRight(MemoryPart.Place at) {
        LogEntry first = discarded ? null : first();
        if (at.equals(place) && first != null && first.id() <= at.oldestId()) {
            return true;
        }
        if (at.equals(place)) {
            place = first == null ? null : memory.list(this, first.id()); // first: it may fail
        }
        if (!at.equals(place)) {
            memory.unlist(at);
        }
        return false;
    }

    /** Drops the oldest message, announced. Returns false if there is none. */
    synchronized boolean giveWay() {
        if (discarded || isEmpty()) {
            return false;
        }
        letGo(CometGap.Reason.OVERFLOW);
        shrinkIfEmpty();
        return true;
    }

    /** Whether the oldest message is one up to this id; false if there is none. */
    final boolean isOldestUpTo(long id) {
        LogEntry first = first();
        return first != null && first.id() <= id;
    }

    /** Drops everything up to this id, as having made room. Returns false if there is nothing. */
    synchronized boolean giveWayUpTo(long id) {
        boolean gaveWay = false;
        LogEntry first = first();
        while (first != null && first.id() <= id) {
            letGo(CometGap.Reason.OVERFLOW);
            gaveWay = true;
            first = first();
        }
        shrinkIfEmpty();
        return gaveWay;
    }

    /** What is empty needs no place. */
    void unlistIfEmpty() {
        if (place == null || !isEmpty()) {
            return;
        }
        synchronized (this) {
            MemoryPart.Place at = place;
            if (at != null && isEmpty()) {
                memory.unlist(at);
                place = null;
            }
        }
    }

    /**
     * Under the sequencer: nobody writes it any more, and what it holds is free once its last
     * readers are done. Again after it has failed for want of memory, it does the rest.
     */
    synchronized void discard() {
        if (!discarded) {
            discarded = true;
            @Nullable LogEntry[] array = slots;
            for (long index = start.head(); index < tail; index++) {
                memory.freed(Objects.requireNonNull(array[slot(array, index)]));
            }
        }
        MemoryPart.Place at = place;
        if (at != null) {
            memory.unlist(at);
            place = null;
        }
    }

    /** What a burst needed is not kept for the next one. */
    private void shrinkIfEmpty() {
        if (start.head() == tail && slots.length > 16 * INITIAL_SLOTS) {
            slots = new LogEntry[INITIAL_SLOTS];
        }
    }

    private @Nullable LogEntry[] copy(@Nullable LogEntry[] from, int length) {
        @Nullable LogEntry[] to = new LogEntry[length];
        for (long i = start.head(); i < tail; i++) {
            to[slot(to, i)] = from[slot(from, i)];
        }
        return to;
    }

    // ---- reading

    /** Where the log begins now; as long as that is so, what is in it stays in it. */
    LogStart start() {
        return start;
    }

    /** Whether all readers get the same messages above this id, and none has lost any. */
    boolean isSameForAll(long above) {
        return lastExceptId <= above && start.id() <= above;
    }

    boolean isEmpty() {
        return start.head() == tail;
    }

    /**
     * The id of the last message, whether it is still there or not, that was for this reader; 0 if
     * there is none.
     */
    long lastIdFor(ClientRecord reader) {
        while (true) {
            LogStart base = start;
            long index = tail - 1;
            @Nullable LogEntry[] array = slots;
            @Nullable LogEntry entry = null;
            for (; index >= base.head(); index--) {
                entry = (LogEntry) SLOT.getAcquire(array, slot(array, index));
                if (entry == null || entry.isFor(reader)) {
                    break;
                }
            }
            if (index < base.head()) {
                return base.idFor(reader);
            }
            if (entry != null && start.head() <= index) {
                return entry.id();
            }
        }
    }

    /**
     * Since when the oldest message for this reader with {@code above < id <= upTo} waits; {@code
     * now} if there is none.
     */
    long waitsSince(ClientRecord reader, long above, long upTo, long now) {
        while (true) {
            LogStart base = start;
            long end = tail;
            @Nullable LogEntry[] array = slots;
            long index = base.head() == end ? end : firstAbove(base, end, array, above);
            @Nullable LogEntry entry = null;
            for (; 0 <= index && index < end; index++) {
                entry = (LogEntry) SLOT.getAcquire(array, slot(array, index));
                if (entry == null || entry.id() > upTo || entry.isFor(reader)) {
                    break;
                }
            }
            if (index == end) {
                return now;
            }
            if (index >= 0 && entry != null && start.head() <= index) {
                return entry.id() > upTo ? now : entry.appendedNanos();
            }
        }
    }

    /**
     * Adds to {@code found} the messages for this reader with {@code above < id <= upTo}, in order,
     * at most {@code max}.
     *
     * @return where the log began when it was read: what lies at or below its id was not found here
     */
    LogStart read(ClientRecord reader, long above, long upTo, int max, List<CometMessage> found) {
        int keep = found.size();
        while (true) {
            LogStart base = start;
            long end = tail;
            if (base.head() == end) {
                return base;
            }
            if (collect(
                    base,
                    end,
                    slots,
                    reader,
                    above,
                    upTo,
                    (int) Math.min(Integer.MAX_VALUE, (long) keep + max),
                    found)) {
                return base;
            }
            while (found.size() > keep) {
                found.remove(found.size() - 1);
            }
        }
    }

    /** The last messages up to this id, whoever they were for, in order. */
    List<CometMessage> lastUpTo(long upTo, int max) {
        List<CometMessage> found = new ArrayList<>();
        while (!collectBackwards(start, tail, slots, upTo, max, found)) {
            found.clear();
        }
        Collections.reverse(found);
        return found;
    }

    private boolean collectBackwards(
            LogStart base,
            long end,
            @Nullable LogEntry[] array,
            long upTo,
            int max,
            List<CometMessage> found) {
        for (long index = end - 1; index >= base.head() && found.size() < max; index--) {
            @Nullable LogEntry entry = (LogEntry) SLOT.getAcquire(array, slot(array, index));
            if (entry == null || start.head() > index) {
                return false;
            }
            if (entry.id() <= upTo) {
                found.add(entry.message());
            }
        }
        return true;
    }

    private boolean collect(
            LogStart base,
            long end,
            @Nullable LogEntry[] array,
            ClientRecord reader,
            long above,
            long upTo,
            int maxSize,
            List<CometMessage> found) {
        long index = firstAbove(base, end, array, above);
        if (index < 0) {
            return false;
        }
        for (; index < end && found.size() < maxSize; index++) {
            @Nullable LogEntry entry = (LogEntry) SLOT.getAcquire(array, slot(array, index));
            if (entry == null || start.head() > index) {
                return false;
            }
            if (entry.id() > upTo) {
                return true;
            }
            if (entry.isFor(reader)) {
                found.add(entry.message());
            }
        }
        return true;
    }

    /**
     * The index of the first entry above this id, {@code end} if there is none, −1 if an entry on
     * the way was let go.
     */
    private long firstAbove(LogStart base, long end, @Nullable LogEntry[] array, long above) {
        // Readers are mostly at the end: doubled steps from there, then halving between.
        long low = base.head();
        long high = end;
        for (long step = 1; end - step >= low; step *= 2) {
            @Nullable LogEntry entry = (LogEntry) SLOT.getAcquire(array, slot(array, end - step));
            if (entry == null || start.head() > end - step) {
                return -1;
            }
            if (entry.id() <= above) {
                low = end - step + 1;
                break;
            }
            high = end - step;
        }
        while (low < high) {
            long middle = (low + high) >>> 1;
            @Nullable LogEntry entry = (LogEntry) SLOT.getAcquire(array, slot(array, middle));
            if (entry == null || start.head() > middle) {
                return -1;
            }
            if (entry.id() <= above) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static int slot(@Nullable LogEntry[] array, long index) {
        return (int) (index & (array.length - 1));
    }
}
