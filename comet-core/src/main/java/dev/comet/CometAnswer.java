package dev.comet;

import dev.comet.CometClientEventHandler.EndReason;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a request ended: what to tell the client, in whatever form its transport has. Immutable. */
public final class CometAnswer {

    /** The ways in which a request ends. */
    public enum Outcome {
        /** There are messages, or gaps. */
        MESSAGES,
        /** Nothing came while it was held. */
        TIMEOUT,
        /** A newer request of the same client took over. */
        SUPERSEDED,
        /** The manager is draining: the client shall come back. */
        RECONNECT,
        /** The client was disconnected while the request was held. */
        CLIENT_ENDED,
        /** The peer went away: nobody reads this answer. */
        ABANDONED,
        /** It failed; see {@link CometAnswer#error()}. */
        ERROR
    }

    private static final CometAnswer ABANDONED = new CometAnswer(Outcome.ABANDONED);

    /** Made before it is needed: when there is no memory to say anything better. */
    private static final CometAnswer FAILED =
            error(
                    new CometException(
                            CometException.Reason.PROVIDER_UNAVAILABLE,
                            "the server could not look for messages; try again later"));

    private final Outcome outcome;
    private final CometBatch batch;
    private final @Nullable CometException error;
    private final @Nullable EndReason endReason;
    private final long number;

    private CometAnswer(Outcome outcome) {
        this(outcome, CometBatch.nothing(0), null, null, 0);
    }

    private CometAnswer(
            Outcome outcome,
            CometBatch batch,
            @Nullable CometException error,
            @Nullable EndReason endReason,
            long number) {
        this.outcome = outcome;
        this.batch = batch;
        this.error = error;
        this.endReason = endReason;
        this.number = number;
    }

    static CometAnswer messages(CometBatch batch) {
        return new CometAnswer(Outcome.MESSAGES, batch, null, null, 0);
    }

    static CometAnswer timeout(long cursor) {
        return new CometAnswer(Outcome.TIMEOUT, CometBatch.nothing(cursor), null, null, 0);
    }

    static CometAnswer superseded(long instance) {
        return new CometAnswer(Outcome.SUPERSEDED, CometBatch.nothing(0), null, null, instance);
    }

    static CometAnswer abandoned() {
        return ABANDONED;
    }

    static CometAnswer reconnect(long delayMillis) {
        return new CometAnswer(Outcome.RECONNECT, CometBatch.nothing(0), null, null, delayMillis);
    }

    static CometAnswer clientEnded(EndReason reason) {
        return new CometAnswer(Outcome.CLIENT_ENDED, CometBatch.nothing(0), null, reason, 0);
    }

    static CometAnswer error(CometException error) {
        return new CometAnswer(Outcome.ERROR, CometBatch.nothing(0), error, null, 0);
    }

    /** The request has to end, and nothing better can be said. Allocates nothing. */
    static CometAnswer failed() {
        return FAILED;
    }

    /** How the request ended. */
    public Outcome outcome() {
        return outcome;
    }

    /**
     * With {@link Outcome#MESSAGES}, what there is. With {@link Outcome#TIMEOUT}, nothing up to its
     * cursor. Otherwise nothing up to 0.
     */
    public CometBatch batch() {
        return batch;
    }

    /** With {@link Outcome#ERROR}: what went wrong. Otherwise null. */
    public @Nullable CometException error() {
        return error;
    }

    /** With {@link Outcome#CLIENT_ENDED}: why the client was ended. Otherwise null. */
    public @Nullable EndReason endReason() {
        return endReason;
    }

    /**
     * With {@link Outcome#SUPERSEDED}: what the newer request calls its sender. 0 if it calls it
     * nothing, and with any other outcome.
     */
    public long instance() {
        return outcome == Outcome.SUPERSEDED ? number : 0;
    }

    /** With {@link Outcome#RECONNECT}: when to come back. Otherwise zero. */
    public Duration delay() {
        return outcome == Outcome.RECONNECT ? Duration.ofMillis(number) : Duration.ZERO;
    }

    @Override
    public String toString() {
        return "CometAnswer[" + outcome + "]";
    }
}
