package dev.comet.tests.held;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client with a connection of its own, on which it polls. */
final class PollingClient {

    private static final byte[] NOTHING = {};

    private final String name;
    private final String afterQuery;
    private final SocketChannel channel;
    private byte[] partial = NOTHING;
    private long cursor;
    private long dueNanos;

    PollingClient(String name, String privateToken, int port, Selector selector)
            throws IOException {
        this.name = name;
        this.afterQuery =
                " HTTP/1.1\r\nHost: 127.0.0.1:"
                        + port
                        + "\r\nAuthorization: Bearer "
                        + privateToken
                        + "\r\n\r\n";
        // Waits while the server's accept queue is full.
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
    }

    String name() {
        return name;
    }

    /** When the held poll must be answered. */
    long dueNanos() {
        return dueNanos;
    }

    void poll(int holdSeconds) throws IOException {
        String request =
                "GET /comet/poll?lastMessageId=" + cursor + "&hold=" + holdSeconds + afterQuery;
        ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(ISO_8859_1));
        dueNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(holdSeconds);
        channel.write(bytes);
        if (bytes.hasRemaining()) {
            // The one before was answered, so that there is room for this one.
            throw new IOException("the connection takes no request");
        }
    }

    /**
     * The answer to the held poll, or null if it is not complete yet.
     *
     * @param buffer larger than any answer
     * @throws IOException if the server has hung up
     */
    @Nullable Answer read(AnswerReader reader, ByteBuffer buffer) throws IOException {
        buffer.clear().put(partial);
        int count = channel.read(buffer);
        if (count < 0) {
            throw new IOException("the server hung up on a held poll");
        }
        byte[] bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        Answer answer = reader.read(bytes);
        if (answer == null) {
            partial = bytes;
            return null;
        }
        partial = NOTHING;
        cursor = Math.max(cursor, answer.cursor());
        return answer;
    }

    void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }
}
