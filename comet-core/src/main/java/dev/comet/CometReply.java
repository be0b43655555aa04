package dev.comet;

import org.jspecify.annotations.Nullable;

/**
 * What a client has replied to a request. Not to be trusted more than the client. Immutable;
 * contents are decoded anew at each call.
 */
public final class CometReply {

    private final EncodedMessage encoded;

    CometReply(EncodedMessage encoded) {
        this.encoded = encoded;
    }

    /**
     * The contents as plain Java values, as {@link CometMessage#contents()} gives them; null if the
     * reply says no more than that it is done.
     */
    public @Nullable Object contents() {
        return contents(Object.class);
    }

    /**
     * The contents as the given type, by a plain Jackson mapper.
     *
     * @throws tools.jackson.core.JacksonException if they do not fit the type
     */
    public <T> @Nullable T contents(Class<T> type) {
        return CometMessage.Json.read(encoded.contentsJson(), type);
    }

    /** The contents as one JSON value in UTF-8, to be passed on as they are. A copy. */
    public byte[] contentsJson() {
        return encoded.contentsJson();
    }

    @Override
    public String toString() {
        return "CometReply[" + encoded.correlationId() + "]";
    }
}
