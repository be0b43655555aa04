package dev.comet.testkit.internal;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometGap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers every event, in the order in which they came.
 *
 * <p>Safe for use by any number of threads. Waits are bounded by 10 s of real time and then fail.
 */
public final class RecordingEventHandler implements CometClientEventHandler {

    /** The kinds of events; each is named as the method that it came through. */
    public enum Kind {
        /** {@link CometClientEventHandler#clientInitialized}. */
        CLIENT_INITIALIZED,
        /** {@link CometClientEventHandler#clientSubscribed}. */
        CLIENT_SUBSCRIBED,
        /** {@link CometClientEventHandler#idleClientKilled}. */
        IDLE_CLIENT_KILLED,
        /** {@link CometClientEventHandler#clientDisconnected}. */
        CLIENT_DISCONNECTED,
        /** {@link CometClientEventHandler#messagesDropped}. */
        MESSAGES_DROPPED
    }

    /**
     * One event.
     *
     * @param reason of {@link Kind#CLIENT_DISCONNECTED}, otherwise null
     * @param gap of {@link Kind#MESSAGES_DROPPED}, otherwise null
     */
    public record Event(
            Kind kind, CometClient client, @Nullable EndReason reason, @Nullable CometGap gap) {}

    private final Recording<Event> events = new Recording<>();

    /** Has recorded nothing yet. */
    public RecordingEventHandler() {}

    /** All events by now. */
    public List<Event> events() {
        return events.all();
    }

    /** The kinds of this client's events by now. */
    public List<Kind> kinds(CometClient client) {
        return events.matching(e -> e.client().equals(client)).stream().map(Event::kind).toList();
    }

    /** How many events of this kind this client had by now. */
    public int count(Kind kind, CometClient client) {
        return events.matching(e -> e.kind() == kind && e.client().equals(client)).size();
    }

    /** The first event of this kind of this client, once there is one. */
    public Event await(Kind kind, CometClient client) {
        return await(1, kind, client).get(0);
    }

    /** The first so many events of this kind of this client, once there are so many. */
    public List<Event> await(int count, Kind kind, CometClient client) {
        return events.await(
                count,
                e -> e.kind() == kind && e.client().equals(client),
                kind + " of " + client.publicToken());
    }

    /** Forgets what was recorded. */
    public void clear() {
        events.clear();
    }

    @Override
    public void clientInitialized(CometClient client) {
        events.add(new Event(Kind.CLIENT_INITIALIZED, client, null, null));
    }

    @Override
    public void clientSubscribed(CometClient client) {
        events.add(new Event(Kind.CLIENT_SUBSCRIBED, client, null, null));
    }

    @Override
    public void idleClientKilled(CometClient client) {
        events.add(new Event(Kind.IDLE_CLIENT_KILLED, client, null, null));
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        events.add(new Event(Kind.CLIENT_DISCONNECTED, client, reason, null));
    }

    @Override
    public void messagesDropped(CometClient client, CometGap gap) {
        events.add(new Event(Kind.MESSAGES_DROPPED, client, null, gap));
    }
}
