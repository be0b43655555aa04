package dev.comet.client;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The format of text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html),
 * piece by piece: takes bytes as they come, however they are cut, and gives the data of whole
 * events. Names and ids of events are not used by Comet's, and left out.
 */
final class EventParser {

    /** Of one event: more than any server sends, less than hurts. */
    private static final int MAX_BYTES = 1 << 25;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final StringBuilder data = new StringBuilder();
    private boolean hasData;
    private boolean isFirstLine = true;
    private boolean afterCr;

    /** The data of the events that are whole by now. */
    List<String> push(byte[] bytes) {
        List<String> events = new ArrayList<>(1);
        int from = 0;
        for (int i = 0; i < bytes.length; i++) {
            byte b = bytes[i];
            if (b != '\n' && b != '\r') {
                afterCr = false;
                continue;
            }
            if (b == '\n' && afterCr) { // the rest of a CRLF
                afterCr = false;
                from = i + 1;
                continue;
            }
            afterCr = b == '\r';
            line.write(bytes, from, i - from);
            from = i + 1;
            endLine(events);
        }
        line.write(bytes, from, bytes.length - from);
        if (line.size() + data.length() > MAX_BYTES) {
            throw new CometClientException(
                    CometClientException.ANSWER_INVALID,
                    "an event is longer than " + MAX_BYTES + " bytes");
        }
        return events;
    }

    private void endLine(List<String> events) {
        String text = decoded();
        line.reset();
        if (text.isEmpty()) {
            if (hasData) {
                events.add(data.toString());
            }
            data.setLength(0);
            hasData = false;
            return;
        }
        // Comments begin with the colon; other fields are for those who know no better.
        int colon = text.indexOf(':');
        String field = colon < 0 ? text : text.substring(0, colon);
        if (field.equals("data")) {
            if (hasData) {
                data.append('\n');
            }
            hasData = true;
            if (colon >= 0) {
                data.append(
                        text,
                        text.startsWith(" ", colon + 1) ? colon + 2 : colon + 1,
                        text.length());
            }
        }
    }

    private String decoded() {
        byte[] bytes = line.toByteArray();
        int from = 0;
        if (isFirstLine) {
            isFirstLine = false;
            from = startsWithMark(bytes) ? BYTE_ORDER_MARK.length : 0;
        }
        return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
    }

    private static boolean startsWithMark(byte[] bytes) {
        return bytes.length >= BYTE_ORDER_MARK.length
                && bytes[0] == BYTE_ORDER_MARK[0]
                && bytes[1] == BYTE_ORDER_MARK[1]
                && bytes[2] == BYTE_ORDER_MARK[2];
    }
}
