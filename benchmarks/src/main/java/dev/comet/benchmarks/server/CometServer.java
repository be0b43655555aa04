package dev.comet.benchmarks.server;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.CometServlet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Comet with its defaults, but for how long it holds and how often a client may send. */
final class CometServer implements PushServer {

    private static final int SECONDS = 600;
    private static final int SENDS_PER_SECOND = 100_000;

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider()).build();
    private final Map<String, String> rooms = new ConcurrentHashMap<>();
    private final int port;

    CometServer(Containers container) throws Exception {
        port =
                container.start(
                        new CometServlet(
                                comet,
                                app ->
                                        app.sendsPerClient(SENDS_PER_SECOND, SENDS_PER_SECOND)
                                                .sendsPerAddress(SENDS_PER_SECOND, SENDS_PER_SECOND)
                                                .on(
                                                        "bench",
                                                        (client, message) ->
                                                                comet.sendToGroup(
                                                                        rooms.get(
                                                                                client
                                                                                        .publicToken()),
                                                                        "bench",
                                                                        message.contents()))));
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public List<String> newClients(List<String> roomNames) {
        List<String> tokens = new ArrayList<>();
        for (String room : roomNames) {
            CometClient client =
                    comet.initializeClient(
                            CometClient.builder()
                                    .displayName("bench")
                                    .connectionTimeoutSeconds(SECONDS)
                                    .connectionIdleSeconds(SECONDS)
                                    .build());
            if (!room.isEmpty()) {
                comet.joinGroup(client, room);
                rooms.put(client.publicToken(), room);
            }
            tokens.add(client.privateToken());
        }
        return tokens;
    }

    @Override
    public void broadcast(String payload) {
        comet.sendToAll("bench", payload);
    }
}
