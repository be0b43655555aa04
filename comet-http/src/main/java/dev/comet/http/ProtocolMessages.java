package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometAnswer;
import dev.comet.CometGap;
import dev.comet.EncodedMessage;
import dev.comet.internal.Names;
import java.util.Objects;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * The protocol's own messages (docs/protocol.md) that are made for one answer: they have id 0.
 * Those that are kept and confirmed like an application's are named in {@link Names}.
 */
final class ProtocolMessages {

    private ProtocolMessages() {}

    /**
     * How a request ended, if it was not with messages and can be said in one.
     *
     * @throws IllegalArgumentException for other answers
     */
    static EncodedMessage of(CometAnswer answer) {
        return switch (answer.outcome()) {
            case TIMEOUT -> timeout(answer.batch().cursor());
            case SUPERSEDED -> superseded(answer.instance());
            case RECONNECT -> reconnect(answer.delay().toMillis());
            case CLIENT_ENDED -> closed(Objects.requireNonNull(answer.endReason()).code());
            case MESSAGES, ABANDONED, ERROR ->
                    throw new IllegalArgumentException(answer.toString());
        };
    }

    /** Nothing came while the request was held. */
    static EncodedMessage timeout(long lastMessageId) {
        return json("comet.timeout", "{\"lastMessageId\":" + lastMessageId + "}");
    }

    /** The client's cursor is at this id. */
    static EncodedMessage cursor(long lastMessageId) {
        return json("comet.cursor", "{\"lastMessageId\":" + lastMessageId + "}");
    }

    /**
     * A stream that begins, or to which nothing came for a while: the client's cursor is at this
     * id.
     *
     * @param lastSentId the id of the last message that the stream has carried, 0 if none
     * @param nextInSeconds when to expect the next sign of life, at the latest
     */
    static EncodedMessage heartbeat(long lastMessageId, long lastSentId, int nextInSeconds) {
        return json(
                "comet.heartbeat",
                "{\"lastMessageId\":"
                        + lastMessageId
                        + ",\"lastSentId\":"
                        + lastSentId
                        + ",\"nextInSeconds\":"
                        + nextInSeconds
                        + "}");
    }

    /** Messages may be lost for good: those with {@code from <= id <= to} that do not follow. */
    static EncodedMessage gap(CometGap gap) {
        return json(
                "comet.gap",
                "{\"from\":"
                        + gap.from()
                        + ",\"to\":"
                        + gap.to()
                        + ",\"reason\":"
                        + quoted(gap.reason().code())
                        + "}");
    }

    /**
     * A newer request of the same client took over.
     *
     * @param instance what that request calls its sender, 0 if it does not
     */
    static EncodedMessage superseded(long instance) {
        return json("comet.superseded", instance == 0 ? "{}" : "{\"instance\":" + instance + "}");
    }

    /** This server is going away; come back after the delay. */
    static EncodedMessage reconnect(long delayMillis) {
        return json("comet.reconnect", "{\"delayMillis\":" + delayMillis + "}");
    }

    /** The client was ended. */
    static EncodedMessage closed(String reason) {
        return json("comet.closed", "{\"reason\":" + quoted(reason) + "}");
    }

    private static EncodedMessage json(String name, String contents) {
        return new EncodedMessage(name, contents.getBytes(UTF_8));
    }

    private static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsUTF8(text), UTF_8) + '"';
    }
}
