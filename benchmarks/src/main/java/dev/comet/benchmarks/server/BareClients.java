package dev.comet.benchmarks.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * A bare server's clients, who show a token in each request. Each reads one room: its own or, in
 * the broadcast scenarios, everyone's.
 */
final class BareClients<R> {

    private static final String BEARER = "Bearer ";

    /**
     * A client.
     *
     * @param joinedAt the room's top at which it came: it reads nothing below
     */
    record Member<R>(R room, long joinedAt) {

        long cursor(String asked) {
            return Math.max(joinedAt, Long.parseLong(asked));
        }
    }

    private final Supplier<R> newRoom;
    private final ToLongFunction<R> top;
    private final R everyone;
    private final Map<String, R> rooms = new ConcurrentHashMap<>();
    private final Map<String, Member<R>> members = new ConcurrentHashMap<>();

    BareClients(Supplier<R> newRoom, ToLongFunction<R> top) {
        this.newRoom = newRoom;
        this.top = top;
        this.everyone = newRoom.get();
    }

    R everyone() {
        return everyone;
    }

    /** As {@link PushServer#newClients}. */
    List<String> add(List<String> roomNames) {
        List<String> tokens = new ArrayList<>();
        for (String name : roomNames) {
            R room =
                    name.isEmpty()
                            ? everyone
                            : rooms.computeIfAbsent(name, unused -> newRoom.get());
            String token = "bare-client-token-%06d".formatted(members.size());
            members.put(token, new Member<>(room, top.applyAsLong(room)));
            tokens.add(token);
        }
        return tokens;
    }

    /**
     * Who has made this request.
     *
     * @param authorization its header
     */
    Member<R> of(String authorization) {
        return members.get(authorization.substring(BEARER.length()));
    }

    /** What a post has in it. */
    static String payload(String body) {
        int from = body.indexOf('~');
        return body.substring(from, body.indexOf('"', from));
    }
}
