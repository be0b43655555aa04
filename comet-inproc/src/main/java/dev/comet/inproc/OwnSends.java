package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Sends to named clients, each through its own log, all under one id. Either all of them get the
 * message, or the send is refused and nothing has changed.
 *
 * <p><b>Threading.</b> A message to a few clients is appended under the {@link Sequencer}. One to
 * many is a {@link ListSend}: a list send waits for the one before it, other calls wait for none.
 */
final class OwnSends {

    /** So many appends take less time than the steps of a list send, and than anybody notices. */
    static final int FEW = 64;

    /** In the place of an id: there is no room in the memory. */
    private static final long NO_ROOM = 0;

    private final Sequencer sequencer;
    private final LogLimits limits; // of one client's log
    private final boolean needsRoom;
    private final LongSupplier now;
    private final LongAdder dropped;
    private final Memory memory;

    /** One list send at a time: a log notes only one. Taken before the sequencer, never inside. */
    private final ReentrantLock listSends = new ReentrantLock();

    OwnSends(
            Sequencer sequencer,
            CometLimits limits,
            Memory memory,
            LongSupplier now,
            LongAdder dropped) {
        this.sequencer = sequencer;
        this.limits = limits.clientLog();
        this.needsRoom = limits.overflow() != OverflowPolicy.DROP_OLDEST;
        this.now = now;
        this.dropped = dropped;
        this.memory = memory;
    }

    /**
     * @throws CometException CLIENT_DOES_NOT_EXIST if one of them was ended meanwhile; QUEUE_FULL
     */
    long send(List<ClientRecord> receivers, EncodedMessage message) {
        long cost = Memory.cost(message, receivers.size());
        while (true) {
            long id =
                    receivers.size() <= FEW
                            ? sendToFew(receivers, message, cost)
                            : sendToMany(receivers, message, cost);
            if (id != NO_ROOM) {
                return id;
            }
            memory.makeRoom(cost);
        }
    }

    private long sendToFew(List<ClientRecord> receivers, EncodedMessage message, long cost) {
        sequencer.lock();
        try {
            receivers.forEach(ClientRecord::requireNotEnded);
            LogEntry entry =
                    new LogEntry(
                            new CometMessage(sequencer.top() + 1, message), now.getAsLong(), null);
            if (needsRoom) {
                requireRoom(receivers, entry);
            }
            if (!memory.hasRoomFor(cost)) {
                return NO_ROOM;
            }
            try {
                for (ClientRecord receiver : receivers) {
                    dropped.add(receiver.ownLog(limits, memory).take(entry));
                }
            } finally {
                // Also if memory ran out in between: an id that a log has is not given again.
                sequencer.publish(entry);
            }
            return entry.id();
        } finally {
            sequencer.unlock();
        }
    }

    private void requireRoom(List<ClientRecord> receivers, LogEntry entry) {
        List<CometClient> full = new ArrayList<>(0);
        for (ClientRecord receiver : receivers) {
            OwnLog log = receiver.ownLog(limits, memory);
            log.settle();
            dropped.add(log.expire(entry.appendedNanos()));
            if (!log.hasRoomFor(entry.message().encoded())) {
                full.add(receiver.client());
            }
        }
        if (!full.isEmpty()) {
            throw CometException.queueFull(full);
        }
    }

    private long sendToMany(List<ClientRecord> receivers, EncodedMessage message, long cost) {
        listSends.lock();
        try {
            ListSend send = new ListSend(receivers, message, limits, memory, needsRoom, dropped);
            try {
                send.begin(now.getAsLong());
                return decide(send, cost);
            } finally {
                if (send.entry() == null) {
                    send.abandon();
                } else {
                    send.complete();
                }
            }
        } finally {
            listSends.unlock();
        }
    }

    private long decide(ListSend send, long cost) {
        sequencer.lock();
        try {
            send.requireUndisturbed();
            if (!memory.hasRoomFor(cost)) {
                return NO_ROOM;
            }
            return sequencer.publish(send.decide(sequencer.top() + 1, now.getAsLong()));
        } finally {
            sequencer.unlock();
        }
    }
}
