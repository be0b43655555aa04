package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;

/**
 * An event stream, which is asked for once; posts are the other conversation's. It confirms
 * nothing: what everyone gets, and what rooms get, is kept for a while whether it was confirmed or
 * not.
 */
final class StreamConversation extends Conversation {

    private final byte[] request;
    private final Conversation posting;

    /**
     * @param target what to ask for
     * @param headers more of them, each with its line's end
     * @param posting says how to post
     */
    StreamConversation(String target, String headers, Conversation posting) {
        super(posting.client, posting.firstSender, posting.lastNumbers.length);
        this.request =
                ("GET "
                                + target
                                + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                                + headers
                                + "\r\n")
                        .getBytes(ISO_8859_1);
        this.posting = posting;
    }

    @Override
    boolean streams() {
        return true;
    }

    @Override
    void begin(ByteBuffer out) {
        out.put(request);
    }

    /** The stream has begun: it goes on by itself. */
    @Override
    void next(HttpAnswer answer, ByteBuffer out) {
        introduced();
    }

    @Override
    void post(byte[] payload, ByteBuffer out) {
        posting.post(payload, out);
    }
}
