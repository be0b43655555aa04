package dev.comet.spi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.regex.Pattern;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * The protocol's own messages (docs/protocol.md): they carry names that begin with {@value
 * #PREFIX}, and id 0 but for {@value #REPLY} and {@value #REFUSED}, which are kept and confirmed
 * like the messages of applications.
 */
public final class ProtocolMessages {

    /**
     * Names that begin with this belong to the protocol; applications and clients may not use them.
     */
    public static final String PREFIX = "comet.";

    /** The name of the message that brings a client the reply to a request of its own. */
    public static final String REPLY = "comet.reply";

    /** The name of the message that tells a client why a request of its own gets no reply. */
    public static final String REFUSED = "comet.refused";

    private static final Pattern CORRELATION_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private ProtocolMessages() {}

    /** Whether this can be a correlation id: 1 to 64 letters, digits, {@code -} and {@code _}. */
    public static boolean isCorrelationId(String text) {
        return CORRELATION_ID.matcher(text).matches();
    }

    /** Nothing came while the request was held. */
    public static EncodedMessage timeout(long lastMessageId) {
        return json("comet.timeout", "{\"lastMessageId\":" + lastMessageId + "}");
    }

    /** The client has been looked after up to this id. */
    public static EncodedMessage cursor(long lastMessageId) {
        return json("comet.cursor", "{\"lastMessageId\":" + lastMessageId + "}");
    }

    /**
     * A stream that begins, or to which nothing came for a while: the client has been looked after
     * up to this id.
     *
     * @param lastSentId the id of the last message that the stream has carried, 0 if none
     * @param nextInSeconds when to expect the next sign of life, at the latest
     */
    public static EncodedMessage heartbeat(long lastMessageId, long lastSentId, int nextInSeconds) {
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
    public static EncodedMessage gap(long from, long to, String reason) {
        return json(
                "comet.gap",
                "{\"from\":" + from + ",\"to\":" + to + ",\"reason\":" + quoted(reason) + "}");
    }

    /**
     * A newer request of the same client took over.
     *
     * @param instance what that request calls its sender, 0 if it does not
     */
    public static EncodedMessage superseded(long instance) {
        return json("comet.superseded", instance == 0 ? "{}" : "{\"instance\":" + instance + "}");
    }

    /** This server is going away; come back after the delay. */
    public static EncodedMessage reconnect(long delayMillis) {
        return json("comet.reconnect", "{\"delayMillis\":" + delayMillis + "}");
    }

    /** The client was ended. */
    public static EncodedMessage closed(String reason) {
        return json("comet.closed", "{\"reason\":" + quoted(reason) + "}");
    }

    /** Goes with an error status. */
    public static EncodedMessage error(String code, String reason) {
        return json(
                "comet.error", "{\"code\":" + quoted(code) + ",\"reason\":" + quoted(reason) + "}");
    }

    /** The JSON array that holds just this protocol message, as an answer's body. */
    public static byte[] array(EncodedMessage message) {
        byte[] body = new byte[message.encodedLength(0) + 2];
        body[0] = '[';
        body[message.write(0, body, 1)] = ']';
        return body;
    }

    private static EncodedMessage json(String name, String contents) {
        return new EncodedMessage(name, contents.getBytes(UTF_8));
    }

    private static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsUTF8(text), UTF_8) + '"';
    }
}
