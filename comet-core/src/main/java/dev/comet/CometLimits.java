package dev.comet;

import java.time.Duration;

/**
 * The bounds of a manager and its provider. Everything is bounded by default; the defaults are for
 * a server with a few gigabytes of heap.
 *
 * <p>Immutable.
 */
public final class CometLimits {

    /** In bytes; clients give up on an answer of twice as much. */
    private static final int LARGEST = 16 << 20;

    private final int maxClients;
    private final int maxGroups;
    private final int maxGroupsPerClient;
    private final int maxMessageBytes;
    private final int maxMessagesPerAnswer;
    private final int maxBytesPerAnswer;
    private final int maxBytesPerWrite;
    private final LogLimits clientLog;
    private final LogLimits sharedLog;
    private final OverflowPolicy overflow;
    private final long maxTotalBytes;

    private CometLimits(Builder builder) {
        maxClients = atLeastOne("maxClients", builder.maxClients);
        maxGroups = atLeastOne("maxGroups", builder.maxGroups);
        maxGroupsPerClient = atLeastOne("maxGroupsPerClient", builder.maxGroupsPerClient);
        maxMessageBytes = readable("maxMessageBytes", builder.maxMessageBytes);
        maxMessagesPerAnswer = atLeastOne("maxMessagesPerAnswer", builder.maxMessagesPerAnswer);
        maxBytesPerAnswer = readable("maxBytesPerAnswer", builder.maxBytesPerAnswer);
        maxBytesPerWrite = atLeastOne("maxBytesPerWrite", builder.maxBytesPerWrite);
        clientLog = builder.clientLog;
        sharedLog = builder.sharedLog;
        overflow = builder.overflow;
        maxTotalBytes = builder.maxTotalBytes;
        if (maxTotalBytes < 1) {
            throw Arguments.invalid("maxTotalBytes is " + maxTotalBytes + "; use at least 1");
        }
    }

    private static int atLeastOne(String name, int value) {
        if (value < 1) {
            throw Arguments.invalid(name + " is " + value + "; use at least 1");
        }
        return value;
    }

    private static int readable(String name, int value) {
        if (value > LARGEST) {
            throw Arguments.invalid(name + " is " + value + "; use at most " + LARGEST);
        }
        return atLeastOne(name, value);
    }

    /** All defaults. */
    public static CometLimits defaults() {
        return builder().build();
    }

    /** Limits yet to be set, beginning with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * How many clients may exist; more are refused with {@link
     * CometException.Reason#LIMIT_REACHED}.
     */
    public int maxClients() {
        return maxClients;
    }

    /**
     * How many groups may exist. A group without members is kept while somebody who left it has
     * unread messages of it, and after that for its history, until the messages expire. When a join
     * would make one group too many, the one that has been kept longest for its history alone is
     * dropped, with its history; if there is none, the join is refused with {@link
     * CometException.Reason#LIMIT_REACHED}.
     */
    public int maxGroups() {
        return maxGroups;
    }

    /**
     * How many memberships one client may have, counting those it left and has not yet fetched
     * everything of.
     */
    public int maxGroupsPerClient() {
        return maxGroupsPerClient;
    }

    /** The largest encoded message in bytes; a larger one is refused at the sender. */
    public int maxMessageBytes() {
        return maxMessageBytes;
    }

    /** How many messages one answer carries at most; the rest follows in the next. */
    public int maxMessagesPerAnswer() {
        return maxMessagesPerAnswer;
    }

    /** How many bytes one answer carries at most; a single message that is larger travels alone. */
    public int maxBytesPerAnswer() {
        return maxBytesPerAnswer;
    }

    /**
     * How many bytes a stream writes at a time at most; a single message that is larger travels
     * alone. What a peer that does not read costs, beside what the network holds.
     */
    public int maxBytesPerWrite() {
        return maxBytesPerWrite;
    }

    /** How much may wait in a client's own log. */
    public LogLimits clientLog() {
        return clientLog;
    }

    /** How much everyone's log, and each group's log, keeps for those who are behind. */
    public LogLimits sharedLog() {
        return sharedLog;
    }

    /** What happens to a message for a client whose own log is full. */
    public OverflowPolicy overflow() {
        return overflow;
    }

    /**
     * How many bytes the messages of all logs together may take, counted with what a message costs
     * beside its bytes. One that stands in the own logs of many clients counts once, and a little
     * for each of them. Beyond it the oldest messages of shared logs are dropped first, announced
     * as {@link CometGap.Reason#OVERFLOW}. One message always fits.
     *
     * <p>Under REJECT a client's own log takes, with its next message, no more of it than all own
     * logs leave free: half if it is alone, an eleventh if there are ten that take what they can.
     * Beyond that it is full, as at the limits of {@link #clientLog}; one that is empty takes a
     * message as long as the total has room. So clients who confirm nothing keep out what is for
     * themselves, and leave room for what is for others.
     *
     * <p>Where own logs alone take all of it nevertheless, what streams have carried is dropped,
     * and then the {@linkplain #overflow policy} acts: REJECT refuses every send with {@link
     * CometException.Reason#QUEUE_FULL}, DROP_OLDEST drops the oldest messages of own logs, whoever
     * has them, DISCONNECT ends the client whose own log has the oldest one.
     */
    public long maxTotalBytes() {
        return maxTotalBytes;
    }

    /** In one line, for the log. */
    @Override
    public String toString() {
        return "maxClients="
                + maxClients
                + ", maxGroups="
                + maxGroups
                + ", maxGroupsPerClient="
                + maxGroupsPerClient
                + ", maxMessageBytes="
                + maxMessageBytes
                + ", maxMessagesPerAnswer="
                + maxMessagesPerAnswer
                + ", maxBytesPerAnswer="
                + maxBytesPerAnswer
                + ", maxBytesPerWrite="
                + maxBytesPerWrite
                + ", clientLog="
                + clientLog
                + ", sharedLog="
                + sharedLog
                + ", overflow="
                + overflow
                + ", maxTotalBytes="
                + maxTotalBytes;
    }

    /** Sets limits. Not safe for use by several threads. */
    public static final class Builder {

        private int maxClients = 100_000;
        private int maxGroups = 100_000;
        private int maxGroupsPerClient = 256;
        private int maxMessageBytes = 2 << 20;
        private int maxMessagesPerAnswer = 1_000;
        private int maxBytesPerAnswer = 1 << 20;
        private int maxBytesPerWrite = 64 << 10;
        private LogLimits clientLog = new LogLimits(1_000, 4 << 20, LogLimits.ANY_AGE);
        private LogLimits sharedLog = new LogLimits(10_000, 16 << 20, Duration.ofMinutes(10));
        private OverflowPolicy overflow = OverflowPolicy.REJECT;
        private long maxTotalBytes = Math.max(1, Runtime.getRuntime().maxMemory() / 4);

        private Builder() {}

        /** Default 100,000; at least 1. */
        public Builder maxClients(int maxClients) {
            this.maxClients = maxClients;
            return this;
        }

        /** Default 100,000; at least 1. */
        public Builder maxGroups(int maxGroups) {
            this.maxGroups = maxGroups;
            return this;
        }

        /** Default 256; at least 1. */
        public Builder maxGroupsPerClient(int maxGroupsPerClient) {
            this.maxGroupsPerClient = maxGroupsPerClient;
            return this;
        }

        /** In bytes. Default 2 MiB; 1 to 16 MiB, of which clients can read two at a time. */
        public Builder maxMessageBytes(int maxMessageBytes) {
            this.maxMessageBytes = maxMessageBytes;
            return this;
        }

        /** Default 1,000; at least 1. */
        public Builder maxMessagesPerAnswer(int maxMessagesPerAnswer) {
            this.maxMessagesPerAnswer = maxMessagesPerAnswer;
            return this;
        }

        /** In bytes. Default 1 MiB; 1 to 16 MiB, half of what clients read at most. */
        public Builder maxBytesPerAnswer(int maxBytesPerAnswer) {
            this.maxBytesPerAnswer = maxBytesPerAnswer;
            return this;
        }

        /** In bytes. Default 64 KiB; at least 1. */
        public Builder maxBytesPerWrite(int maxBytesPerWrite) {
            this.maxBytesPerWrite = maxBytesPerWrite;
            return this;
        }

        /**
         * Default 1,000 messages, 4 MiB, any age: what a client does not fetch is bounded by its
         * idle time already.
         */
        public Builder clientLog(LogLimits clientLog) {
            this.clientLog = clientLog;
            return this;
        }

        /**
         * Default 10,000 messages, 16 MiB, 10 minutes: ten times the default idle time, so that a
         * client that may come back misses nothing.
         */
        public Builder sharedLog(LogLimits sharedLog) {
            this.sharedLog = sharedLog;
            return this;
        }

        /** Default {@link OverflowPolicy#REJECT}: nothing is lost, and the sender knows. */
        public Builder overflow(OverflowPolicy overflow) {
            this.overflow = overflow;
            return this;
        }

        /**
         * In bytes. Default a quarter of the heap that the JVM may take ({@code -Xmx}): answers
         * that are being written, and the application, need the rest. At least 1.
         */
        public Builder maxTotalBytes(long maxTotalBytes) {
            this.maxTotalBytes = maxTotalBytes;
            return this;
        }

        /**
         * The finished value.
         *
         * @throws CometException {@link CometException.Reason#PARAMETERS_INVALID} if a value breaks
         *     its rule
         */
        public CometLimits build() {
            return new CometLimits(this);
        }
    }
}
