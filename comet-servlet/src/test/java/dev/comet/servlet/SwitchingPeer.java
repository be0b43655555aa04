package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.servlet.ServletRig.Answer;
import dev.comet.servlet.StreamPeer.Event;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
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
    private final NumberedMessages messages;
    private int sent;

    SwitchingPeer(ServletRig rig, CometClient client, int rounds, long seed) {
        this.rig = rig;
        this.client = client;
        this.rounds = rounds;
        this.messages = new NumberedMessages(client);
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
        while (messages.seen() < sent) {
            take(rig.poll(client, "?hold=0&lastMessageId=" + messages.cursor()));
        }
        return null;
    }

    private void send() {
        rig.comet.sendMessage(client.publicToken(), client.publicToken(), sent++);
    }

    private void stream() throws Exception {
        StreamPeer stream = rig.stream(client, messages.cursor());
        try {
            for (int i = random.nextInt(4); i > 0; i--) {
                LockSupport.parkNanos(random.nextInt(1_000_000));
                send();
            }
            if (random.nextBoolean()) {
                stream.awaitMessages(sent - messages.seen());
            }
            for (Event event : stream.events()) { // what has come by now; the rest comes again
                take(event.message());
            }
            if (random.nextInt(4) == 0 && messages.cursor() > 0) {
                rig.comet.endpoint().confirm(client.privateToken(), messages.cursor());
            }
        } finally {
            if (random.nextBoolean()) {
                stream.close();
            }
        }
    }

    private void poll() throws Exception {
        CompletableFuture<Answer> poll =
                rig.begin(client, "?hold=5&lastMessageId=" + messages.cursor());
        LockSupport.parkNanos(random.nextInt(1_000_000));
        send();
        take(poll.get(30, TimeUnit.SECONDS));
    }

    private void take(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        answer.json().forEach(this::take);
    }

    private void take(JsonNode message) {
        long id = message.path("id").longValue();
        assertThat(id == 0 || id > messages.cursor()).as("once: %s", message).isTrue();
        messages.take(message, "comet.cursor");
    }
}
