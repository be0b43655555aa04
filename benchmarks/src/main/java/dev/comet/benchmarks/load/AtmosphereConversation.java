package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.util.UUID;

/** Atmosphere's long polling: the client's own id in each request, and no cursor. */
final class AtmosphereConversation extends Conversation {

    private final byte[] poll;
    private final byte[] postHead;

    AtmosphereConversation(int client, int firstSender, int senders, String channel) {
        super(client, firstSender, senders);
        String headers =
                "/push"
                        + channel
                        + " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Atmosphere-Framework: 4.0\r\nX-Atmosphere-tracking-id: "
                        + UUID.randomUUID()
                        + "\r\nX-Atmosphere-Transport: long-polling\r\n";
        poll = ("GET " + headers + "\r\n").getBytes(ISO_8859_1);
        postHead = textPostHead("POST " + headers);
        introduced();
    }

    @Override
    void begin(ByteBuffer request) {
        request.put(poll);
    }

    @Override
    void next(HttpAnswer answer, ByteBuffer request) {
        begin(request);
    }

    @Override
    void post(byte[] payload, ByteBuffer request) {
        request.put(postHead).put(payload);
    }
}
