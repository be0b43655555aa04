package dev.comet.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.comet.CometBatch;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Writes messages as events of {@code text/event-stream}: each one the message that a poll would
 * have in its array, as {@code data}, with the cursor that the client then has as {@code id}.
 *
 * <p>An {@link EncodedMessage} is one line, so that no contents can forge an event.
 */
final class EventEncoder {

    private static final byte[] ID = "id: ".getBytes(US_ASCII);
    private static final byte[] DATA = "data: ".getBytes(US_ASCII);

    private final LastEncoded<CometMessage> last = new LastEncoded<>();

    byte[] batch(CometBatch batch) {
        List<CometMessage> messages = batch.messages();
        byte[] plain = messages.isEmpty() ? new byte[0] : last.of(messages, EventEncoder::plain);
        if (batch.gaps().isEmpty() && batch.endsWithItsCursor()) {
            return plain;
        }
        ByteArrayOutputStream events = new ByteArrayOutputStream(plain.length + 256);
        for (CometGap gap : batch.gaps()) {
            byte[] event =
                    gap.reason() == CometGap.Reason.UNKNOWN_CURSOR
                            ? event(gap.to(), ProtocolMessages.gap(gap))
                            : event(ProtocolMessages.gap(gap));
            events.writeBytes(event);
        }
        events.writeBytes(plain);
        if (!batch.endsWithItsCursor()) {
            events.writeBytes(event(batch.cursor(), ProtocolMessages.cursor(batch.cursor())));
        }
        return events.toByteArray();
    }

    static byte[] heartbeat(long cursor, long lastSentId, int nextInSeconds) {
        return event(cursor, ProtocolMessages.heartbeat(cursor, lastSentId, nextInSeconds));
    }

    /** One of the protocol's own, as an event without a cursor. */
    static byte[] event(EncodedMessage message) {
        byte[] event = new byte[dataLength(message, 0)];
        writeData(message, 0, event, 0);
        return event;
    }

    private static byte[] event(long cursor, EncodedMessage message) {
        byte[] event = new byte[idLength(cursor) + dataLength(message, 0)];
        writeData(message, 0, event, writeId(cursor, event, 0));
        return event;
    }

    private static byte[] plain(List<CometMessage> messages) {
        int length = 0;
        for (CometMessage message : messages) {
            long id = message.messageId();
            length += idLength(id) + dataLength(message.encoded(), id);
        }
        byte[] events = new byte[length];
        int at = 0;
        for (CometMessage message : messages) {
            long id = message.messageId();
            at = writeData(message.encoded(), id, events, writeId(id, events, at));
        }
        return events;
    }

    private static int idLength(long cursor) {
        return ID.length + Long.toString(cursor).length() + 1;
    }

    private static int dataLength(EncodedMessage message, long id) {
        return DATA.length + message.encodedLength(id) + 2;
    }

    private static int writeId(long cursor, byte[] target, int at) {
        byte[] digits = Long.toString(cursor).getBytes(US_ASCII);
        System.arraycopy(ID, 0, target, at, ID.length);
        System.arraycopy(digits, 0, target, at + ID.length, digits.length);
        int end = at + ID.length + digits.length;
        target[end] = '\n';
        return end + 1;
    }

    private static int writeData(EncodedMessage message, long id, byte[] target, int at) {
        System.arraycopy(DATA, 0, target, at, DATA.length);
        int end = message.write(id, target, at + DATA.length);
        target[end] = '\n';
        target[end + 1] = '\n';
        return end + 2;
    }
}
