package dev.comet.engine;

import dev.comet.engine.CometWaitRequest.Ending;
import dev.comet.spi.CometClock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The wait threads, and who waits on which: a client's session lives on the thread that its key
 * hashes to.
 *
 * <p>All methods may be called from any thread; none blocks but {@link #close()}.
 *
 * @param <S> what the manager keeps for each client
 */
public final class WaitThreadPool<S extends WaitSession> {

    private final CometClock clock;
    private final List<CometWaitThread> threads;
    private final ConcurrentHashMap<String, S> sessions = new ConcurrentHashMap<>();
    private final SharedLog everyone;
    private final ConcurrentHashMap<String, SharedLog> groups = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /** Starts {@code size} threads. */
    public WaitThreadPool(int size, CometClock clock) {
        this.clock = clock;
        List<CometWaitThread> started = new ArrayList<>(size);
        for (int i = 1; i <= size; i++) {
            started.add(new CometWaitThread("comet-wait-" + i, clock));
        }
        this.threads = List.copyOf(started);
        this.everyone = new SharedLog("", threads);
        threads.forEach(CometWaitThread::start);
    }

    CometWaitThread ownerOf(String key) {
        // Spread the hash: keys of an application's own making may differ in few bits.
        int hash = key.hashCode() * 0x9E3779B9;
        return threads.get((int) (((hash & 0xFFFFFFFFL) * threads.size()) >>> 32));
    }

    /** The session of this key. */
    public @Nullable S get(String key) {
        return sessions.get(key);
    }

    /** All sessions, a live view. */
    public Collection<S> sessions() {
        return Collections.unmodifiableCollection(sessions.values());
    }

    /**
     * Opens the session, and with it its idle deadline. If there is one of this key already,
     * returns that.
     */
    public S open(S session) {
        S before = sessions.putIfAbsent(session.key(), session);
        if (before != null) {
            return before;
        }
        session.post(() -> session.begin(everyone));
        return session;
    }

    /**
     * Ends the session and its held request.
     *
     * @return whether this call did it
     */
    public boolean end(S session, Ending why) {
        if (!sessions.remove(session.key(), session)) {
            return false;
        }
        session.endNewest(why);
        session.post(() -> session.end(this::release));
        return true;
    }

    /** Holds a request that has {@linkplain WaitSession#takeOver taken over}. */
    public void hold(CometWaitRequest request) {
        if (!request.session().owner().post(request)) {
            request.end(Ending.CLOSED);
        }
    }

    /** The log of everyone grew. */
    public void everyoneGrew() {
        everyone.signal();
    }

    /** A group's log grew. */
    public void groupGrew(String group) {
        SharedLog log = groups.get(group);
        if (log != null) {
            log.signal();
        }
    }

    /** A client's own log grew. */
    public void grew(String key) {
        S session = sessions.get(key);
        if (session != null) {
            session.signal();
        }
    }

    /** The session reads this group's log from now on; again is once. */
    public void join(S session, String group) {
        SharedLog log =
                groups.compute(
                        group,
                        (name, known) ->
                                (known == null ? new SharedLog(name, threads) : known).retain());
        boolean posted =
                session.post(
                        () -> {
                            if (!session.join(log)) {
                                release(log);
                            }
                        });
        if (!posted) {
            release(log);
        }
    }

    /** The session no longer reads this group's log. */
    public void leave(S session, String group) {
        SharedLog log = groups.get(group);
        if (log != null) {
            session.post(
                    () -> {
                        if (session.leave(log)) {
                            release(log);
                        }
                    });
        }
    }

    // ---- what it holds, for tests

    int groupLogs() {
        return groups.size();
    }

    List<CometWaitThread> threads() {
        return threads;
    }

    SharedLog everyone() {
        return everyone;
    }

    private void release(SharedLog log) {
        groups.computeIfPresent(
                log.name(), (name, known) -> known == log && log.release() ? null : known);
    }

    /**
     * Ends all held requests with {@link Ending#DRAINING}, each at a moment of its own.
     *
     * @param spreadNanos how long that takes in all
     * @param random a random number below its argument
     * @return completes when it is done
     */
    public CompletionStage<Void> drain(long spreadNanos, LongUnaryOperator random) {
        long start = clock.nanos();
        for (S session : sessions.values()) {
            long at = start + random.applyAsLong(spreadNanos);
            session.post(() -> session.drainAt(at));
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        AtomicInteger left = new AtomicInteger(threads.size());
        for (CometWaitThread thread : threads) {
            boolean posted =
                    thread.post(new LastOfDrain(thread, start + spreadNanos, everyone, left, done));
            if (!posted && left.decrementAndGet() == 0) {
                done.complete(null);
            }
        }
        return done.acceptEither(closed, nothing -> {});
    }

    /**
     * Has the task called again and again. It is called on a wait thread and must not block: it
     * hands its work to somebody else.
     */
    public void every(long nanos, Runnable task) {
        CometWaitThread thread = threads.get(0);
        thread.post(new Periodic(thread, nanos, task));
    }

    /**
     * Has the task called once, in so many nanoseconds, unless it is called off or the pool closed.
     * It is called on a wait thread and must not block.
     *
     * @param key requests of one key share a thread
     */
    public Deadline after(String key, long nanos, Runnable task) {
        CometWaitThread thread = ownerOf(key);
        Deadline deadline = new Deadline(thread, clock.nanos() + nanos, task);
        thread.post(deadline);
        return deadline;
    }

    /** Ends all held requests with {@link Ending#CLOSED} and stops the threads. Idempotent. */
    public void close() {
        endAll();
        threads.forEach(CometWaitThread::stop);
        threads.forEach(CometWaitThread::join);
        // Those that came between the first look and the end of the threads; later ones find the
        // mailboxes closed.
        endAll();
        closed.complete(null);
    }

    private void endAll() {
        sessions.values().forEach(session -> session.endNewest(Ending.CLOSED));
    }
}
