package dev.comet.testkit;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.ICometStateProvider;
import dev.comet.testkit.internal.HistoryChecker;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One client as its library would behave: keeps a cursor that never goes back, confirms with every
 * read, and sometimes loses an answer. What it sees goes into a history.
 *
 * <p>For one thread at a time.
 */
final class ReadingClient {

    private static final long TWO_TO_53 = 1L << 53;
    private static final int ENOUGH_READS = 100_000;

    private final ICometStateProvider provider;
    private final CometClient client;
    private final HistoryChecker history;
    private final Random random;
    private volatile long cursor; // written by the reading thread

    /** The client exists already, and has not read. */
    ReadingClient(
            ICometStateProvider provider, CometClient client, HistoryChecker history, long seed) {
        this.provider = provider;
        this.client = client;
        this.history = history;
        this.random = new Random(seed);
        this.cursor = provider.confirmedMessageId(client);
        history.born(client.publicToken(), cursor);
    }

    CometClient client() {
        return client;
    }

    /**
     * Reads once, in a batch of some size.
     *
     * @return whether there was anything
     */
    boolean read() {
        int maxMessages = 1 + random.nextInt(8);
        int maxBytes = random.nextInt(4) == 0 ? 1 + random.nextInt(300) : Integer.MAX_VALUE;
        if (random.nextInt(4) == 0) {
            read(provider, client, cursor, maxMessages, maxBytes); // an answer lost on its way
        }
        return read(maxMessages, maxBytes);
    }

    /** Reads once, with the bounds that a manager has by default. */
    boolean readPlainly() {
        return read(1_000, 1 << 20);
    }

    private boolean read(int maxMessages, int maxBytes) {
        CometBatch batch = read(provider, client, cursor, maxMessages, maxBytes);
        for (CometGap gap : batch.gaps()) {
            if (gap.reason() != CometGap.Reason.OVERFLOW) {
                throw new AssertionError(gap + " for cursor " + cursor + " of " + client);
            }
            history.gap(client.publicToken(), gap.from(), gap.to());
        }
        for (CometMessage message : batch.messages()) {
            history.received(client.publicToken(), message.messageId());
        }
        cursor = batch.cursor();
        return !batch.isEmpty();
    }

    /**
     * What an older request of the same client does that is still under way: reads from a cursor
     * that is out of date. For any thread; what it finds is nobody's.
     */
    void readStale(Random chance) {
        long stale = cursor;
        if (chance.nextInt(3) == 0) {
            stale = 0;
        }
        provider.getMessages(client, stale, 1 + chance.nextInt(8), 1_000);
    }

    /** Reads until there is nothing more. */
    void readAll() {
        for (int i = 0; i < ENOUGH_READS; i++) {
            if (!read()) {
                return;
            }
        }
        throw new AssertionError(client + " finds no end from cursor " + cursor);
    }

    /** Reads, and checks what is true of every batch. */
    static CometBatch read(
            ICometStateProvider provider,
            CometClient client,
            long cursor,
            int maxMessages,
            int maxBytes) {
        CometBatch batch = provider.getMessages(client, cursor, maxMessages, maxBytes);
        String wrong = whatIsWrong(batch, cursor, maxMessages, maxBytes);
        if (wrong != null) {
            throw new AssertionError(
                    "%s; %s read from cursor %d, at most %d messages and %d bytes: %s"
                            .formatted(wrong, client, cursor, maxMessages, maxBytes, batch));
        }
        return batch;
    }

    /** Without any assertion library, which would take most of the time of a race. */
    private static @Nullable String whatIsWrong(
            CometBatch batch, long cursor, int maxMessages, int maxBytes) {
        long last = Math.max(cursor, 0);
        for (CometGap gap : batch.gaps()) {
            if (gap.reason() == CometGap.Reason.UNKNOWN_CURSOR) {
                last = gap.to();
            } else if (gap.from() > gap.to() || gap.to() <= last) {
                return gap + " is empty or not above the cursor";
            }
        }
        long bytes = 0;
        for (CometMessage message : batch.messages()) {
            if (message.messageId() <= last || message.messageId() >= TWO_TO_53) {
                return "[M1] id " + message.messageId() + " after " + last;
            }
            last = message.messageId();
            bytes += message.encoded().sizeInBytes();
        }
        if (batch.messages().size() > maxMessages) {
            return "too many messages";
        }
        if (batch.messages().size() > 1 && bytes > maxBytes) {
            return bytes + " bytes are too many";
        }
        if (batch.cursor() < last || batch.cursor() >= TWO_TO_53) {
            return "the batch's cursor is below " + last + " or not below 2^53";
        }
        return null;
    }
}
