package dev.comet.engine;

import dev.comet.engine.CometWaitRequest.EndCause;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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

    private final WaitClock clock;
    private final List<CometWaitThread> threads;
    private final ConcurrentHashMap<Object, S> sessions = new ConcurrentHashMap<>();
    private final SharedLog everyone;
    private final ConcurrentHashMap<String, SharedLog> groups = new ConcurrentHashMap<>();
    private final AtomicLong replaced = new AtomicLong();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /** Starts {@code size} threads. */
    public WaitThreadPool(int size, WaitClock clock) {
        Faults.prepare();
        this.clock = clock;
        List<CometWaitThread> started = new ArrayList<>(size);
        for (int i = 1; i <= size; i++) {
            started.add(new CometWaitThread("comet-wait-" + i, clock, replaced));
        }
        this.threads = List.copyOf(started);
        this.everyone = new SharedLog("", threads);
        threads.forEach(CometWaitThread::start);
    }

    /** The thread that sessions and timers of this key live on. */
    public CometWaitThread ownerOf(Object key) {
        // Spread the hash: keys of an application's own making may differ in few bits.
        int hash = key.hashCode() * 0x9E3779B9;
        return threads.get((int) (((hash & 0xFFFFFFFFL) * threads.size()) >>> 32));
    }

    /** The session of this key. */
    public @Nullable S get(Object key) {
        return sessions.get(key);
    }

    /** All sessions, a live view. */
    public Collection<S> sessions() {
        return Collections.unmodifiableCollection(sessions.values());
    }

    /**
     * Opens the session: it can be found, reads the log of everyone, and its idle time begins. If
     * there is one of this key already, returns that.
     */
    public S open(S session) {
        Mailbox.Entry begin = beginningOf(session); // before it can be found: it may not fail then
        S before = sessions.putIfAbsent(session.key(), session);
        if (before != null) {
            return before;
        }
        session.owner().post(begin);
        return session;
    }

    /**
     * As {@link #open}, in two steps: the session can be found, requests be held, groups joined; it
     * begins when told to. There is none of this key.
     *
     * @return begins it, once; cannot fail
     */
    public Runnable add(S session) {
        Mailbox.Entry begin = beginningOf(session);
        Runnable begins = () -> session.owner().post(begin);
        sessions.put(session.key(), session);
        return begins;
    }

    private Mailbox.Entry beginningOf(S session) {
        return WaitSession.entry(() -> session.begin(everyone));
    }

    /**
     * Ends the session and its held request.
     *
     * @return whether this call did it
     */
    public boolean end(WaitSession session, EndCause why) {
        Mailbox.Entry end = WaitSession.entry(() -> session.end(everyone, this::release));
        if (!sessions.remove(session.key(), session)) {
            return false;
        }
        session.owner().post(end); // made before: from here on nothing needs memory
        session.endNewest(why);
        return true;
    }

    /** Holds a request that has {@linkplain WaitSession#takeOver taken over}. */
    public void hold(CometWaitRequest request) {
        if (!request.post()) {
            request.end(EndCause.STOPPED);
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
    public void grew(Object key) {
        S session = sessions.get(key);
        if (session != null) {
            session.signal();
        }
    }

    /** The session reads this group's log from now on; again is once. */
    public void join(S session, String group) {
        SharedLog log = retained(group);
        boolean posted = false;
        try {
            posted =
                    session.post(
                            () -> {
                                if (!session.join(log)) {
                                    release(log);
                                }
                            });
        } finally {
            if (!posted) {
                release(log);
            }
        }
    }

    private SharedLog retained(String group) {
        return groups.compute(
                group,
                (name, known) -> (known == null ? new SharedLog(name, threads) : known).retain());
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
        groups.computeIfPresent(log.name(), log.releasing);
    }

    /**
     * Ends all held requests with {@link EndCause#DRAINING}, each at a moment of its own.
     *
     * @param spreadNanos how long that takes in all
     * @param random a random number below its argument
     * @return completes when it is done
     */
    public CompletionStage<Void> drain(long spreadNanos, LongUnaryOperator random) {
        long start = clock.nanos();
        CompletableFuture<Void> done = new CompletableFuture<>();
        AtomicInteger left = new AtomicInteger(threads.size());
        for (CometWaitThread thread : threads) {
            new WaitTimer(
                            thread,
                            () -> {
                                endHeld(thread);
                                if (left.decrementAndGet() == 0) {
                                    done.complete(null);
                                }
                            })
                    .startAt(start + spreadNanos);
        }
        for (S session : sessions.values()) {
            long at = start + random.applyAsLong(spreadNanos);
            session.post(() -> session.drainAt(at));
        }
        return done.acceptEither(closed, nothing -> {});
    }

    /** Owner. Those, too, that were registered while the drain began. */
    private void endHeld(CometWaitThread thread) {
        everyone.on(thread).forEach(session -> session.endNewest(EndCause.DRAINING));
    }

    /** How many wait threads had to be replaced by others, because they had failed. */
    public long replacedThreads() {
        return replaced.get();
    }

    /**
     * Has the task started again and again, counted from when it was last started. It is called on
     * a wait thread and must not block: it hands its work to somebody else.
     */
    public void every(long nanos, Runnable task) {
        WaitTimer[] timer = new WaitTimer[1];
        timer[0] =
                timer(
                        "",
                        () -> {
                            timer[0].startIn(nanos);
                            task.run();
                        });
        timer[0].startIn(nanos);
    }

    /**
     * A timer yet to be set.
     *
     * @param key timers of one key share a thread
     * @param task what it starts, on a wait thread: it must not block
     */
    public WaitTimer timer(Object key, Runnable task) {
        return new WaitTimer(ownerOf(key), task);
    }

    /** Whether this code is run by a wait thread, of whichever pool: then it must not block. */
    public static boolean isOnWaitThread() {
        return CometWaitThread.isRunning();
    }

    /**
     * Ends all held requests with {@link EndCause#STOPPED} and stops the threads. Idempotent. Not
     * to be called by a wait thread.
     */
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
        sessions.values().forEach(session -> session.endNewest(EndCause.STOPPED));
    }
}
