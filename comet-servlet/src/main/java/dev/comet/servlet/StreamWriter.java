package dev.comet.servlet;

import dev.comet.http.CometOutput;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The body of a stream, piece by piece, as fast as the peer reads it.
 *
 * <p><b>Threading.</b> Pieces come from any thread, one at a time; the container's threads say when
 * it takes more. Whoever comes writes as much as goes, and waits for nothing. At most one piece is
 * here, and one that the container may have copied.
 */
final class StreamWriter implements WriteListener, CometOutput {

    /**
     * A first piece up to here goes out with the head. A longer one does not: Undertow keeps the
     * array that does for as long as the connection is open.
     */
    private static final int SHORT_BYTES = 8 << 10;

    // The monitor guards all of it, and the container's output: once the container has been told
    // that the stream has ended, by stop(), it recycles the output. What is done under it does not
    // wait for the network, and calls nobody but the container.
    private final ServletOutputStream out;
    private final AsyncContext async;
    private final Runnable canTakeMore;
    private final Runnable givenUp;
    private final Function<Runnable, CompletableFuture<Boolean>> stallTimer;
    private boolean begun;
    private boolean headIsOut;
    private byte @Nullable [] piece;
    private byte @Nullable [] lastPiece;
    private boolean flushed = true;
    private boolean asked;
    private boolean ending;
    private boolean ended;
    private @Nullable CompletableFuture<Boolean> timer; // once it is ending

    /**
     * @param givenUp told, under the monitor or by a timer, when nothing more reaches the peer,
     *     whether or not the container ever says so; perhaps more than once
     * @param stallTimer as {@link AsyncRequests#stallTimer}: after that a stream is given up whose
     *     end the peer does not take
     */
    StreamWriter(
            ServletOutputStream out,
            AsyncContext async,
            Runnable canTakeMore,
            Runnable givenUp,
            Function<Runnable, CompletableFuture<Boolean>> stallTimer) {
        this.out = out;
        this.async = async;
        this.canTakeMore = canTakeMore;
        this.givenUp = givenUp;
        this.stallTimer = stallTimer;
    }

    @Override
    public synchronized boolean write(byte[] bytes) {
        piece = bytes;
        asked = !writeSafely();
        return !asked;
    }

    @Override
    public synchronized void end(byte[] bytes) {
        lastPiece = bytes;
        ending = true;
        asked = false;
        writeSafely();
        if (!ended) {
            startTimer();
        }
    }

    /** Undertow tells nobody when it has cut off a peer that does not take the end. */
    private void startTimer() {
        timer = stallTimer.apply(givenUp);
    }

    /**
     * A connection that takes nothing cannot be ended by a servlet: to complete the request would
     * have a thread of the container wait until what it has is written. So nothing more is asked of
     * it: either it takes something after all, and the request is completed, or the container's own
     * timeout for writes ends it.
     */
    @Override
    public synchronized void cutOff() {
        forgetPieces();
        flushed = true;
        ending = true;
        asked = false;
        writeSafely();
        givenUp.run();
    }

    @Override
    public void onWritePossible() {
        boolean tell;
        synchronized (this) {
            begun = true;
            tell = writeSafely() && asked;
            if (tell) {
                asked = false;
            }
        }
        if (tell) {
            canTakeMore.run();
        }
    }

    /** The peer has gone away, or was cut off by the container. */
    @Override
    public void onError(Throwable failure) {
        synchronized (this) {
            complete();
            givenUp.run();
        }
    }

    /**
     * The container is about to end the request: nothing touches its output any more.
     *
     * @return whether the stream was ended on this side
     */
    synchronized boolean stop() {
        forget();
        return ending;
    }

    /** Returns whether all that there is has been taken. */
    private boolean writeSafely() {
        try {
            return writeOn();
        } catch (IOException | IllegalStateException | RejectedExecutionException e) {
            complete(); // the peer has gone away, or the container is going
            givenUp.run();
            return false;
        } catch (RuntimeException | Error e) { // the peer would wait for what cannot come
            if (!ended) {
                forget();
                AsyncContexts.fail(async);
                givenUp.run();
            }
            throw AsyncContexts.unwritten(e);
        }
    }

    private boolean writeOn() throws IOException {
        while (begun && !ended && out.isReady()) {
            if (piece != null && !headIsOut && piece.length > SHORT_BYTES) {
                headIsOut = true;
                out.flush();
            } else if (piece != null) {
                headIsOut = true;
                byte[] bytes = piece;
                piece = null;
                flushed = false;
                out.write(bytes);
            } else if (lastPiece != null) {
                piece = lastPiece;
                lastPiece = null;
            } else if (!flushed) {
                flushed = true;
                out.flush();
                if (!ending && !asked) {
                    return true; // whether that went out is seen by the next piece
                }
            } else {
                if (ending) {
                    complete();
                }
                return true;
            }
        }
        return false;
    }

    private void forgetPieces() {
        piece = null;
        lastPiece = null;
    }

    private void complete() {
        if (!ended) {
            forget();
            if (!AsyncContexts.complete(async)) {
                givenUp.run();
            }
        }
    }

    private void forget() {
        ended = true;
        forgetPieces();
        CompletableFuture<Boolean> started = timer;
        timer = null;
        if (started != null) {
            started.complete(false);
        }
    }
}
