package dev.comet.client;

/** How messages travel. */
public enum CometTransport {
    /** The stream, and polls where something on the way keeps the stream back or cuts it. */
    AUTO,
    /** An event stream that does not end. */
    STREAM,
    /** One held request after the other. */
    POLL
}
