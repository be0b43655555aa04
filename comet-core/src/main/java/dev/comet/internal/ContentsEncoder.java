package dev.comet.internal;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/**
 * Makes JSON of contents, digit for digit, or refuses them: what is no data, numbers that are not
 * finite, and whatever a client could not read. Immutable; safe for use by any number of threads.
 */
public final class ContentsEncoder {

    private final ObjectWriter writer;

    /**
     * @param mapper says how values are written; a copy of it is used
     */
    public ContentsEncoder(JsonMapper mapper) {
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
     * One JSON value in UTF-8, within the bounds of docs/protocol.md.
     *
     * @throws IllegalArgumentException for any contents that cannot be sent. The text, to follow
     *     "contents", says what is wrong and how to mend it
     */
    public byte[] encode(@Nullable Object contents) {
        byte[] json;
        try {
            json = writer.writeValueAsBytes(contents);
        } catch (RuntimeException e) { // Jackson's, or that of a serializer of the application
            throw new IllegalArgumentException(fault(contents, e), e);
        }
        String fault = JsonBounds.fault(json);
        if (fault != null) {
            throw new IllegalArgumentException(fault);
        }
        return json;
    }

    private static String fault(@Nullable Object contents, RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof NoData.Refused) {
                return "has" + place(e) + " a " + cause.getMessage();
            }
        }
        return "cannot be encoded as JSON: "
                + (contents == null ? null : contents.getClass().getName());
    }

    private static String place(RuntimeException e) {
        StringBuilder path = new StringBuilder();
        if (e instanceof JacksonException known) {
            for (JacksonException.Reference step : known.getPath()) {
                String name = step.getPropertyName();
                path.append(name == null ? "[" + step.getIndex() + "]" : "." + name);
            }
        }
        return path.isEmpty() ? "" : " at " + path;
    }
}
