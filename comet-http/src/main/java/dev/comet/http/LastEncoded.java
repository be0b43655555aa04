package dev.comet.http;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Remembers the bytes that the last messages were written as: clients that get the same messages
 * one after the other, as after a broadcast, get the same array.
 *
 * <p>Safe for use by any number of threads; whoever reads an older memory only writes an array
 * more.
 *
 * @param <M> a message; compared by identity
 */
final class LastEncoded<M> {

    private volatile Memory<M> last =
            new Memory<>(new ArrayList<>(0), new byte[0]); // racy on purpose

    /**
     * The bytes of these messages.
     *
     * @param messages at least one; the list is kept and must not change
     * @param encode writes them, if they are not those of the last call. Always the same function
     * @return shared: never to be changed
     */
    byte[] of(List<M> messages, Function<List<M>, byte[]> encode) {
        Memory<M> known = last;
        if (known.isOf(messages)) {
            return known.bytes;
        }
        byte[] bytes = encode.apply(messages);
        last = new Memory<>(messages, bytes);
        return bytes;
    }

    /**
     * Messages, as the very objects (providers hand the same ones to all receivers), and their
     * bytes.
     */
    private static final class Memory<M> {

        private final List<M> messages;
        private final byte[] bytes;

        Memory(List<M> messages, byte[] bytes) {
            this.messages = messages;
            this.bytes = bytes;
        }

        boolean isOf(List<M> others) {
            if (messages == others) {
                return true;
            }
            int size = messages.size();
            if (others.size() != size) {
                return false;
            }
            for (int i = size - 1; i >= 0; i--) {
                if (messages.get(i) != others.get(i)) {
                    return false;
                }
            }
            return size > 0;
        }
    }
}
