package dev.comet.chaos;

import dev.comet.client.CometTransport;

/**
 * Clients of one kind, each in its slot. Nothing blocks; what happens is told to {@link
 * ClientEvents}. Who is not there does nothing, but fails requests.
 */
interface Clients extends AutoCloseable {

    /** One attempt. */
    void connect(Slot slot, CometTransport transport);

    /** Changes how messages travel. */
    void use(Slot slot, CometTransport transport);

    /** A request to the server itself, which replies with the key. */
    void echo(Slot slot, String key);

    /** A request that the server passes on to another client. */
    void ask(Slot slot, String key, String token);

    /** Ends the client. */
    void disconnect(Slot slot);

    /** Says nothing, and never comes again. */
    void walkAway(Slot slot);

    /** The nodes are elsewhere. */
    void moved(int[] ports);

    @Override
    void close();
}
