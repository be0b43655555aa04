package dev.comet.client;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/**
 * Makes JSON of what the application sends, digit for digit, or refuses it; and the application's
 * types of what it receives. Immutable.
 */
final class Contents {

    static final Contents PLAIN = new Contents(Json.MAPPER);

    private final JsonMapper mapper;
    private final ObjectWriter writer;

    Contents(JsonMapper mapper) {
        this.mapper = mapper;
        this.writer =
                mapper.rebuild()
                        .addModule(
                                new SimpleModule(NoData.class.getName())
                                        .setSerializerModifier(new NoData()))
                        // NaN would arrive as a text. Written as it is, it is found and refused.
                        .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
                        .build()
                        .writer();
    }

    /**
     * @throws CometClientException {@code parameters-invalid}, with what is wrong and how to mend
     *     it
     */
    JsonNode encoded(@Nullable Object contents) {
        String json;
        try {
            json = writer.writeValueAsString(contents);
        } catch (Throwable e) { // contents that contain themselves are too deep for the stack
            throw Json.unwritable(e);
        }
        try {
            return Json.MAPPER.readTree(json);
        } catch (RuntimeException e) {
            throw new CometClientException(
                    CometClientException.PARAMETERS_INVALID,
                    "contents have a number that is not finite, or what no client could read; send null or a text instead",
                    e);
        }
    }

    /**
     * @throws tools.jackson.core.JacksonException if it does not fit
     */
    <T> T decoded(JsonNode contents, Class<T> type) {
        return mapper.treeToValue(contents, type);
    }
}
