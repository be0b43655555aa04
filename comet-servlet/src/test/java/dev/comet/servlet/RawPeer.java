package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** A peer that writes and reads bytes, without the manners of an HTTP client. */
final class RawPeer implements AutoCloseable {

    private final Socket socket = new Socket();
    private final InputStream in;

    RawPeer(int port) throws IOException {
        this(port, 0);
    }

    /**
     * @param receiveBuffer in bytes; 0 for the system's default
     */
    RawPeer(int port, int receiveBuffer) throws IOException {
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** The head of an HTTP/1.1 request. */
    static String head(String methodAndTarget, String... headers) {
        return methodAndTarget
                + " HTTP/1.1\r\nHost: push.example\r\n"
                + String.join("\r\n", headers)
                + (headers.length == 0 ? "\r\n" : "\r\n\r\n");
    }

    RawPeer send(String text) throws IOException {
        return send(text.getBytes(UTF_8));
    }

    RawPeer send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** Whether the other side has ended the connection; finds out without reading. */
    boolean isCut() {
        try {
            send("x");
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** Whether the other side ends the connection in order, without a reset. */
    boolean isEnded() throws IOException {
        return in.read() < 0;
    }

    /** Ends the connection at once, without a goodbye. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** A response; the body is whole. */
    record Response(int status, Map<String, String> headers, String text) {}

    /** Reads one response that is chunked, or has Content-Length, or no body. */
    Response read() throws IOException {
        String statusLine = line();
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            if (headers.put(line.substring(0, colon), line.substring(colon + 1).strip()) != null) {
                throw new AssertionError("header twice: " + line);
            }
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        byte[] body =
                headers.containsKey("Transfer-Encoding")
                        ? chunks()
                        : bytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        return new Response(status, headers, new String(body, UTF_8));
    }

    private byte[] chunks() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int length;
        do {
            length = Integer.parseInt(line(), 16);
            body.writeBytes(bytes(length));
            assertThat(line()).as("what follows a chunk").isEmpty();
        } while (length > 0);
        return body.toByteArray();
    }

    private byte[] bytes(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("body was cut after: " + new String(bytes, UTF_8));
        }
        return bytes;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("connection ended after: " + line.toString(ISO_8859_1));
            }
            line.write(b);
        }
        return line.toString(ISO_8859_1).strip();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
