package dev.comet.testkit.internal;

import dev.comet.testkit.internal.HistoryChecker.Membership;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one client was a member of, and what it saw, in order. Safe for use by any thread. */
final class ClientHistory {

    /** Sees a client's events in the order in which they happened. */
    interface Events {
        void received(long id);

        void gap(long from, long to);
    }

    final String name;
    volatile @Nullable Membership everyone;

    private final Map<String, List<Membership>> groups = new LinkedHashMap<>(); // guarded by this
    private boolean lost; // guarded by this, as what follows

    // A received message is its id, which is positive; a gap is 0 and its two ends.
    private long[] events = new long[16];
    private int size;

    ClientHistory(String name) {
        this.name = name;
    }

    synchronized void join(String group, Membership membership) {
        groups.computeIfAbsent(group, g -> new ArrayList<>()).add(membership);
    }

    synchronized void leave(String group, long certainUntil, long possibleUntil) {
        List<Membership> memberships = groups.get(group);
        if (memberships == null) {
            throw new IllegalArgumentException(
                    name + " left " + group + " without having joined it");
        }
        int last = memberships.size() - 1;
        Membership open = memberships.get(last);
        memberships.set(
                last,
                new Membership(
                        open.possibleAfter(), open.certainAfter(), certainUntil, possibleUntil));
    }

    synchronized void lost() {
        lost = true;
    }

    synchronized void received(long id) {
        if (id <= 0) {
            throw new IllegalArgumentException("id is " + id + "; ids are positive");
        }
        append(id);
    }

    synchronized void gap(long from, long to) {
        append(0);
        append(from);
        append(to);
    }

    private void append(long value) {
        if (size == events.length) {
            events = Arrays.copyOf(events, size * 2);
        }
        events[size++] = value;
    }

    synchronized boolean isLost() {
        return lost;
    }

    synchronized Map<String, List<Membership>> groups() {
        Map<String, List<Membership>> copy = new LinkedHashMap<>();
        groups.forEach((group, memberships) -> copy.put(group, List.copyOf(memberships)));
        return copy;
    }

    synchronized void replay(Events to) {
        for (int i = 0; i < size; i++) {
            if (events[i] != 0) {
                to.received(events[i]);
            } else {
                to.gap(events[i + 1], events[i + 2]);
                i += 2;
            }
        }
    }
}
