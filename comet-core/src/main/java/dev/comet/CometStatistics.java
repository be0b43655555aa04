package dev.comet;

import java.time.Duration;
import java.util.Map;

/**
 * What a manager is doing, for dashboards and for 3 a.m. What is said to be a reading is as of now;
 * everything else is a running total.
 *
 * <p>Managers make these; their groups grow with what there is to count.
 *
 * @param clients who exists and who ended
 * @param held what clients have open
 * @param messages what is sent and delivered
 * @param losses what clients do not get; rising means that they are slow, or limits too low
 * @param requests requests to clients
 * @param events what handlers are told
 * @param store calls to the provider
 * @param refusals how often callers and peers were refused, by reason; reasons that never occurred
 *     are left out
 * @param faults what nobody expected
 */
public record CometStatistics(
        Clients clients,
        Held held,
        Messages messages,
        Losses losses,
        Requests requests,
        Events events,
        Store store,
        Map<CometException.Reason, Long> refusals,
        Faults faults) {

    /**
     * Who exists and who ended.
     *
     * @param existing clients that exist; a reading
     * @param idleKilled clients that stayed away too long
     * @param disconnected clients that were ended otherwise
     */
    public record Clients(int existing, long idleKilled, long disconnected) {}

    /**
     * What clients have open, and how it ended.
     *
     * @param polls requests that are held now; a reading
     * @param streams streams that are open now; a reading
     * @param timeouts held requests to which nothing came
     * @param superseded held requests and streams that a newer one replaced
     * @param abandoned held requests and streams whose peer went away
     * @param cutOff streams that were cut off because their peer did not read; rising means that
     *     networks or clients are too slow for what is sent
     */
    public record Held(
            int polls, int streams, long timeouts, long superseded, long abandoned, long cutOff) {}

    /**
     * What is sent and delivered.
     *
     * @param accepted messages that senders got an id for
     * @param refused sends that ended with an exception
     * @param delivered messages in answers and streams, counted for each receiver and each time
     * @param answers answers, and writes of streams, that carried messages or gaps
     * @param waiting messages in the logs of the store, read or not; one for many clients is one. A
     *     reading
     * @param waitingBytes what these take; a reading
     * @param maxTotalBytes what they may take: {@link CometLimits#maxTotalBytes}
     * @param worstLag how long the oldest message that its client has not confirmed has waited,
     *     over all clients; a reading, some seconds old
     */
    public record Messages(
            long accepted,
            long refused,
            long delivered,
            long answers,
            long waiting,
            long waitingBytes,
            long maxTotalBytes,
            Duration worstLag) {}

    /**
     * What clients do not get.
     *
     * @param dropped messages dropped from clients' own logs before they were delivered
     * @param gaps gaps that were told to clients, of own and shared logs alike; again for each time
     * @param messagesAtMost messages in those gaps, for want of room or of age. Exact if their
     *     readers get everything that is sent; ids of messages for others are counted, too
     */
    public record Losses(long dropped, long gaps, long messagesAtMost) {}

    /**
     * Requests to clients.
     *
     * @param pending requests that have no reply yet; a reading
     * @param replied requests that ended with a reply
     * @param timedOut requests to which no reply came in time; rising means that clients are away
     *     or too slow
     * @param failed requests that ended otherwise: refused, too many, client gone
     * @param repliesIgnored replies that nobody waited for any more, or a second time
     */
    public record Requests(
            int pending, long replied, long timedOut, long failed, long repliesIgnored) {}

    /**
     * What handlers are told.
     *
     * @param pending events that wait for their handlers; rising means that handlers are too slow.
     *     A reading
     * @param skipped clientSubscribed events left out because too many were waiting
     */
    public record Events(int pending, long skipped) {}

    /**
     * Calls to the provider.
     *
     * @param busyReads reads that are waiting for a provider that does not answer from memory;
     *     rising means that the store is slow. A reading
     * @param failures calls that failed for a reason of the provider's own
     */
    public record Store(int busyReads, long failures) {}

    /**
     * What nobody expected.
     *
     * @param waitThreadsReplaced wait threads that failed, and in whose place others went on
     * @param internal in all managers of this process: mostly lack of memory, else a fault of
     *     Comet. The log has up to twenty of them a minute as errors
     */
    public record Faults(long waitThreadsReplaced, long internal) {}
}
