package dev.comet.postgresql;

import dev.comet.CometClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The clients that this node has attached, and those of which it awaits replies, by the numbers
 * that the store has given them: whom news may concern. Safe for use by any number of threads.
 */
final class LocalClients {

    /** A client that is here, since it was attached as this generation. */
    private record Attached(CometClient client, long generation) {}

    /** A reply that is awaited of the client of that number. */
    record Awaited(CometClient client, String correlationId) {}

    private final Map<Long, Attached> attached = new ConcurrentHashMap<>();
    private final Map<Awaited, Long> awaited = new ConcurrentHashMap<>();

    void attached(long number, CometClient client, long generation) {
        attached.merge(
                number,
                new Attached(client, generation),
                (before, now) -> before.generation() > generation ? before : now);
    }

    /** It has moved to another node, as this generation; perhaps it is back since. */
    void hasMoved(long number, long generation) {
        attached.computeIfPresent(
                number, (key, here) -> here.generation() < generation ? null : here);
    }

    /**
     * It has ended: it will not reply.
     *
     * @param number 0 if nobody knows it any more
     */
    void hasEnded(CometClient client, long number) {
        if (number != 0) {
            attached.remove(number);
        } else {
            attached.values().removeIf(here -> here.client().equals(client));
        }
        awaited.keySet().removeIf(one -> one.client().equals(client));
    }

    List<Long> numbers() {
        return List.copyOf(attached.keySet());
    }

    void awaits(long number, CometClient client, String correlationId) {
        awaited.put(new Awaited(client, correlationId), number);
    }

    void awaitsNoMore(CometClient client, String correlationId) {
        awaited.remove(new Awaited(client, correlationId));
    }

    Map<Awaited, Long> awaited() {
        return awaited;
    }

    /** The one that is here. */
    @Nullable CometClient find(long number) {
        Attached here = attached.get(number);
        return here == null ? null : here.client();
    }

    /** The one that is here, or whose reply is awaited. */
    @Nullable CometClient findOrAwaited(long number) {
        CometClient here = find(number);
        if (here != null) {
            return here;
        }
        for (Map.Entry<Awaited, Long> one : awaited.entrySet()) {
            if (one.getValue() == number) {
                return one.getKey().client();
            }
        }
        return null;
    }
}
