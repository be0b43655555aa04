package dev.comet.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What becomes of messages and requests to the server. */
class SendingTest {

    private final World world = new World();

    static final class Unwritable {
        @SuppressWarnings("unused")
        public String getText() {
            return List.of("").get(1);
        }
    }

    @Test
    @DisplayName("M10 a request is answered at once, or by a message, or not in time")
    void request_everyOutcome_isOne() {
        Comet comet = world.connected();
        World.Asked held = world.last();
        CompletableFuture<JsonNode> atOnce = request(comet);
        world.last().json("7");
        assertThat(atOnce.join().intValue()).isEqualTo(7);

        CompletableFuture<JsonNode> later = request(comet);
        String id = world.last().body().path("correlationId").asString();
        world.last().empty(202);
        CompletableFuture<JsonNode> refused = request(comet);
        String refusedId = world.last().body().path("correlationId").asString();
        world.last().fail(); // and yet it was handled
        CompletableFuture<JsonNode> never = request(comet);
        world.last().empty(202);
        held.json(
                "[{\"id\":11,\"name\":\"comet.reply\",\"correlationId\":\"%s\",\"contents\":8},"
                                .formatted(id)
                        + "{\"id\":12,\"name\":\"comet.refused\",\"correlationId\":\"%s\",\"contents\":{\"code\":\"refused\",\"reason\":\"no\"}}]"
                                .formatted(refusedId));
        assertThat(later.join().intValue()).isEqualTo(8);
        assertThat(code(refused)).isEqualTo("refused");
        assertThat(comet.lastMessageId()).isEqualTo(12);
        assertThat(world.seen.log).isEmpty();
        world.advance(5_000);
        assertThat(code(never)).isEqualTo("timed-out");

        CompletableFuture<JsonNode> closed = request(comet);
        world.last().empty(202);
        comet.close();
        assertThat(code(closed)).isEqualTo("closed");
    }

    private static CompletableFuture<JsonNode> request(Comet comet) {
        CompletionStage<JsonNode> stage = comet.request("ask", 1, Duration.ofSeconds(5));
        return stage.toCompletableFuture();
    }

    private static String code(CompletableFuture<?> future) {
        return future.handle((value, error) -> ((CometClientException) error).code()).join();
    }

    @Test
    @DisplayName("L1 what cannot be written, or has no place to go, is refused here")
    void send_cannotBeSent_failsHere() {
        Comet comet = world.connected();
        int before = world.requests.size();
        assertThat(code(comet.send("n", new Unwritable()).toCompletableFuture()))
                .isEqualTo("parameters-invalid");
        comet.close();
        assertThat(code(comet.send("n", 1).toCompletableFuture())).isEqualTo("closed");
        assertThat(world.requests).hasSize(before);
    }

    @Test
    @DisplayName("L1 an executor that is shut down: what somebody waits for ends all the same")
    void executor_isShutDown_sendsEnd() {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        Comet comet = world.connected(options -> options.executor(executor));
        executor.shutdown();
        CompletableFuture<JsonNode> request = request(comet);
        world.last().json("7");
        assertThat(request.join().intValue()).isEqualTo(7);
        CompletableFuture<JsonNode> late = request(comet);
        world.advance(5_000);
        assertThat(code(late)).isEqualTo("timed-out");
    }
}
