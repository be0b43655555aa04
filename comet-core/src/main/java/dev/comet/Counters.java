package dev.comet;

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
    final LongAdder messagesAnswered = new LongAdder();
    final LongAdder answersWithMessages = new LongAdder();
    final LongAdder timeouts = new LongAdder();
    final LongAdder superseded = new LongAdder();
    final LongAdder abandoned = new LongAdder();
    final LongAdder streamsCutOff = new LongAdder();
    final LongAdder gapsAnnounced = new LongAdder();
    final LongAdder idleClientsKilled = new LongAdder();
    final LongAdder clientsDisconnected = new LongAdder();
    final LongAdder eventsSkipped = new LongAdder();
    final LongAdder providerFailures = new LongAdder();
    final LongAdder requestsReplied = new LongAdder();
    final LongAdder requestsTimedOut = new LongAdder();
    final LongAdder requestsFailed = new LongAdder();
    final LongAdder repliesIgnored = new LongAdder();

    CometStatistics read(
            int clients,
            int busyStoreReads,
            long messagesDropped,
            long waitThreadsReplaced,
            long internalFaults) {
        return new CometStatistics(
                clients,
                heldRequests.sum(),
                openStreams.sum(),
                pendingEvents.get(),
                busyStoreReads,
                pendingRequests.get(),
                messagesAccepted.sum(),
                sendsRefused.sum(),
                messagesAnswered.sum(),
                answersWithMessages.sum(),
                timeouts.sum(),
                superseded.sum(),
                abandoned.sum(),
                streamsCutOff.sum(),
                gapsAnnounced.sum(),
                messagesDropped,
                idleClientsKilled.sum(),
                clientsDisconnected.sum(),
                eventsSkipped.sum(),
                providerFailures.sum(),
                requestsReplied.sum(),
                requestsTimedOut.sum(),
                requestsFailed.sum(),
                repliesIgnored.sum(),
                waitThreadsReplaced,
                internalFaults);
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
            case RECONNECT, CLOSED, ERROR -> {}
        }
    }

    /** Messages were given to an answer or a stream. */
    void count(CometBatch batch) {
        answersWithMessages.increment();
        messagesAnswered.add(batch.messages().size());
        if (!batch.gaps().isEmpty()) {
            gapsAnnounced.increment();
        }
    }
}
