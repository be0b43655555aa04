package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

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

    /** The message as an event. */
    byte[] event(long id) {
        byte[] message = get(id);
        byte[] head = ("id: " + id + "\ndata: ").getBytes(US_ASCII);
        byte[] event = Arrays.copyOf(head, head.length + message.length + 2);
        System.arraycopy(message, 0, event, head.length, message.length);
        event[event.length - 2] = '\n';
        event[event.length - 1] = '\n';
        return event;
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
