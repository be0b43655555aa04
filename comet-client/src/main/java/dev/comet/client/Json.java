package dev.comet.client;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the client reads and writes. */
final class Json {

    static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    static JsonNode read(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw new CometClientException(
                    CometClientException.ANSWER_INVALID, "this is not JSON", e);
        }
    }

    static CometClientException unwritable(Throwable cause) {
        return new CometClientException(
                CometClientException.PARAMETERS_INVALID,
                "this cannot be written as JSON; see the cause",
                cause);
    }
}
