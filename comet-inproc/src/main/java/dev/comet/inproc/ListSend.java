package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A send to the own logs of many clients, in three steps, so that the sequencer is held for a few
 * instructions whatever the number of receivers:
 *
 * <ol>
 *   <li>{@link #begin}: every log notes the send and is checked for room. No message is appended or
 *       dropped. What happens to a log or its client before the next step comes first: if it takes
 *       the room or ends the client, the send is refused.
 *   <li>{@link #decide}, under the sequencer: the message gets its id, or the send is refused. With
 *       the id the message is in all logs, as far as anybody can see: see {@link OwnLog#settle}.
 *   <li>{@link #complete}: the message is appended to each log where nobody has done it before, or
 *       {@link #abandon} after a refusal.
 * </ol>
 *
 * <p>One at a time; see {@link OwnSends}.
 */
final class ListSend {

    private final List<ClientRecord> receivers;
    private final EncodedMessage message;
    private final LogLimits limits;
    private final Memory memory;
    private final boolean needsRoom;
    private final LongAdder dropped;

    private final Set<OwnLog> full = ConcurrentHashMap.newKeySet(); // compared by identity
    private volatile @Nullable ClientRecord ended;
    private volatile @Nullable LogEntry entry;

    /**
     * @param limits of one client's log
     * @param needsRoom whether a full log refuses the message, and does not drop its oldest
     * @param dropped counts what was dropped
     */
    ListSend(
            List<ClientRecord> receivers,
            EncodedMessage message,
            LogLimits limits,
            Memory memory,
            boolean needsRoom,
            LongAdder dropped) {
        this.receivers = receivers;
        this.message = message;
        this.limits = limits;
        this.memory = memory;
        this.needsRoom = needsRoom;
        this.dropped = dropped;
    }

    /** What is appended; null as long as the message has no id. */
    @Nullable LogEntry entry() {
        return entry;
    }

    void begin(long nowNanos) {
        for (ClientRecord receiver : receivers) {
            OwnLog log = receiver.ownLog(limits, memory);
            dropped.add(log.expire(nowNanos));
            log.begin(this);
            if (receiver.isEnded()) { // after begin: an end that comes later finds this send
                ended(receiver);
            }
        }
    }

    /**
     * Under the sequencer.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST, QUEUE_FULL
     */
    void requireUndisturbed() {
        ClientRecord gone = ended;
        if (gone != null) {
            throw gone.wasEnded();
        }
        if (!full.isEmpty()) {
            throw CometException.queueFull(fullClients());
        }
    }

    /**
     * Under the sequencer, if it is {@linkplain #requireUndisturbed undisturbed}. The caller
     * publishes the entry.
     */
    LogEntry decide(long id, long nowNanos) {
        int copies = receivers.size();
        LogEntry decided = new LogEntry(new CometMessage(id, message), nowNanos, copies);
        memory.own().reserve(decided, copies);
        entry = decided;
        return decided;
    }

    private List<CometClient> fullClients() {
        return receivers.stream()
                .filter(receiver -> full.contains(receiver.ownLog(limits, memory)))
                .map(ClientRecord::client)
                .toList();
    }

    void complete() {
        receivers.forEach(receiver -> receiver.ownLog(limits, memory).settle());
    }

    /** Also if begin broke off half-way: some may have no log. */
    void abandon() {
        for (ClientRecord receiver : receivers) {
            OwnLog log = receiver.ownLog();
            if (log != null) {
                log.abandon(this);
            }
        }
    }

    // ---- what logs and clients tell it

    /** Refuses the send if this log has no room for it now. */
    void requireRoom(OwnLog log) {
        if (needsRoom && !log.hasRoomFor(message)) {
            full.add(log);
        }
    }

    /** Refuses the send: this receiver is gone. */
    void ended(ClientRecord receiver) {
        ended = receiver;
    }

    /** Appending dropped so many messages that had not been delivered. */
    void dropped(int messages) {
        dropped.add(messages);
    }
}
