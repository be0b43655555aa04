package dev.comet.client;

/** What ends the calls of a handler or a listener. Idempotent. */
@FunctionalInterface
public interface CometRegistration extends AutoCloseable {
    @Override
    void close();
}
