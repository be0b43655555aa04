package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;

/** A way for messages to travel. One call of {@code next} at a time; all on the client's strand. */
interface Transport {

    /** STREAM or POLL. */
    CometTransport name();

    /**
     * Asks for the messages after the cursor, which this confirms.
     *
     * @param prompt asks for a sign of life at once, because the state of the connection is in
     *     doubt
     * @param outcome is told, once, and never before this method returns
     */
    void next(long cursor, boolean prompt, ResponseHandler outcome);

    /** Whether a call is, whose outcome is still to be told. */
    boolean isUnderWay();

    /** Breaks off the call that is under way: it fails with this. Nothing if there is none. */
    void breakOff(String code, String reason);

    /** Breaks off what outlives a call of {@code next}, and says nothing. */
    void close();
}
