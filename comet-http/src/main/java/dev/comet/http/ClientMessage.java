package dev.comet.http;

import dev.comet.CometException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One message that a client has sent to the application. Not to be trusted. Immutable. */
public final class ClientMessage {

    private final String name;
    private final @Nullable String correlationId;
    private final JsonNode contents;
    private final JsonMapper mapper;

    ClientMessage(
            String name, @Nullable String correlationId, JsonNode contents, JsonMapper mapper) {
        this.name = name;
        this.correlationId = correlationId;
        this.contents = contents;
        this.mapper = mapper;
    }

    /** The name under which the handler is registered. */
    public String name() {
        return name;
    }

    /** What a client has called its request; null if it is a plain send. */
    public @Nullable String correlationId() {
        return correlationId;
    }

    /** The contents: any JSON value but null. Can be passed on to others as it is. */
    public JsonNode contents() {
        return contents;
    }

    /**
     * The contents as the given type.
     *
     * @throws CometException PARAMETERS_INVALID if they do not fit: leave it to become the answer
     * @throws IllegalStateException if nothing would fit, because Jackson cannot make the type
     */
    public <T> T contents(Class<T> type) {
        return ConnectRequest.converted(mapper, "contents", contents, type);
    }

    @Override
    public String toString() {
        return "ClientMessage[" + name + "]";
    }
}
