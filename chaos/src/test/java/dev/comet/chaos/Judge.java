package dev.comet.chaos;

import dev.comet.chaos.Session.Leaving;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.Verdict;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Hears what nodes and clients say, and says at the end what was wrong with it. Any thread. */
final class Judge implements ClientEvents {

    /** A send or a step that was refused so may have happened all the same. */
    private static final String UNAVAILABLE = "PROVIDER_UNAVAILABLE";

    final Findings findings = new Findings();
    final HistoryChecker history = new HistoryChecker();
    final Sends sends = new Sends(history, findings);
    final Requests requests = new Requests(findings);
    final Sessions sessions;
    final Rooms rooms = new Rooms(history, sends);

    private final List<Slot> slots;
    private final boolean storeForgets;
    private volatile long storeBegan; // an id from before anything that it has
    private final LongAdder failedConnects = new LongAdder();
    private final Map<String, LongAdder> gaps = new ConcurrentSkipListMap<>();
    private @Nullable Verdict verdict;

    /**
     * @param slots filled in later, by number
     */
    Judge(List<Slot> slots, boolean storeForgets) {
        this.slots = slots;
        this.storeForgets = storeForgets;
        this.sessions = new Sessions(history, findings, storeForgets);
    }

    /**
     * It was killed, and has not come back yet. If it has forgotten everything, it begins to count
     * at 0: what it had before is for nobody who comes later. Ids are microseconds.
     */
    void storeDied() {
        if (storeForgets) {
            storeBegan = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());
        }
    }

    private long after(String id) {
        return Math.max(Long.parseLong(id), storeBegan);
    }

    // ---- what nodes say

    void line(String[] words) {
        String key = words[1];
        switch (words[0]) {
            case "sent" -> sends.accepted(key, Long.parseLong(words[2]));
            case "refused" -> {
                if (!words[2].equals(UNAVAILABLE)) {
                    sends.refused(key);
                }
            }
            case "joined" -> rooms.joined(key, after(words[2]));
            case "left" -> rooms.left(key);
            case "unchanged" -> {
                if (words[2].equals(UNAVAILABLE)) {
                    rooms.unknown(key);
                } else {
                    rooms.unchanged(key);
                }
            }
            case "replied" -> requests.replied(key, words[2]);
            case "unreplied" -> requests.failed(key, words[2]);
            case "ended" -> ended(words[2], words[3].equals("yes"));
            case "born" -> sessions.born(words[1], after(words[2]), words[3], after(words[4]));
            case "event" -> sessions.event(words[1], words[2]);
            default -> findings.add("a node said", String.join(" ", words));
        }
    }

    /** A node was to end this client, and has, or nobody knows. */
    void ended(String token, boolean surely) {
        Session session = sessions.find(token);
        if (session != null && surely) {
            session.leaving = Leaving.SURELY;
        } else if (session != null && session.slot.free(session)) {
            session.leaves(Leaving.SURELY);
            session.slot.clients.disconnect(session.slot);
        }
    }

    // ---- what clients say

    @Override
    public void connected(int number, String token) {
        Slot slot = slots.get(number);
        slot.session = sessions.begins(slot, token);
        slot.connecting = false;
    }

    @Override
    public void connectFailed(int number, String code) {
        failedConnects.increment();
        slots.get(number).free();
    }

    @Override
    public void received(String token, long id, String key) {
        sees(token, id);
        sends.received(token, key, id);
    }

    @Override
    public void asked(String token, long id, String key) {
        sees(token, id);
        requests.asked(token, key);
    }

    private void sees(String token, long id) {
        Session session = sessions.find(token);
        if (session == null) {
            findings.add("nobody", token + " has received " + id);
        } else if (id <= session.seen) {
            findings.add("out of order", token + " has received " + id + " after " + session.seen);
        } else {
            session.seen = id;
        }
    }

    @Override
    public void gap(String token, long from, long to, String reason) {
        history.gap(token, from, to);
        gaps.computeIfAbsent(reason, r -> new LongAdder()).increment();
    }

    @Override
    public void lost(String previous, @Nullable String current) {
        Session session = sessions.find(previous);
        if (session == null) {
            findings.add("nobody", previous + " was lost");
            return;
        }
        sessions.lost(session);
        if (current == null) {
            session.slot.free(session);
            return;
        }
        Session next = sessions.begins(session.slot, current);
        if (!session.slot.replace(session, next)) {
            sessions.leaves(next, Leaving.SURELY); // as the one before was told to
        }
    }

    @Override
    public void closed(String token, String reason) {
        Session session = sessions.find(token);
        if (session == null) {
            findings.add("nobody", token + " was closed");
            return;
        }
        sessions.closed(session, reason);
        session.slot.free(session);
    }

    @Override
    public void fault(String token, String text) {
        findings.add("fault", token + " " + text);
    }

    @Override
    public void replied(String key, String value) {
        requests.replied(key, value);
    }

    @Override
    public void failed(String key, String code) {
        requests.failed(key, code);
    }

    // ---- the verdict

    /** Once nothing more comes. */
    void judge(Faults.Last faults) {
        sessions.judge(faults);
        requests.judge();
        verdict = sends.judge();
    }

    long deliveries() {
        return verdict == null ? 0 : verdict.received();
    }

    @Override
    public String toString() {
        Map<String, Long> gapsByReason = new TreeMap<>();
        gaps.forEach((reason, count) -> gapsByReason.put(reason, count.sum()));
        return "%s, %d deliveries, %s, %d failed connects, gaps %s, %s, findings %d"
                .formatted(
                        sends,
                        deliveries(),
                        sessions,
                        failedConnects.sum(),
                        gapsByReason,
                        requests,
                        findings.count());
    }
}
