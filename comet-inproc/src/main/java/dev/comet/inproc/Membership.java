package dev.comet.inproc;

/**
 * From when until when a client belongs to a group. Immutable.
 *
 * @param group the group
 * @param after the id after which the group's messages are the client's
 * @param until the id of the last one that is, or {@link Long#MAX_VALUE} while it is a member
 */
record Membership(GroupLog group, long after, long until) {

    static final long OPEN = Long.MAX_VALUE;

    static Membership since(GroupLog group, long after) {
        return new Membership(group, after, OPEN);
    }

    boolean isOpen() {
        return until == OPEN;
    }

    Membership leftAt(long lastId) {
        return new Membership(group, after, lastId);
    }

    /** Whether a reader at this cursor has nothing more to expect of it. */
    boolean isOver(long cursor) {
        return !isOpen() && until <= Math.max(cursor, after);
    }
}
