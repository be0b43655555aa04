package dev.comet.examples.chat;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometStateManager;
import dev.comet.http.ClientMessage;
import dev.comet.http.CometApplication;
import dev.comet.http.ConnectRequest;
import java.util.List;
import java.util.Locale;
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
 * <p><b>Rooms.</b> Who is not in a room neither reads, writes nor types in it. Everybody is in the
 * lobby.
 */
final class Chat implements CometClientEventHandler {

    private static final int MAX_TEXT = 2_000;
    private static final int MAX_KEY = 64;
    private static final int HISTORY = 50;

    private final CometStateManager comet;

    private final Lookalikes lookalikes;
    private final Rooms rooms;

    Chat(CometStateManager comet) {
        this.comet = comet;
        this.lookalikes = new Lookalikes(comet);
        this.rooms = new Rooms(comet);
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

    /**
     * @param to a nickname
     */
    record Whisper(@Nullable String to, @Nullable String text, @Nullable String key) {}

    /**
     * In a room, or to somebody in private.
     *
     * @param to a nickname
     */
    record Type(@Nullable String room, @Nullable String to) {}

    // ---- what clients get

    /**
     * @param token the nickname in lower case, which nobody has twice
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
        String token = token(nickname);
        lookalikes.find(nickname, token).ifPresent(other -> refuse(nickname, other));
        String secret = request.text("secret", "");
        // A page whose connect was answered, but not heard, asks again: it gets its nickname back.
        comet.findClientByPublicToken(token)
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

    private static String token(String nickname) {
        return nickname.toLowerCase(Locale.ROOT);
    }

    /** Only now is it certain that the nickname is the newcomer's. */
    private void welcome(CometClient client) {
        lookalikes.add(client).ifPresent(other -> refuse(client.displayName(), other));
    }

    private static void refuse(String nickname, CometClient other) {
        throw Names.refused(
                "“%s” looks like “%s”, who is here; choose another nickname"
                        .formatted(nickname, other.displayName()));
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
        long joined = rooms.enter(client, room);
        comet.sendToGroup(
                Rooms.presenceIn(room), "room.joined", new Presence(room, Person.of(client)));
        long upTo = request.upTo() == null ? joined : Math.max(joined, request.upTo());
        return new Room(room, people(room), history(room, upTo));
    }

    private void leave(CometClient client, ClientMessage message) {
        String room = rooms.requireIn(client, message.contents(Leave.class).room());
        if (room.equals(Rooms.LOBBY)) {
            throw Names.refused("everybody is in the lobby; leave the chat instead");
        }
        if (rooms.exit(client, room)) {
            comet.sendToGroup(
                    Rooms.presenceIn(room), "room.left", new Presence(room, Person.of(client)));
        }
    }

    private List<OpenRoom> openRooms() {
        return rooms.names().stream()
                .map(room -> new OpenRoom(room, rooms.people(room).size()))
                .filter(room -> room.people() > 0)
                .toList();
    }

    private List<Person> people(String room) {
        return rooms.people(room).stream().map(Person::of).toList();
    }

    private List<Past> history(String room, long upTo) {
        return rooms.history(room, upTo, HISTORY).stream()
                .map(said -> new Past(said.messageId(), said.contents()))
                .toList();
    }

    // ---- talking

    private void say(CometClient client, ClientMessage message) {
        Say request = message.contents(Say.class);
        String room = rooms.requireIn(client, request.room());
        comet.sendToGroup(
                Rooms.talkIn(room),
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
            String room = rooms.requireIn(client, request.room());
            comet.sendToGroupExcept(
                    Rooms.presenceIn(room),
                    person.token(),
                    "chat.typing",
                    new Presence(room, person));
        }
    }

    // ---- rules

    private CometClient other(@Nullable String nickname) {
        if (nickname == null) {
            throw Names.refused("nobody is named");
        }
        return comet.findClientByPublicToken(token(nickname))
                .orElseThrow(() -> Names.refused(nickname + " is not here"));
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
