package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.PatientExecutor;
import dev.comet.engine.WaitThreadPool;
import dev.comet.engine.WaitTimer;
import dev.comet.internal.Names;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests to clients that wait for their reply. Each ends exactly once: with a reply, or with what
 * came in its place.
 *
 * <p>A request is known here before it is sent, and a client's requests end when the client does:
 * so neither a fast reply nor a client that goes at the same moment is missed.
 */
final class PendingRequests {

    private static final Logger LOG = LoggerFactory.getLogger(PendingRequests.class);

    /*
     * By receiver, then by correlation id; what one receiver is asked is touched only inside compute() of its receiver, or by whoever has removed it. A request that was
     * answered stays until its deadline, so that a second reply is told from one that nobody asked for; of those there are at most as many as of requests
     * that wait. Promises are kept outside of the map.
     */
    private final ConcurrentHashMap<CometClient, Asked> byReceiver = new ConcurrentHashMap<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final Store store;
    private final ICometStateProvider provider;
    private final WaitThreadPool<?> pool;
    private final Counters counters;
    private final PatientExecutor completing;
    private final int max;
    private final int maxPerClient;
    private volatile boolean closed;

    /**
     * @param completing runs dependent stages of replies
     */
    PendingRequests(
            Store store,
            WaitThreadPool<?> pool,
            Counters counters,
            PatientExecutor completing,
            int max,
            int maxPerClient) {
        this.store = store;
        this.provider = store.provider();
        this.pool = pool;
        this.counters = counters;
        this.completing = completing;
        this.max = max;
        this.maxPerClient = maxPerClient;
    }

    /** Sends a client what it is asked. */
    interface Delivery {
        long send(CometClient receiver, String name, Object contents, String correlationId);
    }

    private enum State {
        WAITING,
        ANSWERED,
        OVER
    }

    /** What one client is asked: requests that wait, and some that were answered. */
    private static final class Asked {
        final Map<String, Pending> byCorrelationId = new HashMap<>(2);
        final AtomicInteger waiting = new AtomicInteger();

        /** Returns false if there is one of this id already. */
        boolean add(Pending pending) {
            try {
                return byCorrelationId.putIfAbsent(pending.correlationId, pending) == null;
            } catch (Throwable e) { // a map may have it and then find no memory to grow
                byCorrelationId.remove(pending.correlationId, pending);
                throw e;
            }
        }
    }

    private final class Pending {
        final CometClient receiver;
        final String correlationId;
        final Promise<CometReply> reply = new Promise<>(completing);
        final WaitTimer deadline;
        private State state = State.WAITING; // guarded by this
        private @Nullable Asked asked; // written once, before anybody else knows of it
        private boolean isAwaited; // by the provider; guarded by this

        Pending(CometClient receiver, String correlationId, Duration timeout) {
            this.receiver = receiver;
            this.correlationId = correlationId;
            this.deadline = pool.timer(receiver, () -> timeOut(this, timeout));
        }

        /** Returns what it was before. */
        synchronized State answered() {
            State before = state;
            if (before == State.WAITING) {
                state = State.ANSWERED;
                waitsNoMore();
            }
            return before;
        }

        /** Returns what it was before. */
        synchronized State over() {
            State before = state;
            state = State.OVER;
            if (before == State.WAITING) {
                waitsNoMore();
            }
            return before;
        }

        /**
         * The provider knows of it.
         *
         * @return false if it is over already
         */
        synchronized boolean setAwaited() {
            isAwaited = true;
            return state == State.WAITING;
        }

        synchronized boolean isAwaited() {
            return isAwaited;
        }

        private void waitsNoMore() {
            counters.pendingRequests.decrementAndGet();
            if (asked != null) {
                asked.waiting.decrementAndGet();
            }
        }
    }

    CompletionStage<CometReply> request(
            Delivery delivery,
            Supplier<CometClient> receiver,
            String name,
            Object contents,
            Duration timeout,
            String correlationId) {
        if (closed) {
            counters.requestsFailed.increment();
            return failed(counters.refused(CometException.closed()));
        }
        Pending pending;
        try {
            pending = new Pending(receiver.get(), correlationId, timeout);
            begin(pending, timeout);
        } catch (RuntimeException e) {
            counters.requestsFailed.increment();
            return failed(counters.refused(known(e)));
        }
        try {
            // If it ended before the request was known here, its end does not reach that: but then
            // the message is refused.
            if (!provider.awaitReply(pending.receiver, correlationId, timeout.toNanos())) {
                throw duplicate(pending);
            }
            if (!pending.setAwaited()) { // that took longer than it was to wait
                awaitNoMore(pending, false);
                return pending.reply;
            }
            delivery.send(pending.receiver, name, contents, correlationId);
        } catch (RuntimeException e) {
            fail(pending, known(e));
        }
        return pending.reply;
    }

    private CometException known(RuntimeException e) {
        return e instanceof CometException known ? known : store.unavailable(e);
    }

    private Promise<CometReply> failed(CometException e) {
        Promise<CometReply> reply = new Promise<>(completing);
        reply.completeExceptionally(e);
        return reply;
    }

    private void begin(Pending pending, Duration timeout) {
        // From here on it is counted, until it is over: once, whoever finds that out.
        boolean isFull = counters.pendingRequests.incrementAndGet() > max;
        boolean entered = false;
        try {
            if (isFull) {
                throw tooMany(max + " requests wait for a reply", "maxPendingRequests");
            }
            enter(pending, timeout);
            entered = true;
        } finally {
            if (!entered) {
                isOver(pending);
            }
        }
        if (closed) { // close() may have looked before this request was there
            fail(pending, CometException.closed());
        }
    }

    private static CometException tooMany(String what, String bound) {
        return new CometException(
                CometException.Reason.LIMIT_REACHED,
                what + "; " + bound + " allows no more. Ask less, or for a shorter time");
    }

    private static CometException duplicate(Pending pending) {
        return new CometException(
                CometException.Reason.DUPLICATE_REQUEST,
                "correlationId is "
                        + pending.correlationId
                        + ", which another request to the same client has; use each one once");
    }

    private void enter(Pending pending, Duration timeout) {
        byReceiver.compute(
                pending.receiver,
                (receiver, known) -> {
                    Asked asked = known == null ? new Asked() : known;
                    if (asked.waiting.get() >= maxPerClient) {
                        throw tooMany(
                                maxPerClient + " requests wait for a reply of this client",
                                "maxPendingRequestsPerClient");
                    }
                    if (!asked.add(pending)) {
                        throw duplicate(pending);
                    }
                    asked.waiting.incrementAndGet();
                    pending.asked = asked;
                    try {
                        pending.deadline.startIn(timeout.toNanos());
                    } catch (Throwable e) { // no memory: nothing would ever end it
                        asked.byCorrelationId.remove(pending.correlationId, pending);
                        throw e;
                    }
                    return asked;
                });
    }

    /**
     * A client's reply, or its refusal, has come to this node. Whoever waits may be at another.
     *
     * @throws CometException NO_SUCH_REQUEST; ALREADY_REPLIED
     */
    void reply(CometClient receiver, EncodedMessage reply) {
        State before = take(receiver, reply);
        if (before == State.WAITING || (before == null && provider.passReply(receiver, reply))) {
            return;
        }
        counters.repliesIgnored.increment();
        throw nobodyWaits(before);
    }

    /** As {@link #reply}, when it has come to another node. */
    void replied(CometClient receiver, EncodedMessage reply) {
        if (take(receiver, reply) != State.WAITING) {
            counters.repliesIgnored.increment();
        }
    }

    /** Returns what the request was before: it is answered if it was waiting. */
    private @Nullable State take(CometClient receiver, EncodedMessage reply) {
        String correlationId = Objects.requireNonNull(reply.correlationId());
        Pending[] found = new Pending[1];
        State[] before = new State[1];
        byReceiver.computeIfPresent(
                receiver,
                (client, asked) -> {
                    Pending pending = asked.byCorrelationId.get(correlationId);
                    if (pending == null) {
                        return asked;
                    }
                    found[0] = pending;
                    before[0] = pending.answered();
                    if (before[0] == State.WAITING && answered.incrementAndGet() > max) {
                        isOver(pending);
                        return without(asked, pending);
                    }
                    return asked;
                });
        if (before[0] == State.WAITING) {
            answer(found[0], reply);
            awaitNoMore(found[0], true);
        }
        return before[0];
    }

    private void answer(Pending pending, EncodedMessage reply) {
        if (reply.name().equals(Names.REFUSED)) {
            String reason =
                    Objects.requireNonNullElse(new CometReply(reply).contents(String.class), "");
            pending.reply.fail(new CometException(CometException.Reason.REFUSED, reason));
            counters.requestsFailed.increment();
        } else {
            pending.reply.keep(new CometReply(reply));
            counters.requestsReplied.increment();
        }
    }

    private static CometException nobodyWaits(@Nullable State before) {
        return before == State.ANSWERED
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
        end(pending, late, counters.requestsTimedOut);
        forget(pending);
    }

    private void fail(Pending pending, CometException why) {
        end(pending, why, counters.requestsFailed);
        forget(pending);
    }

    /** Without a reply, unless it has ended. */
    private void end(Pending pending, CometException why, LongAdder count) {
        if (isOver(pending)) {
            pending.reply.fail(why);
            count.increment();
            awaitNoMore(pending, false);
        }
    }

    /** Returns whether it was waiting: then the caller ends it. */
    private boolean isOver(Pending pending) {
        State before = pending.over();
        if (before == State.ANSWERED) {
            answered.decrementAndGet();
        }
        pending.deadline.stop();
        return before == State.WAITING;
    }

    /** Last of all: whatever the provider does, the request has ended. */
    private void awaitNoMore(Pending pending, boolean hasReplied) {
        if (!pending.isAwaited()) {
            return; // another request of this id may be
        }
        try {
            provider.awaitReplyNoMore(pending.receiver, pending.correlationId, hasReplied);
        } catch (Throwable e) {
            counters.providerFailures.increment();
            Faults.warn(LOG, "The provider did not take that a reply is awaited no more", e);
        }
    }

    private void forget(Pending pending) {
        byReceiver.computeIfPresent(pending.receiver, (receiver, asked) -> without(asked, pending));
    }

    /** Inside compute(). */
    private static @Nullable Asked without(Asked asked, Pending pending) {
        asked.byCorrelationId.remove(pending.correlationId, pending);
        return asked.byCorrelationId.isEmpty() ? null : asked;
    }

    /** The client has ended. */
    void clientIsGone(CometClient client) {
        endAll(client, PendingRequests::gone);
    }

    private static CometException gone() {
        return new CometException(
                CometException.Reason.CLIENT_DOES_NOT_EXIST, "the client ended before it replied");
    }

    /** Ends every request with CLOSED; later ones end at once. */
    void close() {
        closed = true;
        List.copyOf(byReceiver.keySet())
                .forEach(receiver -> endAll(receiver, CometException::closed));
    }

    private void endAll(CometClient receiver, Supplier<CometException> why) {
        CometException gone = why.get(); // what needs memory, before anything is changed
        Asked asked = byReceiver.remove(receiver);
        if (asked == null) {
            return;
        }
        for (Pending pending : asked.byCorrelationId.values()) {
            end(pending, gone, counters.requestsFailed);
        }
    }
}
