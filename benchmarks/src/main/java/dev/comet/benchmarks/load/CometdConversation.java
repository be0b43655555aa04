package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** CometD's long-polling transport: handshake, subscribe, then connect for ever. */
final class CometdConversation extends Conversation {

    private static final Pattern CLIENT_ID = Pattern.compile("\"clientId\":\"([^\"]+)\"");
    private static final byte[] ACK = "\"ack\":".getBytes(ISO_8859_1);

    private final String channel;
    private final boolean acknowledged;
    private String cookie = "";
    private String clientId;
    private boolean subscribed;
    private byte[] connectHead = {};
    private long ack;

    CometdConversation(
            int client, int firstSender, int senders, String channel, boolean acknowledged) {
        super(client, firstSender, senders);
        this.channel = channel;
        this.acknowledged = acknowledged;
    }

    @Override
    void begin(ByteBuffer request) {
        String extension = acknowledged ? ",\"ext\":{\"ack\":true}" : "";
        put(
                request,
                "[{\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"supportedConnectionTypes\":[\"long-polling\"]"
                        + extension
                        + ",\"id\":\"1\"}]");
    }

    @Override
    void next(HttpAnswer answer, ByteBuffer request) {
        if (clientId == null) {
            Matcher found = CLIENT_ID.matcher(answer.body());
            if (!found.find()) {
                throw new IllegalStateException("no handshake: " + answer.body());
            }
            clientId = found.group(1);
            String set = answer.header("Set-Cookie");
            cookie =
                    set == null
                            ? ""
                            : "Cookie: " + set.substring(0, (set + ";").indexOf(';')) + "\r\n";
            put(
                    request,
                    "[{\"channel\":\"/meta/subscribe\",\"clientId\":\""
                            + clientId
                            + "\",\"subscription\":\""
                            + channel
                            + "\",\"id\":\"2\"}]");
            return;
        }
        if (!subscribed) {
            if (!answer.body().contains("\"successful\":true")) {
                throw new IllegalStateException("no subscription: " + answer.body());
            }
            subscribed = true;
            connectHead =
                    ("[{\"channel\":\"/meta/connect\",\"clientId\":\""
                                    + clientId
                                    + "\",\"connectionType\":\"long-polling\",\"id\":\"3\"")
                            .getBytes(ISO_8859_1);
            // The first connect is answered at once.
            putConnect(request);
            return;
        }
        if (acknowledged) {
            ack = Math.max(ack, answer.lastNumber(ACK));
        }
        introduced();
        putConnect(request);
    }

    private void putConnect(ByteBuffer request) {
        String extension = acknowledged ? ",\"ext\":{\"ack\":" + ack + "}" : "";
        putHead(request, connectHead.length + extension.length() + 2);
        request.put(connectHead)
                .put(extension.getBytes(ISO_8859_1))
                .put((byte) '}')
                .put((byte) ']');
    }

    @Override
    void post(byte[] payload, ByteBuffer request) {
        put(
                request,
                "[{\"channel\":\""
                        + channel
                        + "\",\"clientId\":\""
                        + clientId
                        + "\",\"data\":\""
                        + new String(payload, ISO_8859_1)
                        + "\",\"id\":\"4\"}]");
    }

    private void put(ByteBuffer request, String body) {
        putHead(request, body.length());
        request.put(body.getBytes(ISO_8859_1));
    }

    private void putHead(ByteBuffer request, int length) {
        request.put(
                ("POST /push HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                + cookie
                                + "Content-Type: application/json;charset=UTF-8\r\nContent-Length: "
                                + length
                                + "\r\n\r\n")
                        .getBytes(ISO_8859_1));
    }
}
