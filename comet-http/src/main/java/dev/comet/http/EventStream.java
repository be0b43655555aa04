package dev.comet.http;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometException;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.http.CometResponse.Header;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One stream on its way to its peer. Until there is a first event it can still be refused. */
final class EventStream implements CometStreamSink {

    private static final CometResponse HEAD =
            new CometResponse(
                    200,
                    List.of(
                            new Header("Content-Type", "text/event-stream;charset=utf-8"),
                            // Nobody on the way is to keep it, to compress it (and wait for more
                            // to compress), or to collect it before it passes it on.
                            new Header("Cache-Control", "no-store, no-transform"),
                            new Header("X-Accel-Buffering", "no"),
                            new Header("X-Content-Type-Options", "nosniff")),
                    CometResponse.NO_BODY);

    private final Call call;
    private final Callers callers;
    private final EventEncoder encoder;
    private @Nullable CometStream stream;
    private @Nullable CometOutput output;
    private boolean refused;

    EventStream(Call call, Callers callers, EventEncoder encoder) {
        this.call = call;
        this.callers = callers;
        this.encoder = encoder;
    }

    @Override
    public void opened(CometStream opened) {
        stream = opened;
    }

    @Override
    public boolean messages(CometBatch batch) {
        return write(encoder.batch(batch));
    }

    @Override
    public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
        return write(EventEncoder.heartbeat(cursor, lastSentId, nextInSeconds));
    }

    private boolean write(byte[] events) {
        CometOutput open = output();
        return open != null && open.write(events);
    }

    @Override
    public void ended(CometAnswer why) {
        CometException error = why.error();
        if (output == null && error != null) {
            refuse(error);
            return;
        }
        CometOutput open = output();
        if (open == null) {
            return;
        }
        if (why.outcome() == CometAnswer.Outcome.ABANDONED) {
            open.cutOff();
        } else {
            open.end(EventEncoder.ofBody(why.body()));
        }
    }

    private void refuse(CometException error) {
        call.attempt(
                () -> {
                    throw callers.refusal(call.exchange(), error);
                });
    }

    /**
     * Begins the answer with the first event. Null if the container cannot: that is answered then.
     */
    private @Nullable CometOutput output() {
        if (output == null && !refused) {
            CometStream open = Objects.requireNonNull(stream);
            call.attempt(() -> output = call.stream(HEAD, open::ready, open::close));
            refused = output == null;
            if (refused) {
                open.close();
            }
        }
        return output;
    }
}
