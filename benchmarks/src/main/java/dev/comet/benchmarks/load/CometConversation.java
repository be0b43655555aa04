package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.comet.benchmarks.Payload;
import java.nio.ByteBuffer;

/** Comet's long poll, docs/protocol.md, and the bare servers'. */
final class CometConversation extends Conversation {

    private static final byte[] POLL = "GET /push/poll?lastMessageId=".getBytes(ISO_8859_1);
    private static final byte[] ID = "{\"id\":".getBytes(ISO_8859_1);
    private static final byte[] CURSOR = "\"lastMessageId\":".getBytes(ISO_8859_1);

    private final byte[] afterCursor;
    private final byte[] postHead;
    private long cursor;

    CometConversation(int client, int firstSender, int senders, String token) {
        super(client, firstSender, senders);
        String headers = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token + "\r\n";
        afterCursor = (headers + "\r\n").getBytes(ISO_8859_1);
        int length = "{\"name\":\"bench\",\"contents\":\"\"}".length() + Payload.BYTES;
        postHead =
                ("POST /push/send"
                                + headers
                                + "Content-Type: application/json\r\nContent-Length: "
                                + length
                                + "\r\n\r\n{\"name\":\"bench\",\"contents\":\"")
                        .getBytes(ISO_8859_1);
        introduced();
    }

    @Override
    void begin(ByteBuffer request) {
        request.put(POLL);
        putDecimal(request, cursor);
        request.put(afterCursor);
    }

    @Override
    void next(HttpAnswer answer, ByteBuffer request) {
        // A comet.cursor at the end has id 0; then the one before counts, or else what it says.
        long id = answer.lastNumber(ID);
        cursor = Math.max(cursor, id > 0 ? id : answer.lastNumber(CURSOR));
        begin(request);
    }

    @Override
    void post(byte[] payload, ByteBuffer request) {
        request.put(postHead).put(payload).put((byte) '"').put((byte) '}');
    }
}
