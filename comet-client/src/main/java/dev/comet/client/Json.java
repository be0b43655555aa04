package dev.comet.client;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the client reads and writes. */
final class Json {

    /** Set, not left to defaults that an application may change: what servers accept is less. */
    private static final StreamReadConstraints CONSTRAINTS =
            StreamReadConstraints.builder()
                    .maxNestingDepth(500)
                    .maxNumberLength(1_000)
                    .maxNameLength(50_000)
                    .maxStringLength(100_000_000)
                    .build();

    static final JsonMapper MAPPER =
            JsonMapper.builder(JsonFactory.builder().streamReadConstraints(CONSTRAINTS).build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .addModule(ExactNumbers.module())
                    .build();

    private Json() {}

    static JsonNode read(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (RuntimeException e) { // Jackson's, or of a number with an absurd exponent
            throw new CometClientException(
                    CometClientException.ANSWER_INVALID, "this is not JSON", e);
        }
    }

    static CometClientException unwritable(Throwable cause) {
        String text = "this cannot be written as JSON; see the cause";
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof NoData.Refused) {
                text = "contents have a " + each.getMessage();
            }
        }
        return new CometClientException(CometClientException.PARAMETERS_INVALID, text, cause);
    }
}
