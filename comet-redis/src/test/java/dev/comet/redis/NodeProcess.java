package dev.comet.redis;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.time.Duration;

/**
 * A node in a process of its own, to be killed: it holds a poll of a client of its own, and sends
 * to one of another node for as long as it lives. What was accepted it says, a line each.
 */
final class NodeProcess {

    private NodeProcess() {}

    /**
     * Begins to send.
     *
     * @param args where Redis is, the namespace, the public token of the receiver
     */
    public static void main(String[] args) {
        CometStateManager manager =
                CometStateManager.builder(
                                RedisCometStateProvider.builder()
                                        .uri(args[0])
                                        .namespace(args[1])
                                        .lease(Duration.ofSeconds(1))
                                        .build())
                        .build();
        CometClient own =
                manager.initializeClient(
                        CometClient.builder()
                                .publicToken("of-the-process")
                                .privateToken("secret-of-the-process")
                                .connectionIdleSeconds(2)
                                .connectionTimeoutSeconds(2)
                                .build());
        manager.endpoint().beginSubscribe(own.privateToken(), 0, null, 0);
        while (true) {
            System.out.println(manager.sendMessage(args[2], "n", 1));
        }
    }
}
