package dev.comet.benchmarks.jmh;

import dev.comet.CometAnswer;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One message to everyone while everyone's request is held: sent, answered to all, and all have
 * subscribed again.
 */
@State(Scope.Benchmark)
public class Broadcast {

    @Param({"1000", "10000"})
    public int receivers;

    private final AtomicInteger received = new AtomicInteger();
    private final Consumer<CometAnswer> sink =
            answer -> received.addAndGet(answer.batch().messages().size());
    private CometStateManager comet;
    private CometClient[] clients;

    @Setup
    public void holdAll() {
        comet = Fixture.manager();
        clients = new CometClient[receivers];
        for (int i = 0; i < receivers; i++) {
            clients[i] = Fixture.client(comet);
        }
        subscribeAll(0);
    }

    private void subscribeAll(long cursor) {
        for (CometClient client : clients) {
            comet.endpoint()
                    .beginSubscribe(client.privateToken(), cursor, null, 0)
                    .whenCompleted(sink);
        }
    }

    @Benchmark
    public void sendAnswerSubscribe() {
        received.set(0);
        long id = comet.sendToAll(Fixture.NAME, Fixture.PAYLOAD);
        while (received.get() < receivers) {
            Thread.onSpinWait();
        }
        subscribeAll(id);
    }

    @TearDown
    public void close() {
        comet.close();
    }
}
