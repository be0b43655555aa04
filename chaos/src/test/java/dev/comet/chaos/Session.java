package dev.comet.chaos;

import org.jspecify.annotations.Nullable;

/** One client of the server, for as long as it lives; whoever takes its slot next is another. */
final class Session {

    /** How it goes away. */
    enum Leaving {
        /** It does not. */
        NO,
        /** It was told to, or stays away for good: it will be ended. */
        SURELY,
        /** A node that was to end it was killed, or could not reach the store. */
        PERHAPS
    }

    final Slot slot;
    final String token;

    final long bornNanos = System.nanoTime();
    volatile Leaving leaving = Leaving.NO;
    volatile long leftNanos; // when that began
    volatile boolean lost; // it was told that the server does not know it
    volatile @Nullable String closed; // it was told that it was ended, and why
    volatile long seen; // the highest id

    // The membership of one room that comes and goes: one step at a time.
    volatile boolean inRoom;
    volatile boolean changing;
    volatile long atLeast; // an id from before the next step

    Session(Slot slot, String token) {
        this.slot = slot;
        this.token = token;
    }

    void leaves(Leaving how) {
        leftNanos = System.nanoTime();
        leaving = how;
    }

    boolean isThere() {
        return leaving == Leaving.NO && !lost && closed == null;
    }

    /** For certain; unless it was lost, which is announced and not told by a node. */
    boolean hasEnded() {
        return (leaving == Leaving.SURELY || closed != null) && !lost;
    }

    @Override
    public String toString() {
        return token
                + " of slot "
                + slot
                + ", leaving "
                + leaving
                + (lost ? ", lost" : "")
                + (closed == null ? "" : ", closed as " + closed)
                + ", seen up to "
                + seen;
    }
}
