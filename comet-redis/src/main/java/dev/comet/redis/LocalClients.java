package dev.comet.redis;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The clients that this node has attached, and those of which it awaits replies: what it may be
 * told news of. Safe for use by any number of threads.
 */
final class LocalClients {

    /** Which client: its public token and its incarnation. */
    private record Key(String publicToken, long incarnation) {
        static Key of(CometClient client) {
            return new Key(client.publicToken(), client.incarnation());
        }
    }

    /** A client that is here, since it was attached as this generation. */
    private static final class Attached {
        private final CometClient client;
        private final long generation;
        private final Alive alive;
        private volatile @Nullable View view;

        Attached(CometClient client, long generation, Alive alive) {
            this.client = client;
            this.generation = generation;
            this.alive = alive;
        }
    }

    /** A reply that is awaited. */
    record Awaited(CometClient client, String correlationId) {}

    private final Map<Key, Attached> attached = new ConcurrentHashMap<>();
    private final Set<CometClient> late = ConcurrentHashMap.newKeySet();
    private final Map<Awaited, Boolean> awaited = new ConcurrentHashMap<>();

    void attached(CometClient client, long generation) {
        attached.compute(
                Key.of(client),
                (key, before) -> {
                    if (before != null && before.generation >= generation) {
                        return before;
                    }
                    Alive alive = before == null ? new Alive() : before.alive;
                    if (alive.isLost()) { // another node may have said otherwise meanwhile
                        late.add(client);
                    }
                    return new Attached(client, generation, alive);
                });
    }

    /** As which generation it is here; 0 if it is not. */
    long generation(CometClient client) {
        Attached here = attached.get(Key.of(client));
        return here == null ? 0 : here.generation;
    }

    /** It has moved to another node, as this generation; perhaps it is back since. */
    void hasMoved(CometClient client, long generation) {
        attached.computeIfPresent(
                Key.of(client), (key, here) -> here.generation < generation ? null : here);
    }

    /** It has ended: it will not reply. */
    void hasEnded(CometClient client) {
        attached.remove(Key.of(client));
        awaited.keySet().removeIf(one -> one.client().equals(client));
    }

    /** A view yet to be filled, which takes the place of the one before; null if it is not here. */
    @Nullable View newView(CometClient client, long epoch) {
        Attached here = attached.get(Key.of(client));
        if (here == null) {
            return null;
        }
        View view =
                new View(Names.escaped(client.publicToken()) + " " + client.incarnation(), epoch);
        here.view = view;
        return view;
    }

    /** What is known of its logs, if anything. */
    @Nullable View view(CometClient client) {
        Attached here = attached.get(Key.of(client));
        return here == null ? null : here.view;
    }

    /** Those of which the store is to be told until when they are alive. */
    Set<CometClient> late() {
        return late;
    }

    /** Until when it is alive; null if it is not here. */
    @Nullable Alive alive(CometClient client) {
        Attached here = attached.get(Key.of(client));
        return here == null ? null : here.alive;
    }

    List<View> views() {
        List<View> views = new ArrayList<>();
        for (Attached here : attached.values()) {
            View view = here.view;
            if (view != null) {
                views.add(view);
            }
        }
        return views;
    }

    void forgetViews() {
        attached.values().forEach(here -> here.view = null);
    }

    List<CometClient> allAttached() {
        return attached.values().stream().map(here -> here.client).toList();
    }

    void awaits(CometClient client, String correlationId) {
        awaited.put(new Awaited(client, correlationId), true);
    }

    void awaitsNoMore(CometClient client, String correlationId) {
        awaited.remove(new Awaited(client, correlationId));
    }

    List<Awaited> allAwaited() {
        return List.copyOf(awaited.keySet());
    }

    /** The one that is here. */
    @Nullable CometClient find(String publicToken, long incarnation) {
        Attached here = attached.get(new Key(publicToken, incarnation));
        return here == null ? null : here.client;
    }

    /** The one that is here, or whose reply is awaited. */
    @Nullable CometClient findOrAwaited(String publicToken, long incarnation) {
        CometClient here = find(publicToken, incarnation);
        if (here != null) {
            return here;
        }
        for (Awaited one : awaited.keySet()) {
            if (one.client().publicToken().equals(publicToken)
                    && one.client().incarnation() == incarnation) {
                return one.client();
            }
        }
        return null;
    }
}
