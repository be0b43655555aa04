package dev.comet.inproc;

import dev.comet.CometClient;

/**
 * From when until when a client belongs to a group. Immutable.
 *
 * @param group the group
 * @param client who belongs to it
 * @param number rises with every membership of the group
 * @param after the id after which the group's messages are the client's
 * @param until the id of the last one that is, or {@link Long#MAX_VALUE} while it is a member
 */
record Membership(GroupLog group, CometClient client, long number, long after, long until) {

    static final long OPEN = Long.MAX_VALUE;

    boolean isOpen() {
        return until == OPEN;
    }

    Membership leftAt(long lastId) {
        return new Membership(group, client, number, after, lastId);
    }

    /** Whether a reader at this cursor has nothing more to expect of it. */
    boolean isOver(long cursor) {
        return !isOpen() && until <= Math.max(cursor, after);
    }
}
