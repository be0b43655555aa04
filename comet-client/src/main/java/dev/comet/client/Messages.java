package dev.comet.client;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * From the text of answers to messages. A message that cannot be read must not stop those that
 * follow for good: it becomes the gap that stands for it, with its id.
 */
final class Messages {

    private Messages() {}

    /** An answer: all of its messages, or an exception if it is not whole. */
    static JsonNode all(String text) {
        try {
            return Json.read(text);
        } catch (CometClientException whole) {
            List<String> parts = parts(text);
            if (parts == null) {
                throw whole;
            }
            ArrayNode messages = Json.MAPPER.createArrayNode();
            parts.forEach(part -> messages.add(one(part)));
            return messages;
        }
    }

    /** One message. */
    static JsonNode one(String text) {
        try {
            return Json.read(text);
        } catch (CometClientException unreadable) {
            long id = id(text);
            List<String> parts = parts("[" + text + "]");
            if (id <= 0 || parts == null || parts.size() != 1) {
                throw unreadable;
            }
            ArrayNode one = Json.MAPPER.createArrayNode();
            one.addObject()
                    .put("id", id)
                    .put("name", MessagePublisher.GAP)
                    .putObject("contents")
                    .put("from", id)
                    .put("to", id)
                    .put("reason", "unreadable");
            return one.get(0);
        }
    }

    /** The id, which is the first of a message's fields; 0 if there is none. */
    private static long id(String text) {
        try (JsonParser parser = Json.MAPPER.createParser(text)) {
            boolean found =
                    parser.nextToken() == JsonToken.START_OBJECT
                            && "id".equals(parser.nextName())
                            && parser.nextToken() == JsonToken.VALUE_NUMBER_INT;
            return found ? parser.getLongValue() : 0;
        } catch (RuntimeException e) {
            return 0;
        }
    }

    /**
     * What stands between the commas of an array, whatever it is; null if the array does not end,
     * or something follows it.
     */
    private static @Nullable List<String> parts(String text) {
        String array = text.strip();
        if (!array.startsWith("[")) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 1;
        boolean quoted = false;
        for (int i = 0; i < array.length(); i++) {
            char c = array.charAt(i);
            if (quoted) {
                if (c == '\\') {
                    i++;
                }
                quoted = c != '"';
                continue;
            }
            quoted = c == '"';
            depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
            if (depth == 0 || (depth == 1 && c == ',')) {
                parts.add(array.substring(from, i));
                from = i + 1;
            }
            if (depth == 0) {
                return from == array.length() ? parts : null;
            }
        }
        return null;
    }
}
