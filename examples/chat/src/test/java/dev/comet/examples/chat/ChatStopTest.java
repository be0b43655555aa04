package dev.comet.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The chat stops while people are there. */
@Timeout(60)
class ChatStopTest {

    @Test
    @DisplayName("L2 a chat that stops tells who has a stream to come back; the fault was an error")
    void close_streamIsOpen_saysReconnect() throws Exception {
        ChatServer server = ChatOnLoopback.start(0);
        CompletableFuture<List<String>> stream = Visitor.named(server, "Ada").stream();
        await().until(() -> server.manager().statistics().held().streams() == 1);

        server.close();

        assertThat(stream.get(20, TimeUnit.SECONDS).toString())
                .contains("comet.reconnect")
                .doesNotContain("comet.error");
    }

    @Test
    @DisplayName("L2 and who polls")
    void close_pollIsHeld_saysReconnect() throws Exception {
        ChatServer server = ChatOnLoopback.start(0);
        Visitor ada = Visitor.named(server, "Ada");
        CompletableFuture<Visitor.Answer> poll = CompletableFuture.supplyAsync(ada::poll);
        await().until(() -> server.manager().statistics().held().polls() == 1);

        server.close();

        Visitor.Answer answer = poll.get(20, TimeUnit.SECONDS);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().findValuesAsString("name")).containsExactly("comet.reconnect");
    }
}
