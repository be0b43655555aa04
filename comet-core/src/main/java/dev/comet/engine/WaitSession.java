package dev.comet.engine;

import dev.comet.engine.CometWaitRequest.EndCause;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a wait thread keeps of a client from the moment it is initialised until it ends: its held
 * request, its one timer, and the shared logs it reads. A poll re-registers nothing but itself.
 */
public abstract class WaitSession extends TimerWheel.Timer implements SharedLog.Reader {

    // Fields, and no objects of their own: there are as many as clients.
    private static final AtomicReferenceFieldUpdater<WaitSession, @Nullable CometWaitRequest>
            NEWEST =
                    AtomicReferenceFieldUpdater.newUpdater(
                            WaitSession.class, CometWaitRequest.class, "newest");

    /*
     * newest is the client's request that counts, for all threads. A subscriber puts its request there and supersedes the one it finds: so at most one is
     * not done, whatever the order in which registrations reach the wait thread. held is the one that the wait thread has registered; it may be done
     * already, and is let go when the thread next meets it.
     *
     * Whatever is to be done about a request, to register it, to look, to let it go, is done when the owner meets it: it is its own entry in the mailbox,
     * so that nothing is allocated on the way, and nothing can be lost for want of memory.
     *
     * The timer is armed for the earliest moment at which the request or the idle client could be due, never later. fire() looks what is due and arms it again.
     */
    private final Object key;
    private final CometWaitThread owner;
    private volatile @Nullable CometWaitRequest newest;

    // The owner's alone.
    private @Nullable CometWaitRequest held;
    private boolean ended;
    private boolean draining;
    private long drainNanos;
    private int place = SharedLog.NOWHERE; // among the readers of the log of everyone
    private @Nullable ArrayList<SharedLog.Member> groups; // null until the first is joined

    /**
     * @param owner the {@linkplain WaitThreadPool#ownerOf pool's thread} for this key
     * @param key unique among the pool's sessions
     */
    protected WaitSession(CometWaitThread owner, Object key) {
        this.key = key;
        this.owner = owner;
    }

    /** How long after its last answer the client could be idle. */
    protected abstract long idleNanos();

    /**
     * The client has no held request and could be idle. The session finds out, on whatever thread
     * it likes, and then either has itself {@linkplain WaitThreadPool#end ended} or asks to be
     * {@linkplain #askAgainIn asked again}. If neither happens, it is called again when the client
     * could be idle anew. Owner; must not block.
     */
    protected abstract void couldBeIdle();

    /** Unique among the pool's sessions. */
    public final Object key() {
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
            before.post();
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
     * Any thread. The request was completed: if that was elsewhere than on the wait thread, which
     * sees to it itself, has the thread let go of it, and the idle time begin.
     */
    public final void releaseSoon(CometWaitRequest request) {
        if (!owner.isCurrent()) {
            request.post();
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
     * signal. Cannot fail.
     */
    public final void signal() {
        CometWaitRequest request = newest;
        if (request != null && !request.post()) {
            request.end(EndCause.STOPPED);
        }
    }

    /** Any thread. */
    final boolean post(Runnable task) {
        return owner.post(entry(task));
    }

    /** What is posted once. The task can be run a second time if it failed for want of memory. */
    static Mailbox.Entry entry(Runnable task) {
        return new Mailbox.Entry() {
            @Override
            void met() {
                task.run();
            }

            @Override
            boolean isRepeatable() {
                return true;
            }
        };
    }

    /** Any thread. */
    final void endNewest(EndCause why) {
        CometWaitRequest request = newest;
        if (request != null) {
            request.end(why);
        }
    }

    final CometWaitThread owner() {
        return owner;
    }

    // ---- from here on: the owner's alone

    /** It may have been found, and a request been held, before. */
    final void begin(SharedLog everyone) {
        arm(owner.nowNanos() + idleNanos());
        if (!ended && place == SharedLog.NOWHERE) {
            everyone.on(owner).add(this);
            look();
        }
    }

    @Override
    public final WaitSession session() {
        return this;
    }

    @Override
    public final int place() {
        return place;
    }

    @Override
    public final void place(int place) {
        this.place = place;
    }

    /**
     * Registers, then looks: what is appended later signals, what was appended earlier is found.
     */
    final void meet(CometWaitRequest request) {
        if (ended) {
            request.end(EndCause.CLIENT_ENDED);
        } else if (newest == request) { // if not, whoever took it away says how it ends
            if (held != request) {
                held = request;
                armHeld();
            }
            look();
        } else {
            releaseIfDone();
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
            arm(owner.nowNanos() + idleNanos());
        }
    }

    @Override
    final void fire(long nowNanos) {
        boolean done = false;
        try {
            fireOnce(nowNanos);
            done = true;
        } finally {
            if (!done) {
                arm(nowNanos + Faults.RETRY_NANOS);
            }
        }
    }

    private void fireOnce(long nowNanos) {
        if (ended) {
            return;
        }
        releaseIfDone();
        CometWaitRequest request = held;
        if (request == null) {
            arm(nowNanos + idleNanos()); // in case that nobody says anything else
            couldBeIdle();
        } else if (draining && drainNanos - nowNanos <= 0) {
            request.end(EndCause.DRAINING);
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
        if (ended || indexOf(log) >= 0) {
            return false;
        }
        ArrayList<SharedLog.Member> joined = groups == null ? new ArrayList<>(1) : groups;
        joined.ensureCapacity(joined.size() + 1); // from here on it is a reader, or is none
        SharedLog.Member member = new SharedLog.Member(this, log);
        log.on(owner).add(member);
        joined.add(member);
        groups = joined;
        look();
        return true;
    }

    /** Returns whether the client was a reader of the log. */
    final boolean leave(SharedLog log) {
        int index = indexOf(log);
        if (index < 0 || groups == null) {
            return false;
        }
        leave(groups.remove(index));
        // What was appended before may not have been signalled yet, and the signal to come no
        // longer reaches this client.
        look();
        return true;
    }

    private int indexOf(SharedLog log) {
        for (int i = 0; groups != null && i < groups.size(); i++) {
            if (groups.get(i).log() == log) {
                return i;
            }
        }
        return -1;
    }

    /**
     * @param left told of each group's log that it no longer reads
     */
    final void end(SharedLog everyone, Consumer<SharedLog> left) {
        ended = true;
        owner.timers().disarm(this);
        if (held != null) {
            held.end(EndCause.CLIENT_ENDED);
            held = null;
        }
        if (place != SharedLog.NOWHERE) {
            everyone.on(owner).remove(this);
        }
        while (groups != null && !groups.isEmpty()) {
            SharedLog.Member member = groups.remove(groups.size() - 1);
            leave(member);
            left.accept(member.log());
        }
        groups = null;
    }

    private void leave(SharedLog.Member member) {
        member.log().on(owner).remove(member);
    }

    private void arm(long deadlineNanos) {
        if (!ended) {
            owner.timers().armNoLaterThan(this, deadlineNanos);
        }
    }
}
