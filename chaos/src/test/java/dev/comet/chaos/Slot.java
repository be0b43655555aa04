package dev.comet.chaos;

import org.jspecify.annotations.Nullable;

/** A place for one client after the other. */
final class Slot {

    private static final long AGAIN_NANOS = 300_000_000;

    final int number;
    final Clients clients;

    /** Comes for a short time; the others stay. */
    final boolean visitor;

    final String group;
    final String room;

    volatile @Nullable Session session; // null before, and after
    volatile boolean connecting;
    volatile long dueNanos; // when it connects, or when the visitor leaves

    Slot(int number, Clients clients, boolean visitor, String group, String room) {
        this.number = number;
        this.clients = clients;
        this.visitor = visitor;
        this.group = group;
        this.room = room;
        this.dueNanos = System.nanoTime();
    }

    /** A session begins, in the place of this one. Returns whether that was still there. */
    synchronized boolean replace(Session before, Session by) {
        if (session != before) {
            return false;
        }
        session = by;
        return true;
    }

    /** For another client, soon, if this one is still there. Returns whether it was. */
    synchronized boolean free(Session before) {
        if (session != before) {
            return false;
        }
        free();
        return true;
    }

    /** For another client, soon. */
    synchronized void free() {
        session = null;
        connecting = false;
        dueNanos = System.nanoTime() + AGAIN_NANOS;
    }

    int idleSeconds() {
        return visitor ? 5 : 60;
    }

    /** The client that is there, and is to be sent to; null if there is none. */
    @Nullable Session there() {
        Session now = session;
        return now != null && now.isThere() ? now : null;
    }

    @Override
    public String toString() {
        return number
                + " ("
                + clients.getClass().getSimpleName()
                + (visitor ? ", visitor" : "")
                + (connecting ? ", connecting" : "")
                + ")";
    }
}
