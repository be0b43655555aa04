package dev.comet.tests.held;

import dev.comet.testkit.internal.SequenceChecker;
import dev.comet.testkit.internal.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * All clients, on one thread: that of whoever calls {@link #runUntil} or {@link #runFor}. Each
 * polls again as soon as it is answered, then looks at the answer.
 */
final class PollingClients implements AutoCloseable {

    private static final String SENDER = "server";
    private static final int BUFFER_BYTES = 2 << 20; // an answer has 1 MiB at most

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private final AnswerReader reader = new AnswerReader();
    private final SequenceChecker checker = new SequenceChecker();
    private final Map<String, Integer> troubles = new TreeMap<>();
    private final int port;
    private final long clockOffsetNanos;
    private int connected;
    private int holdSeconds;
    private long answers;
    private Samples deliveries = new Samples();
    private Samples timeouts = new Samples();

    /**
     * @param clockOffsetNanos what to add to the server's time for this process's
     */
    PollingClients(int port, long clockOffsetNanos) throws IOException {
        this.port = port;
        this.clockOffsetNanos = clockOffsetNanos;
    }

    /** How long the polls from now on ask to be held. */
    void hold(int seconds) {
        holdSeconds = seconds;
    }

    /**
     * One more client, which polls at once.
     *
     * @param sent the number of the last message that is not for it
     */
    void connect(String privateToken, long sent) throws IOException {
        String name = "client %05d".formatted(++connected);
        checker.expect(name, SENDER, sent);
        new PollingClient(name, privateToken, port, selector).poll(holdSeconds);
    }

    /**
     * Runs until it is so, or until nothing was answered for some time: a busy machine is slow, but
     * not silent. Returns whether it is so.
     */
    boolean runUntil(BooleanSupplier enough, Duration silence) throws IOException {
        long before = answers;
        long end = System.nanoTime() + silence.toNanos();
        while (!enough.getAsBoolean()) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            select(left);
            if (answers != before) {
                before = answers;
                end = System.nanoTime() + silence.toNanos();
            }
        }
        return true;
    }

    void runFor(Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            select(left);
        }
    }

    private void select(long nanos) throws IOException {
        selector.select(this::answered, Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
    }

    private void answered(SelectionKey key) {
        PollingClient client = (PollingClient) key.attachment();
        try {
            Answer answer = client.read(reader, buffer);
            if (answer != null) {
                long lateness = System.nanoTime() - client.dueNanos();
                client.poll(holdSeconds);
                take(answer, client.name(), lateness);
            }
        } catch (IOException | RuntimeException e) {
            trouble(e.toString());
            client.hangUp();
        }
    }

    private void take(Answer answer, String client, long lateness) {
        answers++;
        if (answer.status() != 200) {
            trouble("status " + answer.status());
        }
        if (answer.isTimeout()) {
            timeouts.add(lateness);
        }
        if (answer.announcesGap()) {
            checker.gap(client);
        }
        for (Answer.Message message : answer.messages()) {
            checker.received(client, SENDER, message.number());
            deliveries.add(System.nanoTime() - (message.sentNanos() + clockOffsetNanos));
        }
    }

    private void trouble(String what) {
        troubles.merge(what, 1, Integer::sum);
    }

    /** Answers of any kind so far. */
    long answers() {
        return answers;
    }

    /** Of each message received since {@link #forgetSamples}, the time from sending to here. */
    Samples deliveries() {
        return deliveries;
    }

    /** Of each poll that timed out since {@link #forgetSamples}, how late that was. */
    Samples timeouts() {
        return timeouts;
    }

    void forgetSamples() {
        deliveries = new Samples();
        timeouts = new Samples();
    }

    /** What went wrong with requests, and how often. */
    Map<String, Integer> troubles() {
        return troubles;
    }

    /** Whether everything up to this number arrived everywhere, once and in order. */
    Verdict check(long lastNumber) {
        checker.accepted(SENDER, lastNumber);
        return checker.check();
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            ((PollingClient) key.attachment()).hangUp();
        }
        selector.close();
    }
}
