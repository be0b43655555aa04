package dev.comet;

import dev.comet.engine.PatientExecutor;
import dev.comet.engine.WaitThreadPool;
import dev.comet.engine.WaitTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Requests to clients that wait for their reply. Each ends exactly once: with a reply, or with what
 * came in its place.
 *
 * <p>A request is known here before it is sent, and a client's requests end when the client does:
 * so neither a fast reply nor a client that goes at the same moment is missed.
 */
final class Requests {

    /*
     * By receiver, then by correlation id; each inner map is touched only inside compute() of its receiver, and so is Pending.state. A request that was
     * answered stays until its deadline, so that a second reply is told from one that nobody asked for; of those there are at most as many as of requests
     * that wait. Promises are kept outside of the map.
     */
    private final ConcurrentHashMap<CometClient, Map<String, Pending>> byReceiver =
            new ConcurrentHashMap<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final ICometStateProvider provider;
    private final Sender sender;
    private final WaitThreadPool<?> pool;
    private final Counters counters;
    private final PatientExecutor completing;
    private final int max;
    private volatile boolean closed;

    /**
     * @param completing runs dependent stages of replies
     */
    Requests(
            ICometStateProvider provider,
            Sender sender,
            WaitThreadPool<?> pool,
            Counters counters,
            PatientExecutor completing,
            int max) {
        this.provider = provider;
        this.sender = sender;
        this.pool = pool;
        this.counters = counters;
        this.completing = completing;
        this.max = max;
    }

    private enum State {
        WAITING,
        ANSWERED,
        OVER
    }

    private final class Pending {
        final CometClient receiver;
        final String correlationId;
        final Promise<CometReply> reply = new Promise<>(completing);
        final WaitTimer deadline;
        State state = State.WAITING;

        Pending(CometClient receiver, String correlationId, Duration timeout) {
            this.receiver = receiver;
            this.correlationId = correlationId;
            this.deadline = pool.timer(receiver, () -> timeOut(this, timeout));
        }
    }

    CompletionStage<CometReply> request(
            String receiver, String name, Object contents, Duration timeout, String correlationId) {
        if (closed) {
            counters.requestsFailed.increment();
            return failed(Subscriptions.closed());
        }
        Pending pending;
        try {
            pending = new Pending(existing(receiver), correlationId, timeout);
            begin(pending, timeout);
        } catch (RuntimeException e) {
            counters.requestsFailed.increment();
            return failed(known(e));
        }
        try {
            // If it ended before the request was known here, its end does not reach that: but then
            // the message is refused.
            sender.send(pending.receiver, name, contents, correlationId);
        } catch (RuntimeException e) {
            fail(pending, known(e));
        }
        return pending.reply;
    }

    private CometException known(RuntimeException e) {
        return e instanceof CometException known ? known : sender.unavailable(e);
    }

    private CometClient existing(String publicToken) {
        CometClient client = provider.findCometClient(publicToken);
        if (client == null) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST, "no client has this public token");
        }
        return client;
    }

    private Promise<CometReply> failed(CometException e) {
        Promise<CometReply> reply = new Promise<>(completing);
        reply.completeExceptionally(e);
        return reply;
    }

    private void begin(Pending pending, Duration timeout) {
        if (counters.pendingRequests.incrementAndGet() > max) {
            counters.pendingRequests.decrementAndGet();
            throw new CometException(
                    CometException.Reason.LIMIT_REACHED,
                    max
                            + " requests wait for a reply; maxPendingRequests allows no more. Ask less, or for a shorter time");
        }
        boolean[] isNew = new boolean[1];
        byReceiver.compute(
                pending.receiver,
                (receiver, known) -> {
                    Map<String, Pending> requests = known == null ? new HashMap<>(2) : known;
                    isNew[0] = requests.putIfAbsent(pending.correlationId, pending) == null;
                    if (isNew[0]) {
                        pending.deadline.startIn(timeout.toNanos());
                    }
                    return requests;
                });
        if (!isNew[0]) {
            counters.pendingRequests.decrementAndGet();
            throw new CometException(
                    CometException.Reason.DUPLICATE_REQUEST,
                    "correlationId is "
                            + pending.correlationId
                            + ", which another request to the same client has; use each one once");
        }
        if (closed) { // close() may have looked before this request was there
            fail(pending, Subscriptions.closed());
        }
    }

    /**
     * A client's reply.
     *
     * @throws CometException NO_SUCH_REQUEST; ALREADY_REPLIED
     */
    void reply(CometClient receiver, String correlationId, CometReply reply) {
        Pending pending = answered(receiver, correlationId);
        counters.requestsReplied.increment();
        pending.reply.keep(reply);
    }

    /** As {@link #reply}: the client will not do it. */
    void refuse(CometClient receiver, String correlationId, CometException refusal) {
        Pending pending = answered(receiver, correlationId);
        counters.requestsFailed.increment();
        pending.reply.fail(refusal);
    }

    private Pending answered(CometClient receiver, String correlationId) {
        Pending[] found = new Pending[1];
        State[] before = new State[1];
        byReceiver.computeIfPresent(
                receiver,
                (client, requests) -> {
                    Pending pending = requests.get(correlationId);
                    if (pending == null) {
                        return requests;
                    }
                    found[0] = pending;
                    before[0] = pending.state;
                    if (pending.state == State.WAITING) {
                        pending.state = State.ANSWERED;
                        if (answered.incrementAndGet() > max) {
                            return without(requests, pending);
                        }
                    }
                    return requests;
                });
        if (before[0] == State.WAITING) {
            counters.pendingRequests.decrementAndGet();
            return found[0];
        }
        counters.repliesIgnored.increment();
        throw before[0] == State.ANSWERED
                ? new CometException(
                        CometException.Reason.ALREADY_REPLIED,
                        "this request has been answered; reply once")
                : new CometException(
                        CometException.Reason.NO_SUCH_REQUEST,
                        "nobody waits for a reply of this client to this correlationId, or not any more");
    }

    private void timeOut(Pending pending, Duration timeout) {
        CometException late =
                new CometException(CometException.Reason.TIMED_OUT, "no reply within " + timeout);
        if (end(pending)) {
            counters.requestsTimedOut.increment();
            pending.reply.fail(late);
        }
    }

    private void fail(Pending pending, CometException why) {
        if (end(pending)) {
            counters.requestsFailed.increment();
            pending.reply.fail(why);
        }
    }

    /** Forgets the request; returns whether it was waiting. */
    private boolean end(Pending pending) {
        boolean[] waiting = new boolean[1];
        byReceiver.computeIfPresent(
                pending.receiver,
                (receiver, requests) -> {
                    if (pending.state == State.OVER) {
                        return requests;
                    }
                    waiting[0] = pending.state == State.WAITING;
                    return without(requests, pending);
                });
        if (waiting[0]) {
            counters.pendingRequests.decrementAndGet();
        }
        return waiting[0];
    }

    /** Inside compute(). */
    private @Nullable Map<String, Pending> without(Map<String, Pending> requests, Pending pending) {
        requests.remove(pending.correlationId, pending);
        isOver(pending);
        return requests.isEmpty() ? null : requests;
    }

    /** Inside compute(). */
    private void isOver(Pending pending) {
        if (pending.state == State.ANSWERED) {
            answered.decrementAndGet();
        }
        pending.state = State.OVER;
        pending.deadline.stop();
    }

    /** The client has ended. */
    void clientIsGone(CometClient client) {
        endAll(client, Requests::gone);
    }

    private static CometException gone() {
        return new CometException(
                CometException.Reason.CLIENT_DOES_NOT_EXIST, "the client ended before it replied");
    }

    /** Ends every request with CLOSED; later ones end at once. */
    void close() {
        closed = true;
        List.copyOf(byReceiver.keySet())
                .forEach(receiver -> endAll(receiver, Subscriptions::closed));
    }

    private void endAll(CometClient receiver, Supplier<CometException> why) {
        List<Pending> waiting = new ArrayList<>();
        byReceiver.computeIfPresent(
                receiver,
                (client, requests) -> {
                    for (Pending pending : requests.values()) {
                        if (pending.state == State.WAITING) {
                            waiting.add(pending);
                        }
                        isOver(pending);
                    }
                    return null;
                });
        for (Pending pending : waiting) {
            counters.pendingRequests.decrementAndGet();
            counters.requestsFailed.increment();
            pending.reply.fail(why.get());
        }
    }
}
