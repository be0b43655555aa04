package dev.comet.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Writes a long body as fast as the peer reads it, then completes the request. Called by the
 * container's threads only, one at a time.
 *
 * <p>Never more than a piece is with the container, some of which copy what the network does not
 * take: a peer that stalls costs a piece of memory, no thread, and is cut off by the container's
 * timeout for writes. Once the container has ended the request, nothing of it is touched any more.
 */
final class BodyWriter implements WriteListener {

    private static final int PIECE_BYTES = 32 << 10;

    private final byte[] body;
    private final ServletOutputStream out;
    private final AsyncContext async;
    private final ServletExchange exchange;
    private final @Nullable BodyReader unread;
    private int written;
    private boolean flushed;

    /**
     * @param unread what the peer still sends; thrown away for a while before the request is
     *     completed
     */
    BodyWriter(
            byte[] body,
            ServletOutputStream out,
            AsyncContext async,
            ServletExchange exchange,
            @Nullable BodyReader unread) {
        this.body = body;
        this.out = out;
        this.async = async;
        this.exchange = exchange;
        this.unread = unread;
    }

    @Override
    public void onWritePossible() throws IOException {
        try {
            writeOn();
        } catch (IOException e) {
            exchange.answerIsOver();
            throw e; // the container tells onError, or has ended the request
        } catch (RuntimeException | Error e) { // not every container ends the request then
            ServletExchange.fail(async);
            exchange.answerIsOver();
            throw ServletExchange.unwritten(e);
        }
    }

    private void writeOn() throws IOException {
        while (!exchange.hasEnded() && out.isReady()) {
            if (written == body.length) {
                if (unread == null) {
                    async.complete();
                    exchange.answerIsOver();
                    return;
                }
                if (flushed) {
                    unread.whenOver(exchange::completeIfOpen);
                    return;
                }
                flushed = true;
                out.flush();
                continue;
            }
            int piece = Math.min(PIECE_BYTES, body.length - written);
            out.write(body, written, piece);
            written += piece;
        }
    }

    /** The peer has gone away or was cut off. */
    @Override
    public void onError(Throwable failure) {
        if (!exchange.hasEnded()) {
            ServletExchange.complete(async);
        }
        exchange.answerIsOver();
    }
}
