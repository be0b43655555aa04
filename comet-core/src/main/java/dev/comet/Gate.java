package dev.comet;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * What calls from outside pass: refused when the manager is closed, what goes wrong with the store
 * is a {@link CometException}, and refusals are counted.
 *
 * <p>Safe for use by any number of threads.
 */
final class Gate {

    private final Store store;
    private final Counters counters;
    private final AtomicBoolean closed = new AtomicBoolean();

    Gate(Store store, Counters counters) {
        this.store = store;
        this.counters = counters;
    }

    void requireOpen() {
        if (closed.get()) {
            throw counters.refused(CometException.closed());
        }
    }

    <T> T pass(Supplier<T> call) {
        requireOpen();
        try {
            return call.get();
        } catch (CometException e) {
            throw counters.refused(e);
        } catch (RuntimeException e) {
            throw counters.refused(store.unavailable(e));
        }
    }

    /**
     * The client that has this private token.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometClient requireClient(String privateToken) {
        CometClient client = pass(() -> store.provider().findClientByPrivateToken(privateToken));
        if (client == null) {
            throw CometException.unknownClient();
        }
        return client;
    }

    boolean isClosed() {
        return closed.get();
    }

    /** Returns whether this call did it. */
    boolean close() {
        return closed.compareAndSet(false, true);
    }
}
