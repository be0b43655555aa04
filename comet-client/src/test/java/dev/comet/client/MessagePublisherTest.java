package dev.comet.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MessagePublisherTest {

    private final World world = new World();

    /** Asks by hand. */
    private static class Slow implements Flow.Subscriber<CometMessage> {
        final List<String> log = new ArrayList<>();
        Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription s) {
            subscription = s;
        }

        @Override
        public void onNext(CometMessage message) {
            log.add(message.id() > 0 ? "" + message.id() : message.name() + message.contents());
        }

        @Override
        public void onError(Throwable failure) {
            log.add("error " + failure.getMessage());
        }

        @Override
        public void onComplete() {
            log.add("complete");
        }
    }

    private Slow subscriber(Comet comet) {
        Slow slow = new Slow();
        comet.messages().subscribe(slow);
        return slow;
    }

    @Test
    @DisplayName("L1 gets as much as it asks for, in order, and its end after the last")
    void subscriber_asks_getsInOrder() {
        Comet comet = world.connected();
        Slow slow = subscriber(comet);
        world.poll(World.message(11), World.message(12), World.message(13));
        assertThat(slow.log).isEmpty();
        slow.subscription.request(2);
        assertThat(slow.log).containsExactly("11", "12");
        comet.close();
        assertThat(slow.log).hasSize(2);
        slow.subscription.request(1);
        assertThat(slow.log).containsExactly("11", "12", "13", "complete");
        Slow late = subscriber(comet);
        assertThat(late.log).containsExactly("complete");
    }

    @Test
    @DisplayName("L3 when its buffer is full the oldest go, and that is said first")
    void subscriber_tooSlow_isToldWhatItLost() {
        Comet comet = world.connected(options -> options.bufferLimit(2));
        Slow slow = subscriber(comet);
        world.poll(World.message(11));
        world.poll(World.message(12));
        world.poll(World.message(13));
        world.poll(World.message(14));
        slow.subscription.request(10);
        assertThat(slow.log)
                .containsExactly(
                        "comet.gap{\"from\":11,\"to\":12,\"reason\":\"overflow\"}", "13", "14");
        assertThat(world.seen.log).containsExactly("11", "12", "13", "14");
    }

    @Test
    @DisplayName("L3 gaps and lost sessions come in their places; the end says why")
    void subscriber_sessionLost_isTold() {
        Comet comet = world.connected();
        Slow slow = subscriber(comet);
        slow.subscription.request(10);
        world.poll(
                World.message(11),
                World.own("gap", "{\"from\":12,\"to\":13,\"reason\":\"expired\"}"));
        world.last().answer(404, "application/json", World.refusal("client-does-not-exist"));
        assertThat(slow.log)
                .containsExactly(
                        "11",
                        "comet.gap{\"from\":12,\"to\":13,\"reason\":\"expired\"}",
                        "comet.sessionlost{\"previous\":\"pub-1\",\"current\":null}",
                        "error client-does-not-exist: because");
    }

    @Test
    @DisplayName("L1 one that has cancelled, or asks for nothing, gets nothing more")
    void subscriber_cancels_getsNothing() {
        Comet comet = world.connected();
        Slow gone = subscriber(comet);
        Slow wrong = subscriber(comet);
        gone.subscription.request(10);
        gone.subscription.cancel();
        wrong.subscription.request(0);
        world.poll(World.message(11));
        assertThat(gone.log).isEmpty();
        assertThat(wrong.log).containsExactly("error request is 0; ask for at least 1");
    }

    @Test
    @DisplayName("L1 one that throws when it is subscribed gets nothing more, and hurts nobody")
    void subscriber_throwsWhenSubscribed_getsNothing() {
        Comet comet = world.connected();
        Slow broken =
                new Slow() {
                    @Override
                    public void onSubscribe(Flow.Subscription s) {
                        s.request(10);
                        throw new IllegalStateException("broken");
                    }
                };
        comet.messages().subscribe(broken);
        Slow other = subscriber(comet);
        other.subscription.request(10);
        world.poll(World.message(11));
        comet.close();
        assertThat(broken.log).isEmpty();
        assertThat(other.log).containsExactly("11", "complete");
        assertThatThrownBy(() -> comet.messages().subscribe(null))
                .isInstanceOf(NullPointerException.class);
    }
}
