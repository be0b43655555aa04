package dev.comet;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a transport asks of a manager: to hold requests and streams, and to take what clients
 * confirm and reply. Implemented by {@link CometStateManager#endpoint()} only.
 *
 * <p>Safe for use by any number of threads.
 */
public interface CometEndpoint {

    /**
     * Confirms everything up to the cursor, and asks for what is above it. If there is something,
     * the result is complete when this method returns; otherwise the request is held until there
     * is, until its time has passed, or until a newer request of the same client takes over.
     *
     * <p>Never throws for what a peer can do wrong: an unknown token, say, is a result that is
     * complete with an error.
     *
     * @param privateToken the client's secret
     * @param lastMessageId the client's cursor; 0 or less for everything since it was initialised
     * @param hold how long to hold the request, cut to the client's connectionTimeoutSeconds; zero
     *     or less answers at once, null is that of the client
     * @param instance what the client calls itself, the same in all of its requests; it is told to
     *     whoever is superseded by this one. A request that was given up, or that something on the
     *     way repeats, can arrive after a newer one and take over from that: the client then sees
     *     that it was itself. 0: nothing
     */
    CometAsyncResult beginSubscribe(
            @Nullable String privateToken,
            long lastMessageId,
            @Nullable Duration hold,
            long instance);

    /**
     * The transport is done with the request, or its peer is gone. If the request was still held it
     * ends as ABANDONED, and the client's idle time begins. Never touches a newer request of the
     * same client. Idempotent.
     *
     * @return how the request ended
     */
    CometAnswer endSubscribe(CometAsyncResult result);

    /**
     * Confirms everything up to the cursor, and has everything above it given to the sink, now and
     * as it comes, as fast as the sink takes it: for a transport with one answer that does not end.
     * The stream takes over from an older request or stream of the same client, and ends when a
     * newer one takes over.
     *
     * <p>What a stream carries is not confirmed by that: the client does so by {@link #confirm}, or
     * with the cursor of its next request. What it does not confirm is kept within {@link
     * CometLimits#clientLog}, and is the first to make room when that is full.
     *
     * <p>Never throws for what a peer can do wrong: the stream of an unknown token, say, ends with
     * an error before this method returns, and never opens.
     *
     * @param privateToken the client's secret
     * @param lastMessageId as {@link #beginSubscribe}
     * @param sink is given messages, on this thread and on others
     * @param instance as {@link #beginSubscribe}
     */
    void openStream(
            @Nullable String privateToken, long lastMessageId, CometStreamSink sink, long instance);

    /**
     * Confirms that the client has everything up to the cursor, which frees it. For clients with a
     * stream; a poll confirms by itself.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST; PARAMETERS_INVALID if no answer or stream can
     *     have given the client this cursor; PROVIDER_UNAVAILABLE; CLOSED
     */
    void confirm(String privateToken, long lastMessageId);

    /**
     * A client replies to a request that it was sent.
     *
     * @param contents may be null: done
     * @throws CometException NO_SUCH_REQUEST if nobody waits for it from this client;
     *     ALREADY_REPLIED; CLIENT_DOES_NOT_EXIST; PARAMETERS_INVALID; PROVIDER_UNAVAILABLE; CLOSED
     */
    void acceptReply(String privateToken, String correlationId, @Nullable Object contents);

    /**
     * A client refuses a request that it was sent. The requester gets REFUSED.
     *
     * @param reason the client's words, for the requester
     * @throws CometException as {@link #acceptReply}
     */
    void acceptRefusal(String privateToken, String correlationId, String reason);

    /**
     * A client has asked for something from this network address. Kept for its {@linkplain
     * CometStateManager#status status} alone; it is not kept for a client that has no session at
     * this manager.
     */
    void seenAt(CometClient client, String address);
}
