package dev.comet.servlet;

import dev.comet.http.BodyLimits;
import dev.comet.http.CometExchange.BodyReceiver;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;
import java.security.Principal;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The body of one request, read as it comes: no thread waits for it. What is there already is read
 * on the spot, the rest when the container says that there is some.
 *
 * <p>A body that nobody wants any more, because its request has been refused, is thrown away for a
 * while: a connection that is closed while its peer sends is reset, and the peer may never read
 * why.
 *
 * <p><b>Threading.</b> First the request's own thread reads, then the container's, one at a time;
 * each sees what the one before has done. Timeouts come from a thread of the JDK.
 */
final class BodyReader implements ReadListener {

    private static final int PIECE_BYTES = 1 << 10;
    private static final int MOST_SKIPPED_BYTES = 256 << 10;
    private static final long SKIP_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ServletInputStream in;
    private final long length;

    // Of the thread that reads.
    private int wanted;
    private byte[] bytes = {};
    private int size;
    private int skipped;

    // Set before the container calls.
    private @Nullable Principal sender;
    private @Nullable BodyLimits limits;
    private @Nullable BodyReceiver receiver;
    private @Nullable Executor executor;
    private long begunAt;

    // The monitor guards these.
    private boolean told;
    private boolean over;
    private @Nullable Runnable whenOver;
    private @Nullable CompletableFuture<Boolean> timer;

    /**
     * @param length in bytes; -1 if unknown
     */
    BodyReader(ServletInputStream in, long length) {
        this.in = in;
        this.length = length;
    }

    /**
     * Reads what is there. Of a body in chunks nothing: what is there may be half the head of a
     * chunk, and some containers would wait for the other half.
     *
     * @return whether that is all
     */
    boolean readWhatIsThere(int limit) throws IOException {
        wanted = length >= 0 && length <= limit ? (int) length : limit + 1;
        return readOnTheSpot();
    }

    /** Throws away what is there, and says whether that was all. */
    boolean skipWhatIsThere() throws IOException {
        told = true;
        return readOnTheSpot();
    }

    private boolean readOnTheSpot() throws IOException {
        if (length < 0) {
            return false;
        }
        try {
            while (hasMore() && (told || size < wanted) && in.available() > 0 && take()) {
                // That was a piece of it.
            }
            over = !hasMore();
            return over;
        } catch (NullPointerException e) {
            throw gaveUp(e);
        }
    }

    private boolean hasMore() {
        return (length < 0 || size + skipped < length) && !in.isFinished();
    }

    /** What has been read: all of it, or one byte more than the limit. */
    byte[] bytes() {
        return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
    }

    /**
     * Goes on when the container says so.
     *
     * @param sender who is logged in, as the request's own thread knows
     * @param executor of threads that may block, as those may not by which the container says so
     */
    void readOn(
            BodyLimits limits,
            BodyReceiver receiver,
            @Nullable Principal sender,
            Executor executor) {
        this.sender = sender;
        this.limits = limits;
        this.receiver = receiver;
        this.executor = executor;
        this.begunAt = System.nanoTime();
        startTimer(limits.timeout().toNanos(), () -> tell(BodyReceiver::tooSlow));
        in.setReadListener(this);
    }

    /** Whether the container's threads read. */
    boolean isLate() {
        return receiver != null;
    }

    @Nullable Principal sender() {
        return sender;
    }

    /** Goes on to throw away what comes. */
    void skipOn() {
        in.setReadListener(this);
    }

    @Override
    public void onDataAvailable() {
        try {
            while (hasMore() && in.isReady() && take()) {
                // That was a piece of it.
            }
        } catch (IOException | NullPointerException e) { // for the latter see gaveUp
            onError(e);
            return;
        }
        if (!hasMore()) {
            onAllDataRead();
        } else if (limits != null && limits.isTooSlow(size, System.nanoTime() - begunAt)) {
            tell(BodyReceiver::tooSlow);
        }
    }

    /** Takes a piece, and says whether there may be another. */
    private boolean take() throws IOException {
        if (isTold()) {
            int n = in.read(new byte[PIECE_BYTES]);
            skipped += Math.max(0, n);
            if (skipped > MOST_SKIPPED_BYTES) {
                end();
            }
            return n >= 0 && !isOver();
        }
        if (size == bytes.length) { // never as long as the peer says before it is there
            bytes = Arrays.copyOf(bytes, Math.min(wanted, Math.max(PIECE_BYTES, 2 * size)));
        }
        int n = in.read(bytes, size, bytes.length - size);
        size += Math.max(0, n);
        if (size == wanted && executor != null) {
            if (!hasMore()) {
                end(); // before anybody answers: the connection can be used again
            }
            byte[] all = bytes();
            tell(to -> to.received(all));
        }
        return n >= 0;
    }

    @Override
    public void onAllDataRead() {
        end();
        byte[] all = bytes();
        tell(to -> to.received(all));
    }

    @Override
    public void onError(Throwable failure) {
        end();
        tell(BodyReceiver::broken);
    }

    private void tell(Consumer<BodyReceiver> outcome) {
        synchronized (this) {
            if (told) {
                return;
            }
            told = true;
            stopTimer();
        }
        BodyReceiver to = Objects.requireNonNull(receiver);
        Objects.requireNonNull(executor).execute(() -> outcome.accept(to));
    }

    private synchronized boolean isTold() {
        return told;
    }

    private synchronized boolean isOver() {
        return over;
    }

    /** Whether some of it may still come. */
    synchronized boolean isOpen() {
        return !over;
    }

    /** Runs the action when nothing more comes, or when that takes too long. */
    void whenOver(Runnable action) {
        synchronized (this) {
            if (!over) {
                whenOver = action;
                startTimer(SKIP_NANOS, this::end);
                return;
            }
        }
        action.run();
    }

    private void end() {
        Runnable action;
        synchronized (this) {
            over = true;
            action = whenOver;
            whenOver = null;
            if (told) {
                stopTimer();
            }
        }
        if (action != null) {
            action.run();
        }
    }

    /** The container has ended the request: nobody is told of anything. */
    synchronized void stop() {
        told = true;
        over = true;
        whenOver = null;
        stopTimer();
    }

    private synchronized void startTimer(long nanos, Runnable action) {
        CompletableFuture<Boolean> started = new CompletableFuture<>();
        timer = started;
        CompletableFuture<Void> unused =
                started.completeOnTimeout(true, nanos, TimeUnit.NANOSECONDS)
                        .thenAccept(
                                timeIsUp -> {
                                    if (timeIsUp) {
                                        action.run();
                                    }
                                });
    }

    private void stopTimer() {
        CompletableFuture<Boolean> started = timer;
        timer = null;
        if (started != null) {
            started.complete(false);
        }
    }

    /** Undertow 2.3, when its read timeout closes the connection under the reading thread. */
    private static IOException gaveUp(NullPointerException e) {
        return new IOException("the container gave up reading the body", e);
    }
}
