package dev.comet.engine;

import dev.comet.engine.CometWaitRequest.Ending;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a wait thread keeps of a client from the moment it is initialised until it ends: its held
 * request, its one timer, and the shared logs it reads. A poll re-registers nothing but itself.
 */
public abstract class WaitSession extends TimerWheel.Timer {

    // Fields, and no objects of their own: there are as many as clients.
    private static final AtomicReferenceFieldUpdater<WaitSession, @Nullable CometWaitRequest>
            NEWEST =
                    AtomicReferenceFieldUpdater.newUpdater(
                            WaitSession.class, CometWaitRequest.class, "newest");
    private static final AtomicIntegerFieldUpdater<WaitSession> WAKES_POSTED =
            AtomicIntegerFieldUpdater.newUpdater(WaitSession.class, "wakesPosted");

    /*
     * newest is the client's request that counts, for all threads. A subscriber puts its request there and supersedes the one it finds: so at most one is
     * not done, whatever the order in which registrations reach the wait thread. held is the one that the wait thread has registered; it may be done
     * already, and is let go when the thread next meets it.
     *
     * The timer is armed for the earliest moment at which the request or the idle client could be due, never later. fire() looks what is due and arms it again.
     */
    private final String key;
    private final long idleNanos;
    private final CometWaitThread owner;
    private volatile @Nullable CometWaitRequest newest;

    @SuppressWarnings("UnusedVariable") // read by its updater
    private volatile int wakesPosted; // 0 or 1

    // The owner's alone.
    private @Nullable CometWaitRequest held;
    private boolean ended;
    private boolean draining;
    private long drainNanos;
    private SharedLog.@Nullable Reader everyone;
    private List<SharedLog.Reader> groups = List.of(); // until the first is joined

    /**
     * @param pool whose threads will own it
     * @param key unique among the pool's sessions; decides which thread
     * @param idleNanos how long after its last answer the client could be idle
     */
    protected WaitSession(WaitThreadPool<?> pool, String key, long idleNanos) {
        this.key = key;
        this.idleNanos = idleNanos;
        this.owner = pool.ownerOf(key);
    }

    /**
     * The client has no held request and could be idle. The session finds out, on whatever thread
     * it likes, and then either has itself {@linkplain WaitThreadPool#end ended} or asks to be
     * {@linkplain #askAgainIn asked again}. Owner; must not block.
     */
    protected abstract void couldBeIdle();

    /** Unique among the pool's sessions. */
    public final String key() {
        return key;
    }

    /**
     * Any thread. The request becomes the client's newest; the one before it, if it is not done, is
     * superseded.
     */
    public final void takeOver(CometWaitRequest request) {
        CometWaitRequest before = NEWEST.getAndSet(this, request);
        if (before != null) {
            before.superseded(request);
            post(() -> releaseIfDone());
        }
    }

    /** Any thread. The request that counts, if there is one. */
    public final @Nullable CometWaitRequest newest() {
        return newest;
    }

    /**
     * Any thread. The request is done: lets go of it, and never of a newer one.
     *
     * @return whether it was the newest
     */
    public final boolean letGo(CometWaitRequest request) {
        return NEWEST.compareAndSet(this, request, null);
    }

    /**
     * Any thread. The held request was completed: if that was elsewhere than on the wait thread,
     * which sees to it itself, has the thread let go of it, and the idle time begin.
     */
    public final void releaseSoon() {
        if (!owner.isCurrent()) {
            post(() -> releaseIfDone());
        }
    }

    /**
     * Any thread. Calls {@link #couldBeIdle} in so many nanoseconds, unless a request is held then.
     */
    public final void askAgainIn(long nanos) {
        post(() -> arm(owner.nowNanos() + nanos));
    }

    /**
     * Any thread. There may be something to read; a signal while one is under way is the same
     * signal.
     */
    public final void signal() {
        if (newest != null && WAKES_POSTED.compareAndSet(this, 0, 1)) {
            owner.post(new Wake());
        }
    }

    /** Any thread. */
    final boolean post(Runnable task) {
        return owner.post(
                new Mailbox.Entry() {
                    @Override
                    void run() {
                        task.run();
                    }
                });
    }

    /** Any thread. */
    final void endNewest(Ending why) {
        CometWaitRequest request = newest;
        if (request != null) {
            request.end(why);
        }
    }

    final CometWaitThread owner() {
        return owner;
    }

    // ---- from here on: the owner's alone

    final void begin(SharedLog log) {
        everyone = log.on(owner).add(this);
        arm(owner.nowNanos() + idleNanos);
    }

    /**
     * Registers, then looks: what is appended later signals, what was appended earlier is found.
     */
    final void hold(CometWaitRequest request) {
        if (ended) {
            request.end(Ending.CLIENT_GONE);
        } else if (newest == request) { // if not, whoever took it away says how it ends
            held = request;
            armHeld();
            look();
        }
    }

    /** A look that finds nothing leaves the request waiting. */
    final void look() {
        CometWaitRequest request = held;
        if (request != null) {
            if (!request.isDone()) {
                request.look();
            }
            releaseIfDone();
        }
    }

    private void releaseIfDone() {
        if (held != null && held.isDone()) {
            held = null;
            arm(owner.nowNanos() + idleNanos);
        }
    }

    @Override
    final void fire(long nowNanos) {
        if (ended) {
            return;
        }
        releaseIfDone();
        CometWaitRequest request = held;
        if (request == null) {
            couldBeIdle();
        } else if (draining && drainNanos - nowNanos <= 0) {
            request.end(Ending.DRAINING);
            releaseIfDone();
        } else if (request.deadlineNanos() - nowNanos <= 0) {
            request.timeOut();
            releaseIfDone();
            armHeld();
        } else {
            armHeld();
        }
    }

    private void armHeld() {
        if (held != null) {
            arm(held.deadlineNanos());
            if (draining) {
                arm(drainNanos);
            }
        }
    }

    final void drainAt(long nanos) {
        draining = true;
        drainNanos = nanos;
        arm(nanos);
    }

    /** Returns whether the client was not yet a reader of the log. */
    final boolean join(SharedLog log) {
        if (ended || groups.stream().anyMatch(reader -> reader.log() == log)) {
            return false;
        }
        if (groups.isEmpty()) {
            groups = new ArrayList<>(1);
        }
        groups.add(log.on(owner).add(this));
        look();
        return true;
    }

    /** Returns whether the client was a reader of the log. */
    final boolean leave(SharedLog log) {
        for (int i = 0; i < groups.size(); i++) {
            if (groups.get(i).log() == log) {
                groups.remove(i).leave();
                // What was appended before may not have been signalled yet, and the signal to come
                // no longer reaches this client.
                look();
                return true;
            }
        }
        return false;
    }

    final void end(Consumer<SharedLog> left) {
        ended = true;
        owner.timers().disarm(this);
        if (everyone != null) {
            leave(everyone, left);
            everyone = null;
        }
        groups.forEach(reader -> leave(reader, left));
        groups = List.of();
        if (held != null) {
            held.end(Ending.CLIENT_GONE);
            held = null;
        }
    }

    /** Made when needed: most clients have none under way. */
    private final class Wake extends Mailbox.Entry {

        @Override
        void run() {
            wakesPosted = 0; // before looking: a signal from now on is a new one
            look();
        }
    }

    private static void leave(SharedLog.Reader reader, Consumer<SharedLog> left) {
        reader.leave();
        left.accept(reader.log());
    }

    private void arm(long deadlineNanos) {
        if (!ended) {
            owner.timers().armNoLaterThan(this, deadlineNanos);
        }
    }
}
