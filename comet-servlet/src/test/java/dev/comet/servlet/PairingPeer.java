package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.testkit.ManualClock;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends two requests of one client at the same moment over two connections, and has the client end
 * in one of many ways just then; again and again, with a new client each time. Each connection also
 * carries sends of another client, right behind such a request.
 */
final class PairingPeer implements Callable<Void> {

    private final ServletRig rig;
    private final ManualClock clock;
    private final String name;
    private final int pairs;
    private final Random random;
    private final Connection[] connections = new Connection[3];
    private final Map<String, Integer> ends = new TreeMap<>();
    private int nonces;

    /** What a pair meets. */
    private enum Meets {
        NOTHING,
        DISCONNECT_BY_THE_SERVER,
        DISCONNECT_BY_THE_CLIENT,
        IDLE_KILL,
        MESSAGE,
        RESET_OF_ITS_CONNECTION
    }

    /** One that is kept alive, and whom its sends are from. */
    private record Connection(RawPeer peer, CometClient sender) {}

    PairingPeer(ServletRig rig, ManualClock clock, String name, int pairs, long seed)
            throws IOException {
        this.rig = rig;
        this.clock = clock;
        this.name = name;
        this.pairs = pairs;
        this.random = new Random(seed);
        for (int i = 0; i < connections.length; i++) {
            connections[i] =
                    new Connection(
                            new RawPeer(rig.container.port()),
                            rig.client(name + "-sender-" + i, 20, 86_400));
        }
    }

    /** How the answers of pairs ended, and how often. */
    Map<String, Integer> ends() {
        return ends;
    }

    @Override
    public Void call() throws Exception {
        for (int pair = 0; pair < pairs; pair++) {
            Meets meets = Meets.values()[random.nextInt(Meets.values().length)];
            meet(name + "-" + pair, meets);
        }
        for (Connection connection : connections) {
            connection.peer.close();
        }
        return null;
    }

    private void meet(String token, Meets meets) throws Exception {
        CometClient client = rig.client(token, 20, meets == Meets.IDLE_KILL ? 1 : 86_400);
        boolean[] streams = {random.nextInt(4) != 0, random.nextInt(4) != 0};
        String[] nonces = {nonce(), nonce(), nonce()};
        if (meets == Meets.NOTHING && random.nextBoolean()) {
            rig.comet.sendMessage(token, "own", token);
        }
        for (int i = 0; i < 2; i++) {
            connections[i].peer.send(
                    asking(client, streams[i]) + sending(connections[i].sender, nonces[i]));
        }
        String ending =
                meets == Meets.DISCONNECT_BY_THE_CLIENT ? "POST /app/comet/disconnect" : null;
        connections[2].peer.send(
                (ending == null ? "" : RawPeer.head(ending, bearer(client), "Content-Length: 0"))
                        + sending(connections[2].sender, nonces[2]));
        pause();
        switch (meets) {
            case DISCONNECT_BY_THE_SERVER -> rig.comet.disconnect(client);
            case IDLE_KILL -> clock.advance(Duration.ofSeconds(2));
            case MESSAGE -> rig.comet.sendMessage(token, "own", token);
            case RESET_OF_ITS_CONNECTION -> connections[0].peer.reset();
            case NOTHING, DISCONNECT_BY_THE_CLIENT -> {}
        }
        pause();
        if (ending != null) {
            assertThat(connections[2].peer.read().status()).isIn(204, 404);
        }
        isReply(connections[2], nonces[2]);
        rig.comet.disconnect(client); // who is left is answered too
        for (int i = 0; i < 2; i++) {
            if (i == 0 && meets == Meets.RESET_OF_ITS_CONNECTION) {
                connections[i] =
                        new Connection(new RawPeer(rig.container.port()), connections[i].sender);
            } else {
                RawPeer.Response answer = connections[i].peer.read();
                String end =
                        streams[i]
                                ? OwnAnswer.ofStream(client, answer)
                                : OwnAnswer.ofPoll(client, answer);
                ends.merge((streams[i] ? "stream " : "poll ") + end, 1, Integer::sum);
                isReply(connections[i], nonces[i]);
            }
        }
    }

    private String nonce() {
        return name + "-nonce-" + ++nonces;
    }

    private void pause() {
        LockSupport.parkNanos(random.nextInt(300_000));
    }

    private static String bearer(CometClient client) {
        return "Authorization: Bearer " + client.privateToken();
    }

    static String asking(CometClient client, boolean stream) {
        return RawPeer.head("GET /app/comet/" + (stream ? "stream" : "poll"), bearer(client));
    }

    private static String sending(CometClient sender, String nonce) {
        String body = "{\"name\":\"echo\",\"contents\":\"" + nonce + "\"}";
        return RawPeer.head(
                        "POST /app/comet/send",
                        bearer(sender),
                        "Content-Type: application/json",
                        "Content-Length: " + body.length())
                + body;
    }

    private static void isReply(Connection connection, String nonce) throws IOException {
        RawPeer.Response answer = connection.peer.read();
        assertThat(answer.text())
                .as("the reply to a send: %s", answer)
                .isEqualTo("\"" + nonce + " for " + connection.sender.publicToken() + "\"");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.headers().get("Content-Type")).isEqualTo("application/json");
    }
}
