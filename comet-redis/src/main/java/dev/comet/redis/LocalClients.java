package dev.comet.redis;

import dev.comet.CometClient;
import java.util.List;
import java.util.Map;
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
    private record Attached(CometClient client, long generation) {}

    /** A reply that is awaited. */
    record Awaited(CometClient client, String correlationId) {}

    private final Map<Key, Attached> attached = new ConcurrentHashMap<>();
    private final Map<Awaited, Boolean> awaited = new ConcurrentHashMap<>();

    void attached(CometClient client, long generation) {
        attached.merge(
                Key.of(client),
                new Attached(client, generation),
                (before, now) -> before.generation() > generation ? before : now);
    }

    /** As which generation it is here; 0 if it is not. */
    long generation(CometClient client) {
        Attached here = attached.get(Key.of(client));
        return here == null ? 0 : here.generation();
    }

    /** It has moved to another node, as this generation; perhaps it is back since. */
    void hasMoved(CometClient client, long generation) {
        attached.computeIfPresent(
                Key.of(client), (key, here) -> here.generation() < generation ? null : here);
    }

    /** It has ended: it will not reply. */
    void hasEnded(CometClient client) {
        attached.remove(Key.of(client));
        awaited.keySet().removeIf(one -> one.client().equals(client));
    }

    boolean isHere(CometClient client) {
        return attached.containsKey(Key.of(client));
    }

    List<CometClient> allAttached() {
        return attached.values().stream().map(Attached::client).toList();
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
        return here == null ? null : here.client();
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
