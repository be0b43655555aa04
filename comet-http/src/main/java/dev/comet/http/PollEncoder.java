package dev.comet.http;

import dev.comet.CometBatch;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes messages as the body of a poll, the protocol's JSON array, into one array of exactly its
 * size. Clients that get the same messages one after the other, as after a broadcast, get the same
 * array.
 *
 * <p>Safe for use by any number of threads.
 */
final class PollEncoder {

    private final LastEncoded<CometMessage> last = new LastEncoded<>();

    byte[] batch(CometBatch batch) {
        List<CometMessage> messages = batch.messages();
        if (!batch.gaps().isEmpty() || !batch.endsWithItsCursor()) {
            return write(protocolMessagesBefore(batch), messages, protocolMessagesAfter(batch));
        }
        return last.of(messages, plain -> write(List.of(), plain, List.of()));
    }

    /**
     * As if the batch ended with the last message that fits; null if none does.
     *
     * @param most bytes of the array
     */
    static byte @Nullable [] first(CometBatch batch, int most) {
        List<EncodedMessage> gaps = protocolMessagesBefore(batch);
        long length = 1;
        for (EncodedMessage gap : gaps) {
            length += gap.encodedLength(0) + 1;
        }
        int fit = 0;
        for (CometMessage message : batch.messages()) {
            length += message.encoded().encodedLength(message.messageId()) + 1;
            if (length > most) {
                break;
            }
            fit++;
        }
        return fit == 0 ? null : write(gaps, batch.messages().subList(0, fit), List.of());
    }

    /** The JSON array that holds just this protocol message, as a body. */
    static byte[] array(EncodedMessage message) {
        byte[] body = new byte[message.encodedLength(0) + 2];
        body[0] = '[';
        body[message.write(0, body, 1)] = ']';
        return body;
    }

    private static List<EncodedMessage> protocolMessagesBefore(CometBatch batch) {
        List<EncodedMessage> gaps = new ArrayList<>(batch.gaps().size());
        batch.gaps().forEach(gap -> gaps.add(ProtocolMessages.gap(gap)));
        return gaps;
    }

    private static List<EncodedMessage> protocolMessagesAfter(CometBatch batch) {
        return batch.endsWithItsCursor()
                ? List.of()
                : List.of(ProtocolMessages.cursor(batch.cursor()));
    }

    private static byte[] write(
            List<EncodedMessage> before, List<CometMessage> messages, List<EncodedMessage> after) {
        int length = 1; // '[' ; each message is followed by ',' or ']'
        for (EncodedMessage message : before) {
            length += message.encodedLength(0) + 1;
        }
        for (int i = 0; i < messages.size(); i++) {
            CometMessage message = messages.get(i);
            length += message.encoded().encodedLength(message.messageId()) + 1;
        }
        for (EncodedMessage message : after) {
            length += message.encodedLength(0) + 1;
        }
        byte[] body = new byte[length];
        body[0] = '[';
        int at = 1;
        for (EncodedMessage message : before) {
            at = writeOne(message, 0, body, at);
        }
        for (int i = 0; i < messages.size(); i++) {
            CometMessage message = messages.get(i);
            at = writeOne(message.encoded(), message.messageId(), body, at);
        }
        for (EncodedMessage message : after) {
            at = writeOne(message, 0, body, at);
        }
        body[at - 1] = ']';
        return body;
    }

    private static int writeOne(EncodedMessage message, long id, byte[] body, int at) {
        int end = message.write(id, body, at);
        body[end] = ',';
        return end + 1;
    }
}
