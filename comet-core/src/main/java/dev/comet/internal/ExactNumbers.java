package dev.comet.internal;

import java.math.BigDecimal;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.DecimalNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * For mappers that read JSON into trees: numbers are written again as they were read, character by
 * character, and keep all their digits until an application asks for a double. Numbers that clients
 * could not read are refused (see docs/protocol.md, Limits).
 *
 * <p>Recursive: the mapper's own bound on nesting is the bound of the stack.
 */
public final class ExactNumbers extends ValueDeserializer<JsonNode> {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ExactNumbers() {}

    /** What to add to the mapper. */
    public static JacksonModule module() {
        return new SimpleModule(ExactNumbers.class.getName())
                .addDeserializer(JsonNode.class, new ExactNumbers());
    }

    @Override
    public JsonNode deserialize(JsonParser parser, DeserializationContext context)
            throws JacksonException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser, context);
            case START_ARRAY -> array(parser, context);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
            case VALUE_STRING -> NODES.stringNode(parser.getString());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> (JsonNode) context.handleUnexpectedToken(JsonNode.class, parser);
        };
    }

    @Override
    public JsonNode getNullValue(DeserializationContext context) {
        return NullNode.getInstance();
    }

    private ObjectNode object(JsonParser parser, DeserializationContext context) {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            object.set(name, deserialize(parser, context));
        }
        return object;
    }

    private ArrayNode array(JsonParser parser, DeserializationContext context) {
        ArrayNode array = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(deserialize(parser, context));
        }
        return array;
    }

    private static JsonNode number(JsonParser parser) {
        String text = parser.getString();
        String fault = JsonBounds.faultOfNumber(text);
        if (fault != null) {
            throw new StreamConstraintsException(fault, parser.currentLocation());
        }
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT || text.equals("-0")) {
            return DecimalNode.valueOf(new AsWritten(text));
        }
        return switch (parser.getNumberType()) {
            case INT -> NODES.numberNode(parser.getIntValue());
            case LONG -> NODES.numberNode(parser.getLongValue());
            default -> NODES.numberNode(parser.getBigIntegerValue());
        };
    }

    /** A decimal that says what was read: {@code 1e2} and {@code -0} have other forms, too. */
    private static final class AsWritten extends BigDecimal {

        private static final long serialVersionUID = 1L;

        private final String text;

        AsWritten(String text) {
            super(text);
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }

        @Override
        public double doubleValue() {
            return isNegativeZero() ? -0.0 : super.doubleValue();
        }

        @Override
        public float floatValue() {
            return isNegativeZero() ? -0.0f : super.floatValue();
        }

        private boolean isNegativeZero() {
            return signum() == 0 && text.charAt(0) == '-';
        }
    }
}
