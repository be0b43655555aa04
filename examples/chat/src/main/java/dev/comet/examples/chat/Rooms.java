package dev.comet.examples.chat;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rooms, by how their names look. A room is two groups: one for what was said, whose log is
 * what newcomers are shown, and one for what matters only now: who comes, goes and types. Who is in
 * them, Comet knows. Safe for use by any number of threads.
 *
 * <p>The lobby is always there; any other room is there for as long as somebody is in it, at
 * whichever node.
 */
final class Rooms {

    static final String LOBBY = "lobby";

    private static final String PRESENCE = "presence/";

    /** In how many rooms one may be. */
    static final int MAX_PER_CLIENT = 16;

    private final CometStateManager comet;

    Rooms(CometStateManager comet) {
        this.comet = comet;
    }

    /** The group for what is said. */
    static String talkIn(String room) {
        return "talk/" + room;
    }

    /** The group for who comes, goes and types. */
    static String presenceIn(String room) {
        return PRESENCE + room;
    }

    /** Of rooms that somebody is in, and of the lobby. */
    List<String> names() {
        return Stream.concat(
                        Stream.of(LOBBY),
                        comet.groups().stream()
                                .filter(group -> group.startsWith(PRESENCE))
                                .map(group -> group.substring(PRESENCE.length())))
                .distinct()
                .sorted()
                .toList();
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
        boolean isNew = people(room).isEmpty();
        if (isNew) {
            refuseIfLikeAnother(room);
        }
        long joined = join(client, room);
        if (isNew) {
            try {
                refuseIfLikeAnother(room);
            } catch (CometException e) {
                exit(client, room); // somebody made the other room meanwhile
                throw e;
            }
        }
        return joined;
    }

    private void refuseIfLikeAnother(String room) {
        String look = Names.look(room);
        for (String other : names()) {
            if (!other.equals(room) && Names.look(other).equals(look)) {
                throw Names.refused(
                        "“%s” looks like “%s”; join that one, or choose another name"
                                .formatted(room, other));
            }
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
        return comet.leaveGroup(client, presenceIn(room));
    }
}
