package dev.comet.tests.held;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads answers: HTTP/1.1 with a Content-Length, and in it an array of messages (docs/protocol.md).
 *
 * <p>After a broadcast most bodies are the same bytes, so the one before is remembered and parsing
 * costs next to nothing.
 */
final class AnswerReader {

    private static final String LENGTH = "Content-Length:";

    private final JsonMapper mapper = new JsonMapper();
    private byte[] lastBody = {};
    private @Nullable Answer last;

    /** The answer in these bytes, or null if it is not complete yet. */
    @Nullable Answer read(byte[] array) {
        int headEnd = endOfHead(array);
        if (headEnd < 0) {
            return null;
        }
        String head = new String(array, 0, headEnd, ISO_8859_1);
        int end = headEnd + contentLength(head);
        if (array.length < end) {
            return null;
        }
        if (array.length > end) {
            throw new IllegalStateException("more bytes than the answer has");
        }
        int status = Integer.parseInt(head, 9, 12, 10); // HTTP/1.1 200 …
        Answer known = last;
        if (known != null
                && known.status() == status
                && Arrays.equals(lastBody, 0, lastBody.length, array, headEnd, end)) {
            return known;
        }
        lastBody = Arrays.copyOfRange(array, headEnd, end);
        Answer answer = parse(status, lastBody);
        last = answer;
        return answer;
    }

    /** The position after the empty line, or -1. */
    private static int endOfHead(byte[] array) {
        for (int i = 3; i < array.length; i++) {
            if (array[i] == '\n' && array[i - 1] == '\r' && array[i - 2] == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    private static int contentLength(String head) {
        for (int line = head.indexOf('\n') + 1; line > 0; line = head.indexOf('\n', line) + 1) {
            if (head.regionMatches(true, line, LENGTH, 0, LENGTH.length())) {
                int end = head.indexOf('\r', line);
                return Integer.parseInt(head.substring(line + LENGTH.length(), end).strip());
            }
        }
        throw new IllegalStateException("no Content-Length in " + head);
    }

    private Answer parse(int status, byte[] body) {
        long cursor = 0;
        boolean timeout = false;
        boolean gap = false;
        List<Answer.Message> messages = new ArrayList<>();
        for (JsonNode message : mapper.readTree(body)) {
            JsonNode contents = message.path("contents");
            long id = message.path("id").asLong();
            if (id > 0) {
                messages.add(
                        new Answer.Message(
                                contents.path("number").asLong(),
                                contents.path("sentNanos").asLong()));
            }
            cursor = Math.max(cursor, Math.max(id, contents.path("lastMessageId").asLong(0)));
            timeout |= message.path("name").asString().equals("comet.timeout");
            gap |= message.path("name").asString().equals("comet.gap");
        }
        return new Answer(status, cursor, timeout, gap, List.copyOf(messages));
    }
}
