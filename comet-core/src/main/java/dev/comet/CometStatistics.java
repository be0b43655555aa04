package dev.comet;

/**
 * What a manager is doing, for dashboards and for 3 a.m. The first six are readings, the others
 * running totals.
 *
 * @param clients clients that exist
 * @param heldRequests requests that are held now
 * @param openStreams streams that are open now
 * @param pendingEvents events that wait for their handlers; rising means that handlers are too slow
 * @param busyStoreReads reads that are waiting for a provider that does not answer from memory;
 *     rising means that the store is slow
 * @param pendingRequests requests to clients that have no reply yet
 * @param messagesAccepted messages that senders got an id for
 * @param sendsRefused sends that ended with an exception
 * @param messagesAnswered messages in answers and streams, counted for each receiver and each time
 * @param answersWithMessages answers, and writes of streams, that carried messages
 * @param timeouts held requests to which nothing came
 * @param superseded held requests and streams that a newer one replaced
 * @param abandoned held requests and streams whose peer went away
 * @param streamsCutOff streams that were cut off because their peer did not read; rising means that
 *     networks or clients are too slow for what is sent
 * @param gapsAnnounced answers, and writes of streams, that said that something was lost; rising
 *     means that clients lose messages: raise limits, or find out why they are slow
 * @param messagesDropped messages dropped from clients' own logs before they were delivered
 * @param idleClientsKilled clients that stayed away too long
 * @param clientsDisconnected clients that were ended otherwise
 * @param eventsSkipped clientSubscribed events left out because too many were waiting
 * @param providerFailures calls to the provider that failed for a reason of its own
 * @param requestsReplied requests to clients that ended with a reply
 * @param requestsTimedOut requests to clients to which no reply came in time; rising means that
 *     clients are away or too slow
 * @param requestsFailed requests to clients that ended otherwise: refused, too many, client gone
 * @param repliesIgnored replies that nobody waited for any more, or a second time
 * @param waitThreadsReplaced wait threads that failed, and in whose place others went on
 * @param internalFaults what nobody expected, in all managers of this process: mostly lack of
 *     memory, else a fault of Comet. The log has up to twenty of them a minute as errors
 */
public record CometStatistics(
        int clients,
        int heldRequests,
        int openStreams,
        int pendingEvents,
        int busyStoreReads,
        int pendingRequests,
        long messagesAccepted,
        long sendsRefused,
        long messagesAnswered,
        long answersWithMessages,
        long timeouts,
        long superseded,
        long abandoned,
        long streamsCutOff,
        long gapsAnnounced,
        long messagesDropped,
        long idleClientsKilled,
        long clientsDisconnected,
        long eventsSkipped,
        long providerFailures,
        long requestsReplied,
        long requestsTimedOut,
        long requestsFailed,
        long repliesIgnored,
        long waitThreadsReplaced,
        long internalFaults) {}
