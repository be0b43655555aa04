package dev.comet;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The provider, as everybody asks it: the calls that applications and transports make, and the
 * reads of those who hold requests. What goes wrong with it is a {@link CometException}, and
 * counted.
 *
 * <p>Safe for use by any number of threads.
 */
final class Store {

    private final ICometStateProvider provider;
    private final CometLimits limits;
    private final Counters counters;
    private final Executor threads;
    private final boolean readsFromMemory;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * @param threads runs what reads the provider on behalf of a wait thread, unless that answers
     *     from memory
     */
    Store(ICometStateProvider provider, CometLimits limits, Counters counters, Executor threads) {
        this.provider = provider;
        this.limits = limits;
        this.counters = counters;
        this.readsFromMemory = provider.readsFromMemory();
        this.threads = readsFromMemory ? Runnable::run : threads;
    }

    // ---- calls of the application and of transports

    /**
     * @throws CometException CLOSED, counted, once {@link #close} was called
     */
    void requireOpen() {
        if (closed.get()) {
            throw counters.refused(CometException.closed());
        }
    }

    /**
     * A call from outside: refused when the manager is closed, what goes wrong with the store is a
     * {@link CometException}, and every refusal is counted.
     */
    <T> T call(Supplier<T> call) {
        requireOpen();
        try {
            return call.get();
        } catch (CometException e) {
            throw counters.refused(e);
        } catch (RuntimeException e) {
            throw counters.refused(unavailable(e));
        }
    }

    /**
     * The client that has this private token. Within {@link #call}.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometClient byPrivateToken(String privateToken) {
        CometClient client = provider.findClientByPrivateToken(privateToken);
        if (client == null) {
            throw CometException.unknownClient();
        }
        return client;
    }

    /**
     * The client that has this public token. Within {@link #call}.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometClient byPublicToken(String publicToken) {
        CometClient client = provider.findClientByPublicToken(publicToken);
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

    // ---- reads for who holds a request or a stream

    /** For what is asked on a thread that may block. */
    ICometStateProvider provider() {
        return provider;
    }

    /** Whether what reads it may do so on any thread. */
    boolean readsFromMemory() {
        return readsFromMemory;
    }

    /** Has the task run where it may block; at once, if it need not. */
    void onItsThread(Runnable task) {
        threads.execute(task);
    }

    /** Confirms what is up to the cursor, and reads what is above it for one answer. */
    CometBatch read(CometClient client, long cursor) {
        return read(client, cursor, limits.maxBytesPerAnswer());
    }

    /** As {@link #read}, without waiting; null if it cannot be done so. */
    @Nullable CometBatch readNow(CometClient client, long cursor) {
        return asked(
                () ->
                        provider.getMessagesNow(
                                client,
                                cursor,
                                limits.maxMessagesPerAnswer(),
                                limits.maxBytesPerAnswer()));
    }

    /** As {@link #read}, for one write of a stream. */
    CometBatch readForStream(CometClient client, long cursor) {
        return read(client, cursor, limits.maxBytesPerWrite());
    }

    private CometBatch read(CometClient client, long cursor, int maxBytes) {
        return asked(
                () ->
                        provider.getMessages(
                                client, cursor, limits.maxMessagesPerAnswer(), maxBytes));
    }

    /** Reads, for one write of a stream, what is above what the stream has carried already. */
    CometBatch readOn(CometClient client, long delivered) {
        return asked(
                () ->
                        provider.peekMessages(
                                client,
                                delivered,
                                limits.maxMessagesPerAnswer(),
                                limits.maxBytesPerWrite()));
    }

    <T extends @Nullable Object> T asked(Supplier<T> call) {
        try {
            return call.get();
        } catch (CometException e) {
            throw e;
        } catch (Throwable e) {
            throw unavailable(e);
        }
    }

    /** For those who have waited in vain for it to be back. */
    static CometException isAway() {
        return new CometException(
                CometException.Reason.PROVIDER_UNAVAILABLE, "the store failed; try again later");
    }

    CometException unavailable(Throwable cause) {
        counters.providerFailures.increment();
        return new CometException(
                CometException.Reason.PROVIDER_UNAVAILABLE,
                "the store failed; try again later",
                cause);
    }
}
