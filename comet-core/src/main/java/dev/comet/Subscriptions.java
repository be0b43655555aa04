package dev.comet;

import dev.comet.engine.CometWaitRequest.EndCause;
import dev.comet.engine.Faults;
import dev.comet.engine.WaitThreadPool;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Held requests and streams: how they begin, and how all of them end. What {@link
 * CometStateManager} promises about them is done here and by {@link HeldPoll} and {@link
 * OpenStream}.
 *
 * <p>Safe for use by any number of threads.
 */
final class Subscriptions {

    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);

    private final Sessions sessions;
    private final Services services;
    private final Counters counters;
    private final Drain drain;
    private final WaitThreadPool<?> pool;
    private volatile boolean closed;

    Subscriptions(Sessions sessions, Services services) {
        this.sessions = sessions;
        this.services = services;
        this.counters = services.counters();
        this.drain = services.drain();
        this.pool = services.pool();
    }

    CometAsyncResult begin(
            String privateToken, long lastMessageId, @Nullable Duration hold, long instance) {
        try {
            return begin(subscribing(privateToken, instance), lastMessageId, hold, instance);
        } catch (CometException e) {
            CometAnswer answer = CometAnswer.error(counters.refused(e));
            counters.count(answer);
            return new AnsweredPoll(answer);
        }
    }

    private ClientSession subscribing(String privateToken, long instance) {
        if (closed) {
            throw CometException.closed();
        }
        @Nullable ClientSession session =
                services.store().asked(() -> sessions.attached(privateToken, instance));
        if (session == null) {
            throw CometException.unknownClient();
        }
        return session;
    }

    private CometAsyncResult begin(
            ClientSession session, long lastMessageId, @Nullable Duration hold, long instance) {
        CometClient client = session.client();
        long holdNanos = client.connectionTimeout().toNanos();
        if (hold != null && hold.compareTo(client.connectionTimeout()) < 0) {
            holdNanos = Math.max(hold.toNanos(), 0);
        }
        HeldPoll request =
                new HeldPoll(
                        session, lastMessageId, services.clock().nanos() + holdNanos, instance);
        counters.heldRequests.increment(client);
        try {
            if (request.takeOver()) {
                if (drain.hasBegun()) {
                    request.end(EndCause.DRAINING);
                } else if (holdNanos == 0) {
                    request.timeOut();
                } else {
                    pool.hold(request);
                }
            }
        } catch (Throwable e) { // it is known to others by now: nobody else would answer it
            request.complete(CometAnswer.failed());
            Faults.warn(LOG, "A request of {} could not be held", client, e);
        }
        return request;
    }

    void open(String privateToken, long lastMessageId, CometStreamSink sink, long instance) {
        ClientSession session;
        try {
            session = subscribing(privateToken, instance);
        } catch (CometException e) {
            sink.ended(CometAnswer.error(counters.refused(e)));
            return;
        }
        OpenStream stream =
                new OpenStream(session, lastMessageId, services.streamTimes(), sink, instance);
        counters.openStreams.increment(session.client()); // before its end can be told
        boolean opened = false;
        try {
            sink.opened(stream); // nobody else knows it yet
            opened = true;
        } finally {
            if (!opened) {
                counters.openStreams.decrement(session.client());
            }
        }
        try {
            if (!stream.isDone() && stream.takeOver()) {
                if (drain.hasBegun()) {
                    stream.end(EndCause.DRAINING);
                } else {
                    pool.hold(stream);
                }
            }
        } catch (Throwable e) {
            stream.complete(CometAnswer.failed());
            Faults.warn(LOG, "A stream of {} could not be opened", session.client(), e);
        } finally {
            stream.openerWorks();
        }
        if (stream.isDone() && session.letGo(stream)) { // it ended before it became the newest
            session.idleTimeBegins();
        }
    }

    CometAnswer end(CometAsyncResult result) {
        if (result instanceof HeldPoll request && request.complete(CometAnswer.abandoned())) {
            request.session().releaseSoon(request);
        }
        return result.answer();
    }

    boolean isDraining() {
        return drain.hasBegun();
    }

    CompletionStage<Void> drain(Duration spread) {
        drain.begin();
        CompletionStage<Void> over =
                pool.drain(Math.max(spread.toNanos(), 1), Services::randomBelow);
        drain.endIfNothingIsOpen();
        return over.acceptEither(drain.over(), nothing -> {});
    }

    void close() {
        closed = true;
        pool.close();
    }
}
