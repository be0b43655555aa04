package dev.comet.tests;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One client among those that have had the same tokens, and what happened to it. Named token#n,
 * which is its client's display name.
 *
 * <p>Safe for use by any thread.
 */
final class Incarnation {

    final String name;
    final CometClient client;

    // Guarded by this, as what follows.
    private long birth = -1;
    private long removalBegan;
    private boolean removed;
    private final Set<String> groups = new HashSet<>();
    private final List<String> events = new ArrayList<>();
    private int gapEvents;
    private @Nullable ModelClient view;
    private @Nullable EndReason reason;

    Incarnation(String name, CometClient client) {
        this.name = name;
        this.client = client;
    }

    // ---- in the store

    synchronized void born(long id) {
        birth = id;
    }

    /** After which id messages are for it; negative if it has never been in the store. */
    synchronized long birth() {
        return birth;
    }

    synchronized void removalBegins(long tick) {
        removalBegan = tick;
    }

    synchronized void removed() {
        removed = true;
    }

    synchronized boolean isRemoved() {
        return removed;
    }

    /** Whether it was certainly in the store at this tick and for ever after. */
    synchronized boolean livedOnAfter(long tick) {
        return !removed || removalBegan > tick;
    }

    synchronized void joined(String group) {
        groups.add(group);
    }

    synchronized void left(String group) {
        groups.remove(group);
    }

    synchronized Set<String> groups() {
        return Set.copyOf(groups);
    }

    /** The client's side. */
    synchronized void seenBy(ModelClient one) {
        view = one;
    }

    /** The id of the last message that it saw; when nothing goes on any more. */
    synchronized long last() {
        return view == null ? 0 : view.last();
    }

    /** For reports. */
    @Override
    public synchronized String toString() {
        return name + " born after " + birth + ", in " + groups + (removed ? ", ended" : "");
    }

    // ---- events

    synchronized void event(String event) {
        if (event.equals("dropped")) {
            gapEvents++;
        }
        // The many polls and gaps in a row are one.
        boolean many = event.equals("subscribed") || event.equals("dropped");
        if (!many || events.isEmpty() || !events.get(events.size() - 1).equals(event)) {
            events.add(event);
        }
    }

    synchronized void disconnected(EndReason why) {
        reason = why;
        event("disconnected");
    }

    synchronized @Nullable EndReason reason() {
        return reason;
    }

    synchronized boolean wasKilled() {
        return events.contains("killed");
    }

    private static boolean isEnd(String event) {
        return event.equals("killed") || event.equals("disconnected");
    }

    /** What is wrong with its events, once it is over. */
    synchronized List<String> faults() {
        List<String> faults = new ArrayList<>();
        long ends = events.stream().filter(Incarnation::isEnd).count();
        if (ends != 1) {
            faults.add(name + " has ended, with " + ends + " end events: " + events);
        } else if (!isEnd(events.get(events.size() - 1))) {
            faults.add(name + " had events after its end: " + events);
        }
        if (!events.isEmpty() && !events.get(0).equals("initialized")) {
            faults.add(name + " had an event before it was initialised: " + events);
        }
        if (events.stream().filter("initialized"::equals).count() > 1) {
            faults.add(name + " was initialised twice: " + events);
        }
        int gapsTold = view == null ? 0 : view.gapsTold();
        if (gapEvents > gapsTold) {
            faults.add(name + " was told of " + gapsTold + " gaps, its handlers of " + gapEvents);
        }
        return faults;
    }
}
