package dev.comet;

import java.util.function.Supplier;

/**
 * Reads the provider for one client, as much at a time as the limits allow. What goes wrong with
 * the provider is a {@link CometException}, and counted.
 */
final class StoreReader {

    private final ICometStateProvider provider;
    private final CometLimits limits;
    private final Counters counters;

    StoreReader(ICometStateProvider provider, CometLimits limits, Counters counters) {
        this.provider = provider;
        this.limits = limits;
        this.counters = counters;
    }

    /** Confirms what is up to the cursor, and reads what is above it for one answer. */
    CometBatch read(ClientSession session, long cursor) {
        return read(session, cursor, limits.bytesPerAnswer());
    }

    /** As {@link #read}, for one write of a stream. */
    CometBatch readForStream(ClientSession session, long cursor) {
        return read(session, cursor, limits.bytesPerWrite());
    }

    private CometBatch read(ClientSession session, long cursor, int maxBytes) {
        return fromStore(
                () ->
                        provider.getMessages(
                                session.client(), cursor, limits.messagesPerAnswer(), maxBytes));
    }

    /** Reads, for one write of a stream, what is above what the stream has carried already. */
    CometBatch readOn(ClientSession session, long delivered) {
        return fromStore(
                () ->
                        provider.peekMessages(
                                session.client(),
                                delivered,
                                limits.messagesPerAnswer(),
                                limits.bytesPerWrite()));
    }

    private CometBatch fromStore(Supplier<CometBatch> call) {
        try {
            return call.get();
        } catch (CometException e) {
            throw e;
        } catch (Throwable e) {
            throw unavailable(e);
        }
    }

    CometException unavailable(Throwable cause) {
        counters.providerFailures.increment();
        return new CometException(
                CometException.Reason.PROVIDER_UNAVAILABLE,
                "the store failed; try again later",
                cause);
    }
}
