package dev.comet.benchmarks.jmh;

import dev.comet.CometAnswer;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.time.Duration;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A poll that is answered at once, with messages that wait already: read and returned; what its
 * bytes are is comet-http's business, and not measured here. The clients ask again and again with
 * the same cursor, which finds the same messages.
 *
 * <p>The two methods differ in whether what was read last can be used again.
 */
@State(Scope.Benchmark)
public class PollThatFinds {

    @Param({"1", "10", "100"})
    public int messages;

    private CometStateManager comet;
    private CometClient one;
    private CometClient other;
    private long cursor;
    private boolean turn;

    @Setup
    public void send() {
        comet = Fixture.manager();
        one = Fixture.client(comet);
        other = Fixture.client(comet);
        cursor = comet.confirmedMessageId(one);
        for (int i = 0; i < messages; i++) {
            comet.sendMessage(one.publicToken(), Fixture.NAME, Fixture.PAYLOAD);
            comet.sendMessage(other.publicToken(), Fixture.NAME, Fixture.PAYLOAD);
        }
    }

    /** Two clients that have different messages take turns: each batch is read anew. */
    @Benchmark
    public CometAnswer ownMessages() {
        turn = !turn;
        return poll(turn ? one : other);
    }

    /** The same messages as in the answer before, as after a broadcast. */
    @Benchmark
    public CometAnswer sharedMessages() {
        return poll(one);
    }

    private CometAnswer poll(CometClient client) {
        CometAnswer answer =
                comet.endpoint()
                        .beginSubscribe(client.privateToken(), cursor, Duration.ZERO, 0)
                        .answer();
        if (answer.batch().messages().size() != messages) {
            throw new IllegalStateException(answer + " instead of " + messages + " messages");
        }
        return answer;
    }

    @TearDown
    public void close() {
        comet.close();
    }
}
