package dev.comet.chaos;

import dev.comet.chaos.Session.Leaving;
import dev.comet.testkit.internal.HistoryChecker;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Who lives, from when on messages are for it, and how nodes say that it ended: each end once in
 * the whole cluster. What a node had yet to say is lost with it. Any thread.
 */
final class Sessions {

    private record Birth(long id, String group, long joined) {}

    private final HistoryChecker history;
    private final Findings findings;
    private final boolean storeForgets;
    private final Map<String, Session> all = new ConcurrentHashMap<>();
    private final Map<String, Birth> births = new ConcurrentHashMap<>();
    private final Map<String, Queue<String>> ends = new ConcurrentHashMap<>();
    private final LongAdder lost = new LongAdder();
    private final LongAdder left = new LongAdder();
    private long endedOnce;
    private long endsLost;

    /**
     * @param storeForgets whether clients that stay may be lost: their store has no persistence
     */
    Sessions(HistoryChecker history, Findings findings, boolean storeForgets) {
        this.history = history;
        this.findings = findings;
        this.storeForgets = storeForgets;
    }

    @Nullable Session find(String token) {
        return all.get(token);
    }

    // ---- what nodes say

    void born(String token, long birth, String group, long joined) {
        births.put(token, new Birth(birth, group, joined));
    }

    void event(String kind, String token) {
        if (!kind.equals("initialized")) {
            ends.computeIfAbsent(token, t -> new ConcurrentLinkedQueue<>()).add(kind);
        }
    }

    /** Those who have ended for certain, and of whom no node says so, though it could. */
    List<Session> untold(Faults.Last faults) {
        return all.values().stream()
                .filter(Session::hasEnded)
                .filter(session -> !ends.containsKey(session.token))
                .filter(session -> !isExcused(session, faults))
                .toList();
    }

    /** The node that was to say so was killed, or the store did not know it any more. */
    private boolean isExcused(Session session, Faults.Last faults) {
        boolean forgotten = storeForgets && session.bornNanos - faults.restartNanos() < 0;
        return forgotten || session.leftNanos - faults.killNanos() < 0;
    }

    // ---- what clients say

    Session begins(Slot slot, String token) {
        Session session = new Session(slot, token);
        all.put(token, session);
        return session;
    }

    void lost(Session session) {
        session.lost = true;
        lost.increment();
        history.sessionLost(session.token);
        if (!session.slot.visitor && !storeForgets) {
            findings.add("ended though it had not gone away", session.toString());
        }
    }

    void closed(Session session, String reason) {
        session.closed = reason;
        history.sessionLost(session.token);
        if (session.leaving == Leaving.NO) {
            findings.add("closed unasked", session + " as " + reason);
        }
    }

    /** Before it is told to go. */
    void leaves(Session session, Leaving how) {
        session.leaves(how);
        left.increment();
        history.sessionLost(session.token);
    }

    // ---- the verdict

    /** Once nothing more comes. */
    void judge(Faults.Last faults) {
        for (Session session : all.values()) {
            Birth birth = births.get(session.token);
            if (birth == null) {
                findings.add("no birth", session.toString());
                continue;
            }
            history.born(session.token, birth.id);
            history.joined(session.token, birth.group, birth.joined);
            boolean told = ends.containsKey(session.token);
            if (session.isThere() && told) {
                findings.add("lives, and was told to have ended", session.toString());
            } else if (session.hasEnded() && !told && isExcused(session, faults)) {
                endsLost++;
            }
        }
        untold(faults).forEach(session -> findings.add("no end was told", session.toString()));
        ends.forEach(
                (token, kinds) -> {
                    if (kinds.size() > 1) {
                        findings.add("ended more than once", token + ": " + kinds);
                    } else {
                        endedOnce++;
                    }
                });
    }

    int count() {
        return all.size();
    }

    @Override
    public String toString() {
        return "%d clients (%d sent away or gone, %d lost), %d ends told once, %d never, as a node was killed or the store had lost the client"
                .formatted(all.size(), left.sum(), lost.sum(), endedOnce, endsLost);
    }
}
