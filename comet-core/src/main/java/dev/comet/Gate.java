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
     * The client that has this private token. Within {@link #pass}.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometClient byPrivateToken(String privateToken) {
        CometClient client = store.provider().findClientByPrivateToken(privateToken);
        if (client == null) {
            throw CometException.unknownClient();
        }
        return client;
    }

    /**
     * The client that has this public token. Within {@link #pass}.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometClient byPublicToken(String publicToken) {
        CometClient client = store.provider().findClientByPublicToken(publicToken);
        if (client == null) {
            // Not shown: what nobody has as a public token may be somebody's private one.
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST, "no client has this public token");
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
