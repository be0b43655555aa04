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

    /** A client that is here, since it was attached as this generation. */
    private record Attached(CometClient client, long generation) {}

    /** A reply that is awaited. */
    record Awaited(CometClient client, String correlationId) {}

    private final Map<String, Attached> attached = new ConcurrentHashMap<>();
    private final Map<Awaited, Boolean> awaited = new ConcurrentHashMap<>();

    void attached(CometClient client, long generation) {
        attached.merge(
                client.publicToken(),
                new Attached(client, generation),
                (before, now) ->
                        before.client().equals(client) && before.generation() > generation
                                ? before
                                : now);
    }

    /** It has moved to another node, as this generation; perhaps it is back since. */
    void hasMoved(CometClient client, long generation) {
        attached.computeIfPresent(
                client.publicToken(),
                (token, here) ->
                        here.client().equals(client) && here.generation() < generation
                                ? null
                                : here);
    }

    /** It has ended: it will not reply. */
    void hasEnded(CometClient client) {
        attached.computeIfPresent(
                client.publicToken(), (token, here) -> here.client().equals(client) ? null : here);
        awaited.keySet().removeIf(one -> one.client().equals(client));
    }

    @Nullable CometClient attached(String publicToken) {
        Attached here = attached.get(publicToken);
        return here == null ? null : here.client();
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

    /** The one that news is of, if it concerns this node. */
    @Nullable CometClient find(String publicToken, long incarnation) {
        CometClient client = attached(publicToken);
        if (client != null && client.incarnation() == incarnation) {
            return client;
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
