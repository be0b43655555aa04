package dev.comet;

import dev.comet.internal.ExactNumbers;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * One message as its receivers see it: an id that rises for every receiver, a name, and contents.
 *
 * <p>The contents were encoded to JSON when the message was sent, so that a later change of the
 * sender's object is not seen; {@link #contents()} decodes them anew at each call. Immutable and
 * safe to share; one instance serves all receivers.
 */
public final class CometMessage {

    private final long messageId;
    private final EncodedMessage encoded;

    /**
     * For providers.
     *
     * @param messageId positive
     * @param encoded what was sent
     */
    public CometMessage(long messageId, EncodedMessage encoded) {
        if (messageId <= 0) {
            throw new IllegalArgumentException("messageId is " + messageId + "; ids are positive");
        }
        this.messageId = messageId;
        this.encoded = encoded;
    }

    /**
     * Positive; for one receiver later messages have higher ids. Below 2^53, so that JavaScript can
     * hold it.
     */
    public long messageId() {
        return messageId;
    }

    /** What the application calls this kind of message. */
    public String name() {
        return encoded.name();
    }

    /** The request that this message is, or that it answers; null if neither. */
    public @Nullable String correlationId() {
        return encoded.correlationId();
    }

    /**
     * The contents as plain Java values: Map, List, String, Boolean, or a Number, which is an
     * Integer, Long, BigInteger or, with a fraction or an exponent, a BigDecimal: digit for digit.
     */
    public Object contents() {
        return contents(Object.class);
    }

    /**
     * The contents as the given type, by a plain Jackson mapper.
     *
     * @throws tools.jackson.core.JacksonException if the contents do not fit the type
     */
    public <T> T contents(Class<T> type) {
        return Json.read(encoded.contentsJson(), type);
    }

    /** Name and contents as they travel. */
    public EncodedMessage encoded() {
        return encoded;
    }

    @Override
    public String toString() {
        return "CometMessage[" + messageId + ", " + name() + "]";
    }

    /** Made when first needed: servers that only pass messages on never decode one. */
    static final class Json {

        private static final JsonMapper MAPPER =
                JsonMapper.builder().addModule(ExactNumbers.module()).build();

        /** By way of a tree, which keeps numbers as they were written. */
        static <T> T read(byte[] json, Class<T> type) {
            return MAPPER.treeToValue(MAPPER.readTree(json), type);
        }
    }
}
