package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.internal.ExactNumbers;
import dev.comet.internal.JsonBounds;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The body of one request: what it claims to be, and strictly that. JSON is RFC 8259 to the letter:
 * UTF-8 without a byte order mark, one value and nothing after it, no key twice, no {@code NaN}, no
 * deeper than the limit. Numbers keep every digit.
 */
final class Body {

    private static final Pattern UTF_8_CHARSET = Pattern.compile("charset=(utf-8|\"utf-8\")");

    private final String mediaType;
    private final byte[] bytes;

    Body(byte[] bytes, CometExchange exchange) {
        this.bytes = bytes;
        this.mediaType = isEmpty() ? "" : mediaType(exchange.headers("Content-Type"));
        for (String encodings : exchange.headers("Content-Encoding")) {
            for (String encoding : encodings.split(",", -1)) {
                if (!encoding.strip().equalsIgnoreCase("identity")) {
                    throw HttpErrorException.unsupportedMediaType(
                            "Content-Encoding is set; send the body as it is");
                }
            }
        }
    }

    boolean isEmpty() {
        return bytes.length == 0;
    }

    boolean isForm() {
        return mediaType.equals("application/x-www-form-urlencoded");
    }

    boolean isJson() {
        return mediaType.equals("application/json");
    }

    /** The whole body as text. */
    String text() {
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw HttpErrorException.parametersInvalid(
                    "body is not valid UTF-8; encode it as UTF-8");
        }
    }

    /** The whole body as one JSON value. */
    JsonNode json(JsonMapper strict) {
        if (isEmpty()) {
            throw HttpErrorException.parametersInvalid("body is empty; send JSON");
        }
        if (!isJson()) {
            throw HttpErrorException.unsupportedMediaType(
                    "Content-Type is not application/json; send JSON and say so");
        }
        String text = text();
        if (text.startsWith("\uFEFF")) {
            throw HttpErrorException.parametersInvalid(
                    "body begins with a byte order mark; leave it out");
        }
        try {
            JsonNode json = strict.readTree(text);
            String fault = JsonBounds.fault(bytes); // what passes here can be sent on, or back
            if (fault != null) {
                throw HttpErrorException.parametersInvalid("body " + fault);
            }
            return json;
        } catch (StreamConstraintsException e) {
            throw HttpErrorException.parametersInvalid(
                    "body is nested too deep, or has too long a name or text, or a number beyond what a double can hold or longer than "
                            + JsonBounds.NUMBER_LENGTH
                            + " characters");
        } catch (JacksonException e) {
            // The parser's own text quotes the input, which may be a secret: the place is enough.
            TokenStreamLocation at = e.getLocation();
            throw HttpErrorException.parametersInvalid(
                    "body is not valid JSON, or has a key twice"
                            + (at == null
                                    ? ""
                                    : ": see line "
                                            + at.getLineNr()
                                            + ", column "
                                            + at.getColumnNr()));
        }
    }

    /** The whole body as one JSON object. */
    JsonNode jsonObject(JsonMapper strict) {
        JsonNode json = json(strict);
        if (!json.isObject()) {
            throw HttpErrorException.parametersInvalid("body is not a JSON object; send {…}");
        }
        return json;
    }

    /**
     * A mapper that reads JSON as strictly as this class promises, with the bounds of what is sent
     * to clients: what a hook passes on is not refused then.
     */
    static JsonMapper strictMapper(int maxDepth) {
        StreamReadConstraints constraints =
                StreamReadConstraints.builder()
                        .maxNestingDepth(maxDepth)
                        .maxNumberLength(JsonBounds.NUMBER_LENGTH)
                        .maxNameLength(JsonBounds.NAME_LENGTH)
                        .build();
        JsonFactory factory = JsonFactory.builder().streamReadConstraints(constraints).build();
        return JsonMapper.builder(factory)
                .addModule(ExactNumbers.module())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }

    private static String mediaType(List<String> contentTypes) {
        if (contentTypes.isEmpty()) {
            return "";
        }
        if (contentTypes.size() > 1) {
            throw HttpErrorException.unsupportedMediaType(
                    "Content-Type is there more than once; send it once");
        }
        String[] parts = contentTypes.get(0).split(";", -1);
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().toLowerCase(Locale.ROOT);
            if (parameter.startsWith("charset") && !UTF_8_CHARSET.matcher(parameter).matches()) {
                throw HttpErrorException.unsupportedMediaType("charset is not UTF-8; send UTF-8");
            }
        }
        return parts[0].strip().toLowerCase(Locale.ROOT);
    }
}
