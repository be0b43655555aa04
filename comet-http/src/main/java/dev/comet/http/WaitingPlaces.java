package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.http.CometApplication.PendingReplies;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The places of clients' requests whose reply comes later. A client has a share of them, and so
 * have all clients of one address or user together: neither one client nor one peer that connects
 * again and again can take all the places that requests to other clients have. Half of what an
 * address has is for the first and second place of each client: who asks one thing after the other
 * need not be quicker than those who hoard. A place is given back when its request has waited too
 * long.
 *
 * <p>Safe for use by any number of threads.
 */
final class WaitingPlaces {

    /** Whoever enters tells of as many that have waited too long, and no more. */
    private static final int MOST_AT_ONCE = 100;

    private final PendingReplies bounds;
    private final CometClock clock;
    private final Consumer<Place> overdue;

    // Guarded by this. No timer: whoever enters gives back what has waited too long.
    private final Set<Place> byAge = new LinkedHashSet<>();
    private final Map<Object, Integer> taken = new HashMap<>(); // by client, and by sender

    /**
     * @param overdue is told, under no lock, of each place that was given back; must not throw
     */
    WaitingPlaces(PendingReplies bounds, CometClock clock, Consumer<Place> overdue) {
        this.bounds = bounds;
        this.clock = clock;
        this.overdue = overdue;
    }

    /** One request that waits. Equal to itself only. */
    static final class Place {
        final CometClient client;
        final String name;
        final String correlationId;
        private final @Nullable String sender;
        private final long sinceNanos;

        private Place(
                CometClient client,
                @Nullable String sender,
                String name,
                String correlationId,
                long sinceNanos) {
            this.client = client;
            this.sender = sender;
            this.name = name;
            this.correlationId = correlationId;
            this.sinceNanos = sinceNanos;
        }
    }

    /**
     * Takes a place, which is to be left.
     *
     * @param sender whose places count together, or null if nobody knows
     * @throws HttpErrorException if there is none for this client or sender
     */
    Place enter(CometClient client, @Nullable String sender, String name, String correlationId) {
        Place place = new Place(client, sender, name, correlationId, clock.nanos());
        List<Place> givenBack;
        HttpErrorException full;
        synchronized (this) {
            givenBack = takeOverdue(place.sinceNanos);
            full = fault(place);
            if (full == null) {
                byAge.add(place);
                count(place, 1);
            }
        }
        givenBack.forEach(overdue);
        if (full != null) {
            throw full;
        }
        return place;
    }

    /** Returns whether it was taken still: false if it was left or given back before. */
    synchronized boolean leave(Place place) {
        if (!byAge.remove(place)) {
            return false;
        }
        count(place, -1);
        return true;
    }

    /** As {@link #leave}, of one whose reply is there: false, too, if that comes too late. */
    boolean leaveWithReply(Place place) {
        if (!leave(place)) {
            return false;
        }
        if (isOverdue(place, clock.nanos())) {
            overdue.accept(place);
            return false;
        }
        return true;
    }

    private List<Place> takeOverdue(long nowNanos) {
        List<Place> found = List.of();
        for (Iterator<Place> oldest = byAge.iterator();
                oldest.hasNext() && found.size() < MOST_AT_ONCE; ) {
            Place place = oldest.next();
            if (!isOverdue(place, nowNanos)) {
                break;
            }
            if (found.isEmpty()) {
                found = new ArrayList<>();
            }
            found.add(place);
            oldest.remove();
            count(place, -1);
        }
        return found;
    }

    private boolean isOverdue(Place place, long nowNanos) {
        return nowNanos - place.sinceNanos >= bounds.timeout().toNanos();
    }

    private @Nullable HttpErrorException fault(Place place) {
        int ofClient = taken.getOrDefault(place.client, 0);
        if (ofClient >= bounds.perClient()) {
            return HttpErrorException.tooMany(
                    "pendingRepliesPerClient",
                    "too many requests of this client wait for a reply; wait for some of them",
                    1);
        }
        if (place.sender != null && taken.getOrDefault(place.sender, 0) >= mostFor(ofClient)) {
            return HttpErrorException.tooMany(
                    "pendingRepliesPerAddress",
                    "too many requests from this address, or of this user, wait for a reply; wait"
                            + " for some of them",
                    1);
        }
        return null;
    }

    /** How many its sender may have for a client to get one more. */
    private int mostFor(int ofClient) {
        int all = bounds.perAddress();
        return switch (ofClient) {
            case 0 -> all;
            case 1 -> all - all / 4;
            default -> all / 2 - ofClient; // whoever has many leaves as many to the others
        };
    }

    private void count(Place place, int change) {
        count(place.client, change);
        if (place.sender != null) {
            count(place.sender, change);
        }
    }

    private void count(Object whose, int change) {
        taken.compute(
                whose,
                (key, before) -> {
                    int now = (before == null ? 0 : before) + change;
                    return now <= 0 ? null : now;
                });
    }
}
