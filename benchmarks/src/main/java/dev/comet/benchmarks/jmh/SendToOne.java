package dev.comet.benchmarks.jmh;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.time.Duration;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A message to one client that does not wait. Every so often the client confirms what it was sent,
 * so that its log stays small; that part is included.
 */
@State(Scope.Benchmark)
public class SendToOne {

    private static final int MOST_UNCONFIRMED = 50;

    private CometStateManager comet;
    private CometClient client;
    private int unconfirmed;

    @Setup
    public void start() {
        comet = Fixture.manager();
        client = Fixture.client(comet);
    }

    @Benchmark
    public long send() {
        long id = comet.sendMessage(client.publicToken(), Fixture.NAME, Fixture.PAYLOAD);
        if (++unconfirmed == MOST_UNCONFIRMED) {
            unconfirmed = 0;
            comet.endpoint().beginSubscribe(client.privateToken(), id, Duration.ZERO, 0);
        }
        return id;
    }

    @TearDown
    public void close() {
        comet.close();
    }
}
