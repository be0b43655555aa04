package dev.comet.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the tests of logs are made of. */
final class Logs {

    private static final EncodedMessage EMPTY = new EncodedMessage("m", "{}".getBytes(UTF_8));

    private Logs() {}

    /** With room for whatever a test puts there. */
    static Memory memory() {
        return new Memory(CometLimits.defaults(), () -> {});
    }

    static MessageLog log(LogLimits limits) {
        return new MessageLog(limits, memory().shared());
    }

    static ClientRecord client(String publicToken) {
        return new ClientRecord(CometClient.builder().publicToken(publicToken).build(), 0, 0);
    }

    static LogEntry entry(long id) {
        return entry(id, 0, null);
    }

    static LogEntry entry(long id, long appendedNanos, @Nullable ClientRecord except) {
        return new LogEntry(new CometMessage(id, EMPTY), appendedNanos, except);
    }

    static LogLimits limits(int messages) {
        return new LogLimits(messages, Long.MAX_VALUE, LogLimits.ANY_AGE);
    }

    static List<Long> ids(List<CometMessage> messages) {
        return messages.stream().map(CometMessage::messageId).toList();
    }
}
