package dev.comet.examples.chat;

import dev.comet.CometClock;
import dev.comet.inproc.InProcCometStateProvider;
import java.time.Duration;

/** The chat as most tests have it: it takes no time to send people away when it stops. */
final class ChatOnLoopback {

    private ChatOnLoopback() {}

    /**
     * Opens the chat.
     *
     * @param port 0 for any that is free
     */
    static ChatServer start(int port) throws Exception {
        return ChatServer.start(
                "127.0.0.1",
                port,
                new InProcCometStateProvider(),
                CometClock.system(),
                Duration.ZERO);
    }
}
