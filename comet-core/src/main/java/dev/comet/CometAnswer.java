package dev.comet;

import dev.comet.spi.EncodedMessage;
import dev.comet.spi.ProtocolMessages;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a request ended: what to tell the client. Immutable. */
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
        CLOSED,
        /** The peer went away: nobody reads this answer. */
        ABANDONED,
        /** It failed; see {@link CometAnswer#error()}. */
        ERROR
    }

    private static final CometAnswer ABANDONED =
            new CometAnswer(Outcome.ABANDONED, CometBatch.nothing(0), new byte[] {'[', ']'}, null);

    private final Outcome outcome;
    private final CometBatch batch;
    private final byte[] body;
    private final @Nullable CometException error;

    private CometAnswer(
            Outcome outcome, CometBatch batch, byte[] body, @Nullable CometException error) {
        this.outcome = outcome;
        this.batch = batch;
        this.body = body;
        this.error = error;
    }

    /** Made before it is needed: when there is no memory to say anything better. */
    private static final CometAnswer FAILED =
            error(
                    new CometException(
                            CometException.Reason.PROVIDER_UNAVAILABLE,
                            "the server could not look for messages; try again later"));

    static CometAnswer messages(CometBatch batch, byte[] body) {
        return new CometAnswer(Outcome.MESSAGES, batch, body, null);
    }

    static CometAnswer timeout(long lastMessageId) {
        return new CometAnswer(
                Outcome.TIMEOUT,
                CometBatch.nothing(lastMessageId),
                ProtocolMessages.array(ProtocolMessages.timeout(lastMessageId)),
                null);
    }

    static CometAnswer superseded(long instance) {
        return control(Outcome.SUPERSEDED, ProtocolMessages.superseded(instance));
    }

    static CometAnswer abandoned() {
        return ABANDONED;
    }

    static CometAnswer reconnect(long delayMillis) {
        return control(Outcome.RECONNECT, ProtocolMessages.reconnect(delayMillis));
    }

    static CometAnswer closed(CometClientEventHandler.EndReason reason) {
        return control(Outcome.CLOSED, ProtocolMessages.closed(reason.code()));
    }

    static CometAnswer error(CometException error) {
        String text = error.getMessage() == null ? "" : error.getMessage();
        EncodedMessage message = ProtocolMessages.error(error.reason().code(), text);
        return new CometAnswer(
                Outcome.ERROR, CometBatch.nothing(0), ProtocolMessages.array(message), error);
    }

    /**
     * Makes one of each kind. A class that is used for the first time while memory is short fails
     * to be initialised, and then for as long as the process lives: so this is done before.
     */
    static void prepare() {
        CometGap gap = new CometGap(1, 1, CometGap.Reason.OVERFLOW);
        EncodedMessage message = ProtocolMessages.timeout(1);
        CometBatch batch =
                new CometBatch(List.of(gap), List.of(new CometMessage(1, message)), 2, true);
        messages(batch, new BatchAssembler().assemble(batch));
        timeout(1);
        superseded(1);
        reconnect(1);
        closed(CometClientEventHandler.EndReason.DISCONNECTED);
        error(Subscriptions.unknownClient());
        failed();
        new AnsweredRequest(abandoned()).whenCompleted(answer -> {});
    }

    /** The request has to end, and nothing better can be said. Allocates nothing. */
    static CometAnswer failed() {
        return FAILED;
    }

    private static CometAnswer control(Outcome outcome, EncodedMessage message) {
        return new CometAnswer(
                outcome, CometBatch.nothing(0), ProtocolMessages.array(message), null);
    }

    /** How the request ended. */
    public Outcome outcome() {
        return outcome;
    }

    CometBatch batch() {
        return batch;
    }

    /** With {@link Outcome#MESSAGES}: the messages in rising order of ids. Otherwise empty. */
    public List<CometMessage> messages() {
        return batch.messages();
    }

    /** With {@link Outcome#MESSAGES}: what the client has lost. Otherwise empty. */
    public List<CometGap> gaps() {
        return batch.gaps();
    }

    /**
     * With {@link Outcome#MESSAGES} and {@link Outcome#TIMEOUT}: the cursor that the client has
     * once it has handled the answer. Otherwise 0.
     */
    public long lastMessageId() {
        return batch.cursor();
    }

    /** With {@link Outcome#ERROR}: what went wrong. Otherwise null. */
    public @Nullable CometException error() {
        return error;
    }

    /**
     * The answer as the protocol's JSON array in UTF-8. <b>Shared</b>: other clients may be
     * answered with the same array. Write it, never change it.
     */
    public byte[] body() {
        return body;
    }

    /**
     * With {@link Outcome#MESSAGES}: an answer with only the first of the messages, in an array of
     * its own; the others are there for the next request. Null if not even one fits.
     *
     * @param maxBytes how long it may be
     */
    public byte @Nullable [] bodyOfAtMost(int maxBytes) {
        return BatchAssembler.assembleFirst(batch, maxBytes);
    }

    @Override
    public String toString() {
        return "CometAnswer[" + outcome + ", " + body.length + " bytes]";
    }
}
