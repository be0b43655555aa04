package dev.comet.client;

import org.jspecify.annotations.Nullable;

/**
 * Is told what happens to a client, in order with its messages, on the threads that handlers run
 * on, one call at a time. What it throws is logged and stops nothing.
 */
public interface CometListener {

    /**
     * A poll was answered, or a piece of the stream came (heart-beats too); comes after its
     * messages.
     *
     * @param messages how many of them were new
     * @param millis how long it took
     */
    default void succeeded(int messages, long millis) {}

    /** Nothing came while a poll was held. */
    default void timedOut(long lastMessageId) {}

    /**
     * A request failed.
     *
     * @param attempt how many have failed in a row
     * @param retryInMillis when the next one follows; −1 if none does, because it is {@linkplain
     *     CometClientException#isPermanent permanent}
     */
    default void failed(CometClientException error, int attempt, long retryInMillis) {}

    /** The state has changed; it may have changed again by now. */
    default void stateChanged(CometState from, CometState to) {}

    /** The last answer came in another way than the one before. Nothing is lost by that. */
    default void transportChanged(CometTransport from, CometTransport to) {}

    /**
     * Messages with from ≤ id ≤ to may be lost, apart from those that follow. Reload what they
     * would have changed.
     *
     * @param reason {@code overflow}, {@code expired}, {@code confirmed}, {@code unknown-cursor},
     *     {@code store-lost}; or {@code unreadable}: this one message came and was no JSON, or
     *     beyond what can be read
     */
    default void gap(long from, long to, String reason) {}

    /**
     * The server does not know the session any more: messages in between are lost.
     *
     * @param previous its public token
     * @param current the public token of the session that replaces it; null if there is none (state
     *     LOST)
     */
    default void sessionLost(String previous, @Nullable String current) {}

    /** The server goes away for a moment; the next request follows. */
    default void reconnecting(long delayMillis) {}

    /** The client was ended: {@code disconnected}, {@code overflow}. */
    default void closed(String reason) {}

    /** Another program receives with the same token. */
    default void superseded() {}

    /** A handler threw. It was logged, too. */
    default void handlerFailed(Throwable error, CometMessage message) {}
}
