package dev.comet.benchmarks.load;

import dev.comet.benchmarks.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * All clients of a server, on one thread: that of whoever calls a {@code run} method. Each polls
 * again as soon as it is answered. Parses no JSON, makes no objects for an answer, and writes
 * requests from templates: it is meant to be cheaper than any server.
 */
public final class LoadClient implements AutoCloseable {

    private static final int BUFFER_BYTES = 16 << 20;
    private static final int REQUEST_BYTES = 4 << 10;
    private static final int POSTING_CONNECTIONS = 20;

    private final int port;
    private final Selector selector = Selector.open();
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);
    private final ByteBuffer out = ByteBuffer.allocateDirect(REQUEST_BYTES);
    private final HttpAnswer answer = new HttpAnswer();
    private final Tally tally = new Tally();
    private final Map<String, Integer> troubles = new TreeMap<>();
    private final List<Connection> posting = new ArrayList<>();
    private int introducing;
    private long spunNanos;

    public LoadClient(int port) throws IOException {
        this.port = port;
    }

    public Tally tally() {
        return tally;
    }

    /** What went wrong with requests, and how often. */
    public Map<String, Integer> troubles() {
        return troubles;
    }

    /** Clients come, and poll. Returns when all are known to the server. */
    void connect(List<? extends Conversation> conversations) throws IOException {
        for (Conversation conversation : conversations) {
            Connection connection = new Connection(port, selector, conversation);
            introducing += conversation.isIntroduced() ? 0 : 1;
            out.clear();
            conversation.begin(out);
            connection.write(out.flip());
            select(0); // lest the server's queues overflow
        }
        if (!runUntil(() -> introducing == 0, Duration.ofSeconds(10))) {
            throw new IOException(introducing + " clients are not known to the server");
        }
        runFor(Duration.ofSeconds(1));
    }

    /**
     * Runs until it is so, or until nothing was delivered for some time. Returns whether it is so.
     */
    public boolean runUntil(BooleanSupplier enough, Duration silence) throws IOException {
        long before = progress();
        long end = System.nanoTime() + silence.toNanos();
        while (!enough.getAsBoolean()) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            select(left);
            if (progress() != before) {
                before = progress();
                end = System.nanoTime() + silence.toNanos();
            }
        }
        return true;
    }

    private long progress() {
        return tally.deliveries() - introducing;
    }

    public void runFor(Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            select(left);
        }
    }

    /**
     * The clients post to their rooms, one after the other, each at its moment whether or not the
     * server keeps up.
     */
    void post(Senders senders, int count, long intervalNanos) throws IOException {
        while (posting.size() < POSTING_CONNECTIONS) {
            posting.add(new Connection(port, selector));
        }
        long due = System.nanoTime();
        for (int i = 0; i < count; i++, due += intervalNanos) {
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                select(left);
            }
            Conversation from = senders.next();
            // One sender, one connection: its messages are to arrive in order.
            Connection connection = posting.get(from.client % POSTING_CONNECTIONS);
            connection.posts.add(
                    new Connection.Post(
                            from, Payload.encode(from.client, senders.count(from), due)));
            if (connection.posts.size() == 1) {
                writePost(connection);
            }
            select(0);
        }
    }

    private void writePost(Connection connection) throws IOException {
        Connection.Post post = connection.posts.element();
        out.clear();
        post.from().post(post.payload(), out);
        connection.write(out.flip());
    }

    private void select(long nanos) throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
        if (millis > 0) {
            selector.select(this::ready, millis);
            return;
        }
        // The processor is this thread's own: it may spin for less than a millisecond.
        long before = System.nanoTime();
        if (selector.selectNow(this::ready) == 0) {
            spunNanos += System.nanoTime() - before;
        }
    }

    /** How long this has used the processor for nothing. */
    public long spunNanos() {
        return spunNanos;
    }

    private void ready(SelectionKey key) {
        Connection connection = (Connection) key.attachment();
        try {
            if (!connection.read(in, answer)) {
                return;
            }
            if (answer.status / 100 != 2) {
                trouble("status " + answer.status);
            }
            if (connection.posts == null) {
                polled(connection);
            } else {
                posted(connection);
            }
        } catch (IOException | RuntimeException e) {
            trouble(e.toString());
            connection.close();
        }
    }

    private void polled(Connection connection) throws IOException {
        Conversation conversation = connection.conversation;
        if (conversation.streams() && conversation.isIntroduced()) {
            tally.take(answer, conversation);
            return;
        }
        boolean known = conversation.isIntroduced();
        out.clear();
        conversation.next(answer, out);
        connection.write(out.flip());
        tally.take(answer, conversation);
        if (!known && conversation.isIntroduced()) {
            introducing--;
        }
    }

    private void posted(Connection connection) throws IOException {
        // Some frameworks answer a post with what they have for the sender.
        tally.take(answer, connection.posts.remove().from());
        if (!connection.posts.isEmpty()) {
            writePost(connection);
        }
    }

    private void trouble(String what) {
        troubles.merge(what, 1, Integer::sum);
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            ((Connection) key.attachment()).close();
        }
        selector.close();
    }
}
