package dev.comet.testkit;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.internal.SharedStore;
import dev.comet.testkit.internal.SharedStore.Fault;
import java.time.Duration;

/** The contract of nodes, for a store that is right or has one fault. */
abstract class SharedStoreContract extends CometNodesContract {

    private final SharedStore store;

    SharedStoreContract(Fault... faults) {
        store = new SharedStore(new NaiveStateProvider(), faults);
    }

    @Override
    protected ICometStateProvider firstNode() {
        return store.node();
    }

    @Override
    protected ICometStateProvider anotherNode() {
        return store.node();
    }

    @Override
    protected void crash(ICometStateProvider node) {
        ((SharedStore.Node) node).crash();
    }

    @Override
    protected Runnable losesWhatFollows() {
        return store.losesWhatFollows();
    }

    @Override
    protected Duration lease() {
        return Duration.ofNanos(SharedStore.LEASE_NANOS);
    }

    @Override
    protected Duration patience() {
        return Duration.ofMillis(500);
    }
}
