package dev.comet.chaos;

import dev.comet.testkit.internal.HistoryChecker;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Memberships that come and go, a step at a time for each client. Of a step whose node was killed,
 * or whose store did not answer, nobody knows whether it happened: what is sent from then on may be
 * for the client, until the next step. Any thread.
 */
final class Rooms {

    private final HistoryChecker history;
    private final Sends sends;
    private final Map<String, Session> steps = new ConcurrentHashMap<>(); // under way, by key

    Rooms(HistoryChecker history, Sends sends) {
        this.history = history;
        this.sends = sends;
    }

    /** Before a node is told. */
    void begins(String key, Session session) {
        session.changing = true;
        steps.put(key, session);
    }

    void joined(String key, long id) {
        Session session = steps.remove(key);
        if (session != null) {
            history.joined(session.token, session.slot.room, id);
            session.atLeast = id;
            ends(session, true);
        }
    }

    void left(String key) {
        Session session = steps.remove(key);
        if (session != null) {
            leaves(key, session);
        }
    }

    /** It was not tried, or was refused. */
    void unchanged(String key) {
        Session session = steps.remove(key);
        if (session != null) {
            session.changing = false;
        }
    }

    void unknown(String key) {
        Session session = steps.remove(key);
        if (session == null) {
            return;
        }
        if (!session.inRoom) {
            history.joined(session.token, session.slot.room, session.atLeast, Long.MAX_VALUE);
            ends(session, true);
        } else if (sends.id(before(key)) == null) {
            session.changing = false; // was not tried
        } else {
            leaves(key, session);
        }
    }

    private void leaves(String key, Session session) {
        Long before = sends.id(before(key));
        Long after = sends.id(after(key));
        history.left(
                session.token,
                session.slot.room,
                before == null ? session.atLeast : before,
                after == null ? Long.MAX_VALUE : after);
        session.atLeast = before == null ? session.atLeast : before;
        ends(session, false);
    }

    private static void ends(Session session, boolean inRoom) {
        session.inRoom = inRoom;
        session.changing = false;
    }

    /** The message that a client is sent before it leaves. */
    static String before(String key) {
        return key + ".a";
    }

    /** And the one after. */
    static String after(String key) {
        return key + ".b";
    }

    Set<String> underWay() {
        return Set.copyOf(steps.keySet());
    }
}
