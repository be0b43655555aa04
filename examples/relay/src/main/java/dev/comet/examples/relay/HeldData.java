package dev.comet.examples.relay;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A held data request, which is answered once, with bytes as hexadecimal digits. */
final class HeldData {

    private static final Logger LOG = LoggerFactory.getLogger(HeldData.class);
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private final AsyncContext async;
    private final LongAdder ignored;
    private final AtomicBoolean answered = new AtomicBoolean();

    /**
     * @param ignored counts what comes after the answer
     */
    HeldData(AsyncContext async, LongAdder ignored) {
        this.async = async;
        this.ignored = ignored;
    }

    /**
     * Answers with a part of the bytes. Nothing is no answer: the request goes on. What comes after
     * the answer is ignored and counted.
     *
     * @return whether this was the answer
     */
    boolean send(byte[] data, int offset, int length) {
        return length > 0 && answer(HEX.formatHex(data, offset, offset + length), 200);
    }

    /** The frame to come is a request, which is known by this id. */
    void correlate(@Nullable String correlationId) {
        if (correlationId != null && !answered.get()) {
            ((HttpServletResponse) async.getResponse()).setHeader("Correlation-Id", correlationId);
        }
    }

    /** Frames with these numbers are lost, apart from those that follow. */
    void lost(long from, long to) {
        if (!answered.get()) {
            ((HttpServletResponse) async.getResponse()).addHeader("Lost", from + "-" + to);
        }
    }

    /** Nothing came while it was held, or an error: the text says so. */
    boolean answer(String text, int status) {
        if (!answered.compareAndSet(false, true)) {
            ignored.increment();
            return false;
        }
        try {
            HttpServletResponse response = (HttpServletResponse) async.getResponse();
            response.setStatus(status);
            response.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException | IllegalStateException e) {
            LOG.debug("The device went away before it was answered", e);
        }
        try {
            async.complete();
        } catch (IllegalStateException e) {
            LOG.debug("The container has ended the request", e);
        }
        return true;
    }
}
