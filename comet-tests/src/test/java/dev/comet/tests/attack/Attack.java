package dev.comet.tests.attack;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;

/** What somebody does who has no account here, or one that anybody can have. */
enum Attack {
    NOTHING("nobody attacks") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            begun.run();
            return Attacker.run(target, time, 1, 1, attacker -> {});
        }
    },

    SLOW_BODIES(
            "500 connections send a body of 5,000 bytes, a byte a second; half of them have a token") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            return SlowBodies.run(target, time, begun);
        }
    },

    JUNK_TOKENS("240 polls a second with tokens that nobody has") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            begun.run();
            return Attacker.run(
                    target, time, 4, 240, attacker -> attacker.ask("poll?hold=0", junk(), "", ""));
        }
    },

    CONNECTS("240 connects a second") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            begun.run();
            return Attacker.run(target, time, 4, 240, Attacker::connect);
        }
    },

    ROOMS(
            "connects, joins 20 rooms, fills each with messages of 50 kB, as fast as it can; connects anew when refused") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            begun.run();
            return Attacker.run(target, time, 4, 0, Attack::fillRooms);
        }
    },

    AMPERSANDS("500 polls a second with 8,000 times & in their bodies") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            String body = "&".repeat(8_000);
            begun.run();
            return Attacker.run(
                    target,
                    time,
                    4,
                    500,
                    attacker ->
                            attacker.ask("poll", "", "application/x-www-form-urlencoded", body));
        }
    },

    SILENT_TARGETS("11 clients ask 11 others, which never reply, as much as they may") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            List<Attacker.Tokens> silent = new ArrayList<>();
            Attacker.run(
                    target,
                    Duration.ofSeconds(1),
                    1,
                    11,
                    attacker -> {
                        Attacker.Tokens tokens = attacker.connect();
                        if (tokens != null) {
                            silent.add(tokens);
                        }
                    });
            begun.run();
            return Attacker.run(target, time, 11, 0, attacker -> askSilent(attacker, silent));
        }
    },

    POLLS("one client polls without waiting, as fast as it can, over 8 connections") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            Attacker.Tokens[] tokens = new Attacker.Tokens[1];
            Attacker.run(
                    target,
                    Duration.ofMillis(100),
                    1,
                    1,
                    attacker -> tokens[0] = attacker.connect());
            begun.run();
            return Attacker.run(
                    target,
                    time,
                    8,
                    0,
                    attacker -> attacker.ask("poll?hold=0", tokens[0].privateToken(), "", ""));
        }
    },

    UNREAD_ANSWERS(
            "20 clients with a megabyte of messages each poll four times over each of 500 connections, and read nothing") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            return UnreadPeers.run(target, time, begun);
        }
    },

    NOISE("broken JSON, replies that nobody waits for, requests without an id, unknown names") {
        @Override
        Map<String, LongAdder> run(Target target, Duration time, Runnable begun) throws Exception {
            begun.run();
            return Attacker.run(target, time, 4, 0, Attack::makeNoise);
        }
    };

    private static final String FIFTY_KILOBYTES = "x".repeat(50_000);

    private final String what;

    Attack(String what) {
        this.what = what;
    }

    String what() {
        return what;
    }

    /**
     * Gets ready, and then attacks for so long.
     *
     * @param begun told in between
     * @return how often each status was the answer
     */
    abstract Map<String, LongAdder> run(Target target, Duration time, Runnable begun)
            throws Exception;

    private static String junk() {
        return "junk-"
                + Long.toHexString(ThreadLocalRandom.current().nextLong())
                + Long.toHexString(ThreadLocalRandom.current().nextLong());
    }

    private static void fillRooms(Attacker attacker) throws IOException, InterruptedException {
        Attacker.Tokens tokens = attacker.connect();
        if (tokens == null) {
            return;
        }
        List<String> rooms = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            rooms.add(junk());
            attacker.ask("send", tokens.privateToken(), message("join", '"' + rooms.get(i) + '"'));
        }
        while (!attacker.isOver()) {
            for (String room : rooms) {
                String contents =
                        "{\"room\":\"" + room + "\",\"text\":\"" + FIFTY_KILOBYTES + "\"}";
                if (attacker.ask("send", tokens.privateToken(), message("say", contents))
                                .statusCode()
                        == 429) {
                    return;
                }
            }
        }
    }

    private static void askSilent(Attacker attacker, List<Attacker.Tokens> silent)
            throws IOException, InterruptedException {
        Attacker.Tokens tokens = attacker.connect();
        while (tokens != null && !attacker.isOver()) {
            String other =
                    silent.get(ThreadLocalRandom.current().nextInt(silent.size())).publicToken();
            String json =
                    "{\"name\":\"ask\",\"contents\":\""
                            + other
                            + "\",\"correlationId\":\""
                            + Long.toHexString(ThreadLocalRandom.current().nextLong())
                            + "\"}";
            if (attacker.ask("send", tokens.privateToken(), json).statusCode() == 429) {
                return;
            }
        }
    }

    private static void makeNoise(Attacker attacker) throws IOException, InterruptedException {
        Attacker.Tokens tokens = attacker.connect();
        for (int i = 0; tokens != null && i < 50 && !attacker.isOver(); i++) {
            attacker.ask("send", tokens.privateToken(), "{\"name\":");
            attacker.ask(
                    "send",
                    tokens.privateToken(),
                    message("ask", '"' + tokens.publicToken() + '"'));
            attacker.ask("send", tokens.privateToken(), message("nobody", "1"));
            attacker.ask(
                    "reply",
                    tokens.privateToken(),
                    "{\"correlationId\":\"nobody\",\"contents\":1}");
        }
    }

    static String message(String name, String contents) {
        return "{\"name\":\"" + name + "\",\"contents\":" + contents + "}";
    }
}
