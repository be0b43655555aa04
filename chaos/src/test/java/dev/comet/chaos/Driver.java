package dev.comet.chaos;

import dev.comet.Audience;
import dev.comet.chaos.Session.Leaving;
import dev.comet.client.CometTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Decides what is done next: by whom, at which node, to whom. For one thread. */
final class Driver {

    private static final long STEP_NANOS = TimeUnit.SECONDS.toNanos(1) / 150;
    private static final long SHORTEST_VISIT_MILLIS = 3_000;
    private static final int VISIT_MILLIS = 9_000;

    private final Judge judge;
    private final Nodes nodes;
    private final List<Slot> slots;
    private final Random random;
    private long keys;
    private int nextToConnect;

    Driver(Judge judge, Nodes nodes, List<Slot> slots, Random random) {
        this.judge = judge;
        this.nodes = nodes;
        this.slots = slots;
        this.random = random;
    }

    /** Goes on until then. */
    void drive(long untilNanos) {
        long due = System.nanoTime();
        while (due - untilNanos < 0) {
            look(true);
            act();
            due += STEP_NANOS;
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    /** At a few slots: who is to connect and, if so wished, which visitor is to leave. */
    void look(boolean visitorsLeave) {
        for (int i = 0; i < 8; i++) {
            Slot slot = slots.get(nextToConnect++ % slots.size());
            if (slot.dueNanos - System.nanoTime() > 0 || slot.connecting) {
                continue;
            }
            Session there = slot.there();
            if (slot.session == null) {
                slot.connecting = true;
                slot.dueNanos =
                        System.nanoTime()
                                + TimeUnit.MILLISECONDS.toNanos(
                                        SHORTEST_VISIT_MILLIS + random.nextInt(VISIT_MILLIS));
                slot.clients.connect(slot, transport());
            } else if (visitorsLeave && slot.visitor && there != null) {
                sendAway(there);
            }
        }
    }

    private CometTransport transport() {
        CometTransport[] all = CometTransport.values();
        return all[random.nextInt(all.length)];
    }

    /** In one of three ways. */
    void sendAway(Session session) {
        Slot slot = session.slot;
        int way = random.nextInt(3);
        if (way == 0) {
            String key = newKey();
            judge.sessions.leaves(session, Leaving.PERHAPS);
            nodes.any(random)
                    .tell(
                            "end " + key + " " + session.token,
                            key,
                            () -> judge.ended(session.token, false));
            return;
        }
        if (!slot.free(session)) {
            return; // it has just become another one
        }
        judge.sessions.leaves(session, Leaving.SURELY);
        if (way == 1) {
            slot.clients.disconnect(slot);
        } else {
            slot.clients.walkAway(slot);
        }
    }

    private void act() {
        int what = random.nextInt(100);
        Session one = anybody();
        if (one == null) {
            return;
        }
        if (what < 45) {
            send("one", one.token, new Audience.Recipients(List.of(one.token)));
        } else if (what < 53) {
            sendToSeveral();
        } else if (what < 60) {
            String group = random.nextBoolean() ? one.slot.group : one.slot.room;
            send("group", group, new Audience.Group(group, null));
        } else if (what < 61) {
            sendToAll();
        } else if (what < 62) {
            send("but", one.token, new Audience.Everyone(one.token));
        } else if (what < 72) {
            changeRoom(one);
        } else if (what < 80) {
            String key = newKey();
            judge.requests.serverAsks(key, one.token);
            nodes.any(random)
                    .tell("request " + key + " " + one.token, key, () -> judge.requests.lost(key));
        } else if (what < 85) {
            String key = newKey();
            judge.requests.clientAsks(key, null);
            one.slot.clients.echo(one.slot, key);
        } else if (what < 92) {
            Session other = anybody();
            if (other != null) {
                String key = newKey();
                judge.requests.clientAsks(key, other.token);
                one.slot.clients.ask(one.slot, key, other.token);
            }
        } else {
            one.slot.clients.use(one.slot, transport());
        }
    }

    private @Nullable Session anybody() {
        return slots.get(random.nextInt(slots.size())).there();
    }

    private String newKey() {
        return Long.toString(++keys);
    }

    private String send(String kind, String to, Audience audience) {
        String key = newKey();
        judge.sends.begins(key, audience);
        nodes.any(random)
                .tell(
                        kind + " " + key + " " + to,
                        key,
                        () -> {
                            // Nobody knows whether it was accepted.
                        });
        return key;
    }

    private void sendToSeveral() {
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Session one = anybody();
            if (one != null && !tokens.contains(one.token)) {
                tokens.add(one.token);
            }
        }
        if (!tokens.isEmpty()) {
            send("several", String.join(",", tokens), new Audience.Recipients(tokens));
        }
    }

    /** Returns its key. */
    String sendToAll() {
        return send("all", "-", new Audience.Everyone(null));
    }

    private void changeRoom(Session session) {
        if (session.changing) {
            return;
        }
        String key = newKey();
        String step = session.inRoom ? "leave" : "join";
        if (session.inRoom) {
            Audience own = new Audience.Recipients(List.of(session.token));
            judge.sends.begins(Rooms.before(key), own);
            judge.sends.begins(Rooms.after(key), own);
        }
        judge.rooms.begins(key, session);
        nodes.any(random)
                .tell(
                        step + " " + key + " " + session.token + " " + session.slot.room,
                        key,
                        () -> judge.rooms.unknown(key));
    }
}
