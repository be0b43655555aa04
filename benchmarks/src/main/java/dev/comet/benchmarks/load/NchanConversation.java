package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;

/** Nchan's long polling: the cursor is the last answer's modification time and entity tag. */
final class NchanConversation extends Conversation {

    private static final byte[] MODIFIED = "last-modified:".getBytes(ISO_8859_1);
    private static final byte[] TAG = "etag:".getBytes(ISO_8859_1);
    private static final byte[] IF_MODIFIED = "If-Modified-Since:".getBytes(ISO_8859_1);
    private static final byte[] IF_TAG = "If-None-Match:".getBytes(ISO_8859_1);
    private static final byte[] END = "\r\n".getBytes(ISO_8859_1);

    private final byte[] pollHead;
    private final byte[] postHead;

    NchanConversation(int client, int firstSender, int senders, String channel) {
        super(client, firstSender, senders);
        String headers = " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
        pollHead = ("GET /push/sub" + channel + headers).getBytes(ISO_8859_1);
        postHead = textPostHead("POST /push/pub" + channel + headers);
        introduced();
    }

    @Override
    void begin(ByteBuffer request) {
        request.put(pollHead).put(END);
    }

    @Override
    void next(HttpAnswer answer, ByteBuffer request) {
        request.put(pollHead).put(IF_MODIFIED);
        answer.putHeader(MODIFIED, request);
        request.put(END).put(IF_TAG);
        answer.putHeader(TAG, request);
        request.put(END).put(END);
    }

    @Override
    void post(byte[] payload, ByteBuffer request) {
        request.put(postHead).put(payload);
    }
}
