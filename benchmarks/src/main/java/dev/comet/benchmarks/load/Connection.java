package dev.comet.benchmarks.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * One keep-alive HTTP/1.1 connection with at most one request under way. Touched by the load thread
 * alone.
 */
final class Connection {

    private static final byte[] NOTHING = {};

    /** A message on its way to the server. */
    record Post(Conversation from, byte[] payload) {}

    final Conversation conversation;

    /**
     * What is waiting to be posted over this connection, the first of which may be under way; null
     * if it polls.
     */
    final Deque<Post> posts;

    private final SocketChannel channel;
    private final Dechunker chunks = new Dechunker();
    private byte[] partial = NOTHING;

    /** Polls. */
    Connection(int port, Selector selector, Conversation conversation) throws IOException {
        this(port, selector, conversation, null);
    }

    /** Posts. */
    Connection(int port, Selector selector) throws IOException {
        this(port, selector, null, new ArrayDeque<>());
    }

    private Connection(int port, Selector selector, Conversation conversation, Deque<Post> posts)
            throws IOException {
        this.conversation = conversation;
        this.posts = posts;
        // Waits while the server's accept queue is full.
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
    }

    void write(ByteBuffer request) throws IOException {
        channel.write(request);
        if (request.hasRemaining()) {
            // The one before was answered, so that there is room for this one.
            throw new IOException("the connection takes no request");
        }
    }

    /**
     * Reads what has come.
     *
     * @param buffer with an array, larger than any answer
     * @return whether the answer is complete; if so it is in {@code answer}
     */
    boolean read(ByteBuffer buffer, HttpAnswer answer) throws IOException {
        buffer.clear().put(partial);
        int count = channel.read(buffer);
        if (count < 0) {
            throw new IOException("the server hung up");
        }
        if (conversation != null && conversation.streams()) {
            return readEvents(buffer, count, answer);
        }
        if (answer.parse(buffer.array(), buffer.position())) {
            partial = NOTHING;
            return true;
        }
        if (count > 0) {
            partial = new byte[buffer.flip().remaining()];
            buffer.get(partial);
        }
        return false;
    }

    /** Whether there are whole events. */
    private boolean readEvents(ByteBuffer buffer, int count, HttpAnswer answer) {
        byte[] bytes = buffer.array();
        int end = chunks.remove(bytes, buffer.position() - count, buffer.position());
        int whole = end;
        while (whole > 1 && !(bytes[whole - 1] == '\n' && bytes[whole - 2] == '\n')) {
            whole--;
        }
        whole = whole > 1 ? whole : 0;
        partial = whole == end ? NOTHING : Arrays.copyOfRange(bytes, whole, end);
        answer.part(bytes, 0, whole);
        return whole > 0;
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }
}
