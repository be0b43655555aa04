package dev.comet.http;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometException;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.EncodedMessage;
import dev.comet.http.CometResponse.Header;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One stream on its way to its peer. Until there is a first event it can still be refused.
 *
 * <p><b>Threading.</b> The answer is begun by the thread that opens the stream, which is the
 * request's own: it writes the first event, or tells the end if that comes first.
 */
final class EventStream implements CometStreamSink {

    static final CometResponse HEAD =
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
    private boolean isEnded;

    EventStream(Call call, Callers callers, EventEncoder encoder) {
        this.call = call;
        this.callers = callers;
        this.encoder = encoder;
    }

    /** Holds the request before anybody else can know of the stream, and end it. */
    @Override
    public void opened(CometStream opened) {
        stream = opened;
        call.exchange().hold(opened::close);
    }

    @Override
    public boolean messages(CometBatch batch) {
        return output().write(encoder.batch(batch));
    }

    @Override
    public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
        return output().write(EventEncoder.heartbeat(cursor, lastSentId, nextInSeconds));
    }

    @Override
    public void ended(CometAnswer why) {
        try {
            call.attempt(() -> end(why));
        } catch (Throwable e) { // no memory: it is ended all the same
            CometOutput open = output;
            if (open == null) {
                call.respondFailed();
            } else if (!isEnded) {
                open.cutOff();
            }
            throw e;
        }
    }

    private void end(CometAnswer why) {
        boolean abandoned = why.outcome() == CometAnswer.Outcome.ABANDONED;
        if (output == null) {
            CometException error = why.error();
            if (error != null) {
                throw callers.refusal(call.exchange(), error);
            }
            if (abandoned) {
                // Nobody is there to be told, or the answer could not be begun.
                throw HttpErrorException.handlerFailed();
            }
        }
        CometOutput open = output();
        byte[] last = abandoned ? CometResponse.NO_BODY : EventEncoder.event(lastMessage(why));
        isEnded = true;
        if (abandoned) {
            open.cutOff();
        } else {
            open.end(last);
        }
    }

    /** What an exception says to whoever runs the server is nothing for a page. */
    private static EncodedMessage lastMessage(CometAnswer why) {
        CometException error = why.error();
        return error == null ? ProtocolMessages.of(why) : HttpErrorException.of(error).message();
    }

    /** Begins the answer with the first event. */
    private CometOutput output() {
        CometOutput open = output;
        if (open == null) {
            open = call.stream(HEAD, Objects.requireNonNull(stream)::ready);
            output = open;
        }
        return open;
    }
}
