package dev.comet.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes a body as fast as the peer reads it, then completes the request.
 *
 * <p>Never more than a piece is with the container, some of which copy what the network does not
 * take: a peer that stalls costs a piece of memory, no thread, and is cut off by the container's
 * timeout for writes. Once the container has ended the request, nothing of it is touched any more.
 *
 * <p>Not every container has such a timeout, and Undertow tells nobody when it has cut a connection
 * off. So a long body of which nothing is taken for a while is dropped: should the peer go on after
 * all, its connection breaks, and it asks again.
 *
 * <p><b>Threading.</b> The container's threads write, one at a time; {@link #run} and the timer
 * come from any.
 */
final class BodyWriter implements WriteListener, Runnable {

    /** The request that is answered. Any thread. */
    interface Request {

        /** Whether the container has ended it, and may use all that belongs to it anew. */
        boolean hasEnded();

        /** The answer is with the container, or never will be. */
        void answerIsOver();

        /** Nothing more of the answer reaches the peer, whether or not the container says so. */
        void giveUp();

        /** Completes it, unless the container has ended it. */
        void completeIfOpen();
    }

    private static final int PIECE_BYTES = 32 << 10;

    /** A body up to here is not worth a timer. */
    private static final int SHORT_BYTES = 8 << 10;

    private final int length;
    private final ServletOutputStream out;
    private final AsyncContext async;
    private final Request request;
    private final @Nullable BodyReader unread;
    private final Runnable whenOver;
    private final Function<Runnable, CompletableFuture<Boolean>> stallTimer;
    private boolean flushed; // of the thread that writes
    private volatile int written; // by the thread that writes

    // Written under the monitor.
    private volatile byte @Nullable [] body; // null when it is over
    private @Nullable CompletableFuture<Boolean> timer;

    /**
     * @param unread what the peer still sends; thrown away for a while before the request is
     *     completed
     * @param headFirst whether to write the head before the container sees that there is no more
     * @param whenOver told by {@link #run}
     * @param stallTimer as {@link AsyncRequests#stallTimer}: after that without progress the body
     *     is dropped
     */
    BodyWriter(
            byte[] body,
            ServletOutputStream out,
            AsyncContext async,
            Request request,
            @Nullable BodyReader unread,
            boolean headFirst,
            Runnable whenOver,
            Function<Runnable, CompletableFuture<Boolean>> stallTimer) {
        this.body = body;
        this.length = body.length;
        this.out = out;
        this.async = async;
        this.request = request;
        this.unread = unread;
        this.flushed = unread == null && !headFirst;
        this.whenOver = whenOver;
        this.stallTimer = stallTimer;
    }

    @Override
    public void onWritePossible() throws IOException {
        try {
            writeOn();
        } catch (IOException e) {
            request.giveUp();
            throw e; // the container tells onError, has ended the request, or is Undertow
        } catch (RejectedExecutionException e) { // the container is going away
            AsyncContexts.complete(async);
            request.giveUp();
        } catch (RuntimeException | Error e) { // not every container ends the request then
            AsyncContexts.fail(async);
            request.giveUp();
            throw AsyncContexts.unwritten(e);
        }
    }

    private void writeOn() throws IOException {
        while (!request.hasEnded() && out.isReady()) {
            byte[] rest = body;
            if (rest == null) {
                throw new IOException("the peer has taken nothing for too long");
            }
            int from = written;
            if (from == length) {
                if (!flushed) {
                    flushed = true;
                    out.flush();
                    continue;
                }
                if (unread == null) {
                    async.complete();
                    request.answerIsOver();
                } else {
                    unread.whenOver(request::completeIfOpen);
                }
                return;
            }
            int piece = Math.min(PIECE_BYTES, length - from);
            write(rest, from, piece);
            written = from + piece;
        }
        if (length > SHORT_BYTES) {
            watch();
        }
    }

    /**
     * Of a body in several pieces each is a copy: Undertow keeps the array that it was given with
     * the head for as long as the connection is open.
     */
    private void write(byte[] from, int offset, int count) throws IOException {
        if (count == length) {
            out.write(from, 0, count);
        } else {
            out.write(Arrays.copyOfRange(from, offset, offset + count));
        }
    }

    private synchronized void watch() {
        if (timer == null && body != null) {
            startTimer(written);
        }
    }

    private void startTimer(int before) {
        timer = stallTimer.apply(() -> dropUnlessTakenSince(before));
    }

    private void dropUnlessTakenSince(int before) {
        synchronized (this) {
            if (body == null) {
                return;
            }
            if (written > before) {
                startTimer(written);
                return;
            }
        }
        request.giveUp();
    }

    /** The answer is over, in one way or another: the body is needed no more. */
    @Override
    public void run() {
        CompletableFuture<Boolean> started;
        synchronized (this) {
            body = null;
            started = timer;
            timer = null;
        }
        if (started != null) {
            started.complete(false);
        }
        whenOver.run();
    }

    /** The peer has gone away or was cut off. */
    @Override
    public void onError(Throwable failure) {
        if (!request.hasEnded()) {
            AsyncContexts.complete(async);
        }
        request.giveUp();
    }
}
