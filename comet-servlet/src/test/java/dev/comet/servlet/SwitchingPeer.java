package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.servlet.ServletRig.Answer;
import dev.comet.servlet.StreamPeer.Event;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;

/**
 * A client that is sent messages while it changes between stream and poll, sometimes without
 * waiting for the older one to end, and confirms now and then; it checks that each comes once.
 */
final class SwitchingPeer implements Callable<Void> {

    private final ServletRig rig;
    private final CometClient client;
    private final int rounds;
    private final Random random;
    private int sent;
    private int seen;
    private long cursor;

    SwitchingPeer(ServletRig rig, CometClient client, int rounds, long seed) {
        this.rig = rig;
        this.client = client;
        this.rounds = rounds;
        this.random = new Random(seed);
    }

    @Override
    public Void call() throws Exception {
        for (int round = 0; round < rounds; round++) {
            if (random.nextBoolean()) {
                stream();
            } else {
                poll();
            }
        }
        while (seen < sent) {
            take(rig.poll(client, "?hold=0&lastMessageId=" + cursor));
        }
        return null;
    }

    private void send() {
        rig.comet.sendMessage(client.publicToken(), client.publicToken(), sent++);
    }

    private void stream() throws Exception {
        StreamPeer stream = rig.stream(client, cursor);
        try {
            for (int i = random.nextInt(4); i > 0; i--) {
                LockSupport.parkNanos(random.nextInt(1_000_000));
                send();
            }
            if (random.nextBoolean()) {
                stream.awaitMessages(sent - seen);
            }
            for (Event event : stream.events()) { // what has come by now; the rest comes again
                take(event.message());
            }
            if (random.nextInt(4) == 0 && cursor > 0) {
                rig.comet.confirm(client.privateToken(), cursor);
            }
        } finally {
            if (random.nextBoolean()) {
                stream.close();
            }
        }
    }

    private void poll() throws Exception {
        CompletableFuture<Answer> poll = rig.begin(client, "?hold=5&lastMessageId=" + cursor);
        LockSupport.parkNanos(random.nextInt(1_000_000));
        send();
        take(poll.get(30, TimeUnit.SECONDS));
    }

    private void take(Answer answer) throws ExecutionException {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        for (JsonNode message : answer.json()) {
            take(message);
        }
    }

    private void take(JsonNode message) {
        long id = message.path("id").longValue();
        String name = message.path("name").asString();
        if (id > cursor) {
            assertThat(name).isEqualTo(client.publicToken());
            assertThat(message.path("contents").intValue()).isEqualTo(seen);
            seen++;
            cursor = id;
        } else if (message.path("contents").has("lastMessageId")) {
            cursor = Math.max(cursor, message.path("contents").path("lastMessageId").longValue());
        } else {
            assertThat(name).isEqualTo("comet.cursor");
        }
    }
}
