package dev.comet;

/**
 * A stream as its transport sees it. Safe for use by several threads; no method blocks for long.
 */
public interface CometStream {

    /**
     * The sink can take more. To be called once for each time that the sink has said that it
     * cannot: once too few and the stream stops.
     */
    void ready();

    /**
     * The peer is gone: ends the stream as ABANDONED, and the client's idle time begins.
     * Idempotent; never touches a newer request of the same client.
     */
    void close();
}
