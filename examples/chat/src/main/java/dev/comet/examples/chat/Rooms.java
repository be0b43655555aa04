package dev.comet.examples.chat;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The rooms, by how their names look. A room is two groups: one for what was said, whose log is
 * what newcomers are shown, and one for what matters only now: who comes, goes and types. Who is in
 * them, Comet knows. Safe for use by any number of threads.
 *
 * <p>The lobby is always there; any other room is forgotten once it is empty.
 */
final class Rooms {

    static final String LOBBY = "lobby";

    /** In how many rooms one may be. */
    static final int MAX_PER_CLIENT = 16;

    private final CometStateManager comet;
    private final ConcurrentHashMap<String, String> byLook = new ConcurrentHashMap<>();

    Rooms(CometStateManager comet) {
        this.comet = comet;
        byLook.put(Names.look(LOBBY), LOBBY);
    }

    /** The group for what is said. */
    static String talkIn(String room) {
        return "talk/" + room;
    }

    /** The group for who comes, goes and types. */
    static String presenceIn(String room) {
        return "presence/" + room;
    }

    /** Of rooms that somebody may be in. */
    List<String> names() {
        return byLook.values().stream().sorted().toList();
    }

    List<CometClient> people(String room) {
        return comet.groupMembers(presenceIn(room));
    }

    /** What was said last, the oldest first. */
    List<CometMessage> history(String room, long upTo, int maxMessages) {
        return comet.groupHistory(talkIn(room), upTo, maxMessages);
    }

    /**
     * Checks that the client is in the room.
     *
     * @return its name
     * @throws CometException REFUSED if it is not, or if there can be no such room
     */
    String requireIn(CometClient client, @Nullable String asked) {
        String room = Names.room(asked);
        if (!comet.groupMembers(talkIn(room)).contains(client)) {
            throw Names.refused("you are not in " + room + "; join it first");
        }
        return room;
    }

    /**
     * Takes the client into the room, which is made if there is none; nothing changes if it is in
     * it.
     *
     * @return the id from which on what is said arrives by itself
     * @throws CometException REFUSED for a name that looks like another room's, or for a room too
     *     many
     */
    long enter(CometClient client, String room) {
        String look = Names.look(room);
        refuseIfOther(room, byLook.get(look));
        long joined = join(client, room);
        try {
            refuseIfOther(room, byLook.putIfAbsent(look, room));
        } catch (CometException e) {
            exit(client, room); // somebody made the other room meanwhile
            throw e;
        }
        return joined;
    }

    private static void refuseIfOther(String room, @Nullable String known) {
        if (known != null && !known.equals(room)) {
            throw Names.refused(
                    "“%s” looks like “%s”; join that one, or choose another name"
                            .formatted(room, known));
        }
    }

    private long join(CometClient client, String room) {
        try {
            // In this order: whoever comes or goes after a list of people was made is announced.
            comet.joinGroup(client, presenceIn(room));
            return comet.joinGroup(client, talkIn(room));
        } catch (CometException e) {
            if (e.reason() != CometException.Reason.LIMIT_REACHED) {
                throw e;
            }
            exit(client, room); // not half of it
            throw Names.refused(
                    "you are in as many rooms as one may be ("
                            + MAX_PER_CLIENT
                            + "), or the chat has no more; leave one first");
        }
    }

    /** Returns whether the client was in the room. */
    boolean exit(CometClient client, String room) {
        comet.leaveGroup(client, talkIn(room));
        boolean left = comet.leaveGroup(client, presenceIn(room));
        forgetEmpty();
        return left;
    }

    /**
     * Who enters a room meanwhile is in it before its name is noted: it is seen here, or notes it
     * after.
     */
    void forgetEmpty() {
        byLook.forEach(
                (look, room) -> {
                    if (!room.equals(LOBBY)
                            && people(room).isEmpty()
                            && byLook.remove(look, room)
                            && !people(room).isEmpty()) {
                        byLook.putIfAbsent(look, room);
                    }
                });
    }
}
