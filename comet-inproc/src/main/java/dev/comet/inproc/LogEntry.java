package dev.comet.inproc;

import dev.comet.CometMessage;
import org.jspecify.annotations.Nullable;

/**
 * A message in one or more logs. Immutable; all logs and all readers share it.
 *
 * @param message what readers get
 * @param appendedNanos when it was accepted, by the provider's clock
 * @param except a client that reads the log but shall not get this message
 */
record LogEntry(CometMessage message, long appendedNanos, @Nullable ClientRecord except) {

    long id() {
        return message.messageId();
    }

    int bytes() {
        return message.encoded().sizeInBytes();
    }

    boolean isFor(ClientRecord reader) {
        return except != reader;
    }
}
