package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.comet.benchmarks.Payload;
import java.nio.ByteBuffer;

/**
 * What one client says, in the language of one kind of server: a state machine that answers each
 * answer with the next request.
 */
abstract class Conversation {

    /** The client's number, from 1. */
    final int client;

    /**
     * The numbers of the last messages received, by the sender's place among those whose messages
     * come here.
     */
    final long[] lastNumbers;

    /**
     * For each of these senders, which of the 64 numbers before its last have not come; the lowest
     * bit is the latest.
     */
    final long[] missing;

    /** The first of those senders. */
    final int firstSender;

    private boolean introduced;

    /**
     * @param firstSender the number of the first client in the room, or 0 for the server
     * @param senders how many senders there are
     */
    Conversation(int client, int firstSender, int senders) {
        this.client = client;
        this.firstSender = firstSender;
        this.lastNumbers = new long[senders];
        this.missing = new long[senders];
    }

    /** Writes the first request. */
    abstract void begin(ByteBuffer request);

    /**
     * Takes note of what the answer says of the conversation itself, and writes the next request.
     */
    abstract void next(HttpAnswer answer, ByteBuffer request);

    /**
     * Writes a request that posts this payload to the client's room. Sent over another connection.
     */
    abstract void post(byte[] payload, ByteBuffer request);

    /** Whether one request is all it takes: its answer does not end. */
    boolean streams() {
        return false;
    }

    /** Whether the poll now under way is one that waits. */
    final boolean isIntroduced() {
        return introduced;
    }

    final void introduced() {
        introduced = true;
    }

    /**
     * All of a request that posts a payload as text, but the payload.
     *
     * @param head the request's first line and its headers
     */
    static byte[] textPostHead(String head) {
        return (head + "Content-Type: text/plain\r\nContent-Length: " + Payload.BYTES + "\r\n\r\n")
                .getBytes(ISO_8859_1);
    }

    static void putDecimal(ByteBuffer to, long value) {
        long divisor = 1;
        while (value / divisor >= 10) {
            divisor *= 10;
        }
        for (; divisor > 0; divisor /= 10) {
            to.put((byte) ('0' + value / divisor % 10));
        }
    }
}
