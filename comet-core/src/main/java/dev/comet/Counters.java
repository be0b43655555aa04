package dev.comet;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What {@link CometStatistics} reports. */
final class Counters {

    final OpenCount heldRequests = new OpenCount();
    final OpenCount openStreams = new OpenCount();
    final AtomicInteger pendingEvents = new AtomicInteger();
    final AtomicInteger pendingRequests = new AtomicInteger();
    final LongAdder messagesAccepted = new LongAdder();
    final LongAdder sendsRefused = new LongAdder();
    final LongAdder messagesDelivered = new LongAdder();
    final LongAdder answersWithMessages = new LongAdder();
    final LongAdder timeouts = new LongAdder();
    final LongAdder superseded = new LongAdder();
    final LongAdder abandoned = new LongAdder();
    final LongAdder streamsCutOff = new LongAdder();
    final LongAdder gapsAnnounced = new LongAdder();
    final LongAdder messagesLostAtMost = new LongAdder();
    final LongAdder idleClientsKilled = new LongAdder();
    final LongAdder clientsDisconnected = new LongAdder();
    final LongAdder eventsSkipped = new LongAdder();
    final LongAdder providerFailures = new LongAdder();
    final LongAdder requestsReplied = new LongAdder();
    final LongAdder requestsTimedOut = new LongAdder();
    final LongAdder requestsFailed = new LongAdder();
    final LongAdder repliesIgnored = new LongAdder();

    /** Filled once, and read by any thread afterwards. */
    private final Map<CometException.Reason, LongAdder> refusals =
            new EnumMap<>(CometException.Reason.class);

    Counters() {
        for (CometException.Reason reason : CometException.Reason.values()) {
            refusals.put(reason, new LongAdder());
        }
    }

    /** A caller or a peer was refused. Returns the refusal. */
    CometException refused(CometException refusal) {
        LongAdder count = refusals.get(refusal.reason());
        if (count != null) {
            count.increment();
        }
        return refusal;
    }

    CometStatistics read(
            ICometStateProvider.Usage store,
            long maxTotalBytes,
            int busyReads,
            CometStatistics.Faults faults) {
        return new CometStatistics(
                new CometStatistics.Clients(
                        store.clients(), idleClientsKilled.sum(), clientsDisconnected.sum()),
                new CometStatistics.Held(
                        heldRequests.sum(),
                        openStreams.sum(),
                        timeouts.sum(),
                        superseded.sum(),
                        abandoned.sum(),
                        streamsCutOff.sum()),
                new CometStatistics.Messages(
                        messagesAccepted.sum(),
                        sendsRefused.sum(),
                        messagesDelivered.sum(),
                        answersWithMessages.sum(),
                        store.messages(),
                        store.bytes(),
                        maxTotalBytes,
                        store.worstLag()),
                new CometStatistics.Losses(
                        store.dropped(), gapsAnnounced.sum(), messagesLostAtMost.sum()),
                new CometStatistics.Requests(
                        pendingRequests.get(),
                        requestsReplied.sum(),
                        requestsTimedOut.sum(),
                        requestsFailed.sum(),
                        repliesIgnored.sum()),
                new CometStatistics.Events(pendingEvents.get(), eventsSkipped.sum()),
                new CometStatistics.Store(busyReads, providerFailures.sum()),
                refusals(),
                faults);
    }

    private Map<CometException.Reason, Long> refusals() {
        Map<CometException.Reason, Long> byReason = new EnumMap<>(CometException.Reason.class);
        refusals.forEach(
                (reason, count) -> {
                    if (count.sum() > 0) {
                        byReason.put(reason, count.sum());
                    }
                });
        return Collections.unmodifiableMap(byReason);
    }

    boolean nothingIsOpen() {
        return heldRequests.sum() + openStreams.sum() == 0;
    }

    /** An answer was given to a request. */
    void count(CometAnswer answer) {
        switch (answer.outcome()) {
            case MESSAGES -> count(answer.batch());
            case TIMEOUT -> timeouts.increment();
            case SUPERSEDED -> superseded.increment();
            case ABANDONED -> abandoned.increment();
            case RECONNECT, CLIENT_ENDED, ERROR -> {}
        }
    }

    /** Messages were given to an answer or a stream. */
    void count(CometBatch batch) {
        answersWithMessages.increment();
        messagesDelivered.add(batch.messages().size());
        List<CometGap> gaps = batch.gaps();
        for (int i = 0; i < gaps.size(); i++) {
            gapsAnnounced.increment();
            messagesLostAtMost.add(lostAtMost(gaps.get(i)));
        }
    }

    private static long lostAtMost(CometGap gap) {
        return switch (gap.reason()) {
            case OVERFLOW, EXPIRED -> gap.to() - gap.from() + 1;
            case CONFIRMED, UNKNOWN_CURSOR, STORE_LOST -> 0; // the client had them, or nobody knows
        };
    }
}
