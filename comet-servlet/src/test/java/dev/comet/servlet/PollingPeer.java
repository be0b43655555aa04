package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.servlet.ServletRig.Answer;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A client that is sent a message just when it polls, again and again, so that answers meet
 * requests at every point of their way in; and that sometimes polls again before its last poll was
 * answered.
 */
final class PollingPeer implements Callable<Void> {

    private final ServletRig rig;
    private final CometClient client;
    private final int rounds;
    private final Random random;
    private final NumberedMessages messages;

    PollingPeer(ServletRig rig, CometClient client, int rounds, long seed) {
        this.rig = rig;
        this.client = client;
        this.rounds = rounds;
        this.messages = new NumberedMessages(client);
        this.random = new Random(seed);
    }

    @Override
    public Void call() throws Exception {
        for (int round = 0; round < rounds; round++) {
            CompletableFuture<Answer> poll =
                    rig.begin(client, "?lastMessageId=" + messages.cursor());
            boolean twice = random.nextInt(4) == 0;
            CompletableFuture<Answer> newer =
                    twice ? rig.begin(client, "?lastMessageId=" + messages.cursor()) : poll;
            await(random.nextInt(2_000_000));
            rig.comet.sendMessage(client.publicToken(), client.publicToken(), round);
            take(newer.get(30, TimeUnit.SECONDS));
            take(poll.get(30, TimeUnit.SECONDS));
        }
        while (messages.seen() < rounds) {
            take(rig.poll(client, "?lastMessageId=" + messages.cursor()));
        }
        return null;
    }

    private static void await(long nanos) {
        LockSupport.parkNanos(nanos);
    }

    private void take(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isIn(200, 409);
        answer.json().forEach(message -> messages.take(message, "comet.superseded"));
    }
}
