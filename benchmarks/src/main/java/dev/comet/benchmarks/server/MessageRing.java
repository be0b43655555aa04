package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * A bare server's messages, encoded, the oldest overwritten. Written by one thread at a time;
 * whoever reads messages must not do so meanwhile.
 */
final class MessageRing {

    private static final int SLOTS = 8_192;

    private final byte[][] slots = new byte[SLOTS][];
    private volatile long top; // read at any time

    /** The id of the last message. */
    long top() {
        return top;
    }

    void append(String payload) {
        long id = top + 1;
        slots[(int) (id % SLOTS)] =
                ("{\"id\":" + id + ",\"name\":\"bench\",\"contents\":\"" + payload + "\"}")
                        .getBytes(US_ASCII);
        top = id;
    }

    byte[] get(long id) {
        return slots[(int) (id % SLOTS)];
    }

    /** Of a JSON array of all messages above the cursor, of which there is at least one. */
    int lengthAbove(long cursor) {
        int length = 1;
        for (long id = cursor + 1; id <= top; id++) {
            length += get(id).length + 1;
        }
        return length;
    }
}
