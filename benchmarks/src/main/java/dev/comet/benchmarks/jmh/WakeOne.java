package dev.comet.benchmarks.jmh;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One whole cycle of a poll: a message to a client whose request is held, the wait thread answers
 * it, the client subscribes again. The clients take turns, so that the request that is woken has
 * long been held and is not found by its own registration.
 */
@State(Scope.Benchmark)
public class WakeOne {

    private static final int CLIENTS = 64;
    private static final Consumer<CometAnswer> SINK = answer -> {};

    private final CometClient[] clients = new CometClient[CLIENTS];
    private final CometAsyncResult[] held = new CometAsyncResult[CLIENTS];
    private CometStateManager comet;
    private int turn;

    @Setup
    public void holdAll() {
        comet = Fixture.manager();
        for (int i = 0; i < CLIENTS; i++) {
            clients[i] = Fixture.client(comet);
            hold(i, 0);
        }
    }

    private void hold(int i, long cursor) {
        held[i] = comet.endpoint().beginSubscribe(clients[i].privateToken(), cursor, null, 0);
        held[i].whenCompleted(SINK);
    }

    @Benchmark
    public void sendAnswerSubscribe() {
        int i = turn;
        turn = (i + 1) % CLIENTS;
        long id = comet.sendMessage(clients[i].publicToken(), Fixture.NAME, Fixture.PAYLOAD);
        while (!held[i].isCompleted()) {
            Thread.onSpinWait();
        }
        if (held[i].answer().batch().cursor() != id) {
            throw new IllegalStateException(held[i].answer() + " instead of message " + id);
        }
        hold(i, id);
    }

    @TearDown
    public void close() {
        comet.close();
    }
}
