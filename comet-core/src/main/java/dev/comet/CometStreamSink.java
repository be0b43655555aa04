package dev.comet;

/**
 * Where a stream's messages go: a transport's side of {@link CometEndpoint#openStream}.
 *
 * <p>Called by one thread at a time, which may be a wait thread: no method may block. What a method
 * throws ends the stream. The order is {@link #opened}, then {@link #messages} and {@link
 * #heartbeat} as they come, then {@link #ended}, after which nothing follows; of these only {@code
 * ended} is certain to be called. The first of them after {@code opened} is called on the opener's
 * thread, before {@code openStream} returns: an end that another thread brings before that is told
 * there too.
 */
public interface CometStreamSink {

    /**
     * The stream is about to begin. Called on the opener's thread before everything else, and
     * before anybody else knows of the stream. What it throws is thrown by {@code openStream}:
     * nothing has been opened then, and nothing else is called.
     */
    void opened(CometStream stream);

    /**
     * Messages, gaps, or both.
     *
     * @return whether more can be taken at once. If not, nothing but {@link #ended} is called until
     *     {@link CometStream#ready}
     */
    boolean messages(CometBatch batch);

    /**
     * The stream begins, or nothing came for a while.
     *
     * @param cursor up to where the client has been looked after
     * @param lastSentId the id of the last message that this stream has carried, 0 if none: a
     *     client that has not seen it has lost it on the way
     * @param nextInSeconds the next one, or messages, will come within this time
     * @return as {@link #messages}
     */
    boolean heartbeat(long cursor, long lastSentId, int nextInSeconds);

    /**
     * The stream has ended. May come although the sink has said that it can take no more.
     *
     * @param why {@code ERROR}, {@code SUPERSEDED}, {@code RECONNECT}, {@code CLIENT_ENDED}, or
     *     {@code ABANDONED}: the peer is gone or has not read for too long, and is to be told
     *     nothing
     */
    void ended(CometAnswer why);
}
