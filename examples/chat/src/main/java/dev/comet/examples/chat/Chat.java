package dev.comet.examples.chat;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.ClientMessage;
import dev.comet.http.CometApplication;
import dev.comet.http.ConnectRequest;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The chat: whom it lets in, and what it does with what they send. Everything else, from who is
 * connected to what has not arrived yet, is Comet's business.
 *
 * <p><b>Names.</b> A person's public token is the nickname in lower case. Comet has no two clients
 * with the same public token, so that a nickname is taken for as long as its owner is connected, or
 * has been away for less than the idle time, and free the moment Comet lets go of the client. Who
 * can show the secret with which the nickname was taken may take it again at any time. What looks
 * like the nickname of somebody who is here is taken, too.
 *
 * <p><b>Rooms.</b> A room is two groups: one for what was said, whose log is what newcomers are
 * shown, and one for what matters only now: who comes, goes and types. Who is not in a room neither
 * reads, writes nor types in it. The lobby is always there, and everybody is in it.
 */
final class Chat implements CometClientEventHandler {

    static final String LOBBY = "lobby";

    /** In how many rooms one may be. */
    static final int MAX_ROOMS = 16;

    private static final int MAX_TEXT = 2_000;
    private static final int MAX_KEY = 64;
    private static final int HISTORY = 50;

    private final CometStateManager comet;

    private final Lookalikes people;

    /**
     * Rooms that somebody may be in, by how their names look, to be offered to others; who is in
     * them, Comet knows.
     */
    private final ConcurrentHashMap<String, String> rooms = new ConcurrentHashMap<>();

    Chat(CometStateManager comet) {
        this.comet = comet;
        this.people = new Lookalikes(this::isHere);
        rooms.put(Names.look(LOBBY), LOBBY);
    }

    /** Says which messages of clients the chat handles, and how. */
    void install(CometApplication app) {
        app.onConnect(this::connect)
                .onConnected((client, request) -> welcome(client))
                .onRequest("room.join", this::join)
                .onRequest("room.list", (client, message) -> openRooms())
                .on("room.leave", this::leave)
                .on("chat.say", this::say)
                .on("chat.whisper", this::whisper)
                .on("chat.typing", this::typing);
    }

    // ---- what clients send: the contents of their messages

    record Join(@Nullable String room, @Nullable Long upTo) {}

    record Leave(@Nullable String room) {}

    record Say(@Nullable String room, @Nullable String text, @Nullable String key) {}

    record Whisper(@Nullable String to, @Nullable String text, @Nullable String key) {}

    /** In a room, or to somebody in private. */
    record Type(@Nullable String room, @Nullable String to) {}

    // ---- what clients get

    /**
     * @param token the address for private messages
     * @param since when the person came, in milliseconds: tells this visit from an earlier one
     *     whose end may be told late
     */
    record Person(String token, String name, long since) {
        static Person of(CometClient client) {
            return new Person(
                    client.publicToken(),
                    client.displayName(),
                    Long.parseLong(client.attributes().get("since")));
        }
    }

    /**
     * @param key what the sender's page calls the message: it knows it again when it comes back
     * @param at in milliseconds
     */
    record Said(String room, Person from, String text, String key, long at) {}

    record Whispered(Person from, Person to, String text, String key, long at) {}

    /**
     * Somebody has come to a room, has left it, or is typing in it (or, without a room, to you).
     */
    record Presence(@Nullable String room, Person person) {}

    record Room(String room, List<Person> people, List<Past> history) {}

    record Past(long id, Object contents) {}

    record OpenRoom(String room, int people) {}

    // ---- coming and going

    private CometClient connect(ConnectRequest request) {
        String nickname = Names.nickname(request.text("displayName", ""));
        String token = nickname.toLowerCase(Locale.ROOT);
        people.find(nickname, token).ifPresent(other -> refuse(nickname, other));
        String secret = request.text("secret", "");
        // A page whose connect was answered, but not heard, asks again: it gets its nickname back.
        comet.findCometClient(token)
                .filter(
                        taken ->
                                !secret.isEmpty()
                                        && secret.equals(taken.attributes().get("secret")))
                .ifPresent(comet::disconnect);
        return CometClient.builder()
                .publicToken(token)
                .displayName(nickname)
                .attribute("secret", secret)
                .attribute("since", Long.toString(System.currentTimeMillis()))
                .build();
    }

    /** Only now is it certain that the nickname is the newcomer's. */
    private void welcome(CometClient client) {
        people.add(client).ifPresent(other -> refuse(client.displayName(), other));
        if (!isHere(client)) {
            people.remove(client); // its end was told before
        }
    }

    private static void refuse(String nickname, CometClient other) {
        throw Names.refused(
                nickname
                        + " looks like "
                        + other.displayName()
                        + ", who is here; choose another nickname");
    }

    private boolean isHere(CometClient client) {
        return comet.findCometClient(client.publicToken()).filter(client::equals).isPresent();
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        gone(client);
    }

    @Override
    public void idleClientKilled(CometClient client) {
        gone(client);
    }

    /**
     * Comet has already taken the client out of its groups; its page knows in which rooms it was.
     */
    private void gone(CometClient client) {
        people.remove(client);
        forgetEmptyRooms();
        comet.sendToAll("person.gone", new Presence(null, Person.of(client)));
    }

    // ---- rooms

    /**
     * Also for one who is in the room already: a page that was reloaded has forgotten what it
     * showed, and says up to which message it must be told again. Later ones arrive by themselves.
     */
    private Room join(CometClient client, ClientMessage message) {
        Join request = message.contents(Join.class);
        String room = Names.room(request.room());
        String look = Names.look(room);
        refuseIfOther(room, rooms.get(look));
        // In this order: whoever comes or goes after the list of people was made is heard of.
        long joined = enter(client, room);
        try {
            refuseIfOther(room, rooms.putIfAbsent(look, room));
        } catch (CometException e) {
            exit(client, room); // somebody made the other room meanwhile
            throw e;
        }
        comet.sendToGroup(presenceIn(room), "room.joined", new Presence(room, Person.of(client)));
        long upTo = request.upTo() == null ? joined : Math.max(joined, request.upTo());
        return new Room(room, people(room), history(room, upTo));
    }

    private static void refuseIfOther(String room, @Nullable String known) {
        if (known != null && !known.equals(room)) {
            throw Names.refused(
                    room + " looks like " + known + "; join that one, or choose another name");
        }
    }

    /** Returns the id from which on what is said arrives by itself. */
    private long enter(CometClient client, String room) {
        try {
            comet.joinGroup(client.publicToken(), presenceIn(room));
            return comet.joinGroup(client.publicToken(), talkIn(room));
        } catch (CometException e) {
            if (e.reason() != CometException.Reason.LIMIT_REACHED) {
                throw e;
            }
            exit(client, room); // not half of it
            throw Names.refused(
                    "there are as many rooms as there may be, or you are in "
                            + MAX_ROOMS
                            + "; leave one first");
        }
    }

    private boolean exit(CometClient client, String room) {
        comet.leaveGroup(client.publicToken(), talkIn(room));
        return comet.leaveGroup(client.publicToken(), presenceIn(room));
    }

    private void leave(CometClient client, ClientMessage message) {
        String room = roomOf(client, message.contents(Leave.class).room());
        if (room.equals(LOBBY)) {
            throw Names.refused("everybody is in the lobby; leave the chat instead");
        }
        if (exit(client, room)) {
            comet.sendToGroup(presenceIn(room), "room.left", new Presence(room, Person.of(client)));
        }
        forgetEmptyRooms();
    }

    /** Who joins one meanwhile is in it before it is looked for: then it is found, or put back. */
    private void forgetEmptyRooms() {
        rooms.forEach(
                (look, room) -> {
                    if (!room.equals(LOBBY)
                            && people(room).isEmpty()
                            && rooms.remove(look, room)
                            && !people(room).isEmpty()) {
                        rooms.putIfAbsent(look, room);
                    }
                });
    }

    private List<OpenRoom> openRooms() {
        return rooms.values().stream()
                .sorted()
                .map(room -> new OpenRoom(room, people(room).size()))
                .filter(room -> room.people() > 0)
                .toList();
    }

    private List<Person> people(String room) {
        return comet.groupMembers(presenceIn(room)).stream().map(Person::of).toList();
    }

    private List<Past> history(String room, long upTo) {
        return comet.groupHistory(talkIn(room), upTo, HISTORY).stream()
                .map(said -> new Past(said.messageId(), said.contents()))
                .toList();
    }

    private static String talkIn(String room) {
        return "talk/" + room;
    }

    private static String presenceIn(String room) {
        return "presence/" + room;
    }

    // ---- talking

    private void say(CometClient client, ClientMessage message) {
        Say request = message.contents(Say.class);
        String room = roomOf(client, request.room());
        comet.sendToGroup(
                talkIn(room),
                "chat.said",
                new Said(room, Person.of(client), text(request.text()), key(request.key()), now()));
    }

    /** To both under one id: the sender sees it where the server put it, as with a room. */
    private void whisper(CometClient client, ClientMessage message) {
        Whisper request = message.contents(Whisper.class);
        CometClient other = other(request.to());
        comet.sendMessage(
                List.of(other.publicToken(), client.publicToken()),
                "chat.whispered",
                new Whispered(
                        Person.of(client),
                        Person.of(other),
                        text(request.text()),
                        key(request.key()),
                        now()));
    }

    private void typing(CometClient client, ClientMessage message) {
        Type request = message.contents(Type.class);
        Person person = Person.of(client);
        if (request.room() == null) {
            comet.sendMessage(
                    other(request.to()).publicToken(), "chat.typing", new Presence(null, person));
        } else {
            String room = roomOf(client, request.room());
            comet.sendToGroupBut(
                    presenceIn(room), person.token(), "chat.typing", new Presence(room, person));
        }
    }

    // ---- rules

    private CometClient other(@Nullable String token) {
        if (token == null) {
            throw Names.refused("nobody is named");
        }
        return comet.findCometClient(token).orElseThrow(() -> Names.refused(token + " is not here"));
    }

    /** A room that the client is in. */
    private String roomOf(CometClient client, @Nullable String name) {
        String room = Names.room(name);
        if (!comet.groupMembers(talkIn(room)).contains(client)) {
            throw Names.refused("you are not in " + room + "; join it first");
        }
        return room;
    }

    private static String text(@Nullable String text) {
        if (text == null || text.isBlank() || text.length() > MAX_TEXT) {
            throw Names.refused("a message has 1 to " + MAX_TEXT + " characters");
        }
        return text;
    }

    private static String key(@Nullable String key) {
        if (key == null || key.isBlank() || key.length() > MAX_KEY) {
            throw Names.refused("a message's key has 1 to " + MAX_KEY + " characters");
        }
        return key;
    }

    private static long now() {
        return System.currentTimeMillis();
    }
}
