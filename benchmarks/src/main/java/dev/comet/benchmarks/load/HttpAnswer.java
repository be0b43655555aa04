package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;

/**
 * Finds its way in the bytes of an HTTP/1.1 answer without making objects. For one thread, used
 * again and again.
 */
final class HttpAnswer {

    private static final byte[] LENGTH = "content-length:".getBytes(ISO_8859_1);
    private static final byte[] CHUNKED = "transfer-encoding: chunked".getBytes(ISO_8859_1);

    byte[] bytes = {};
    int status;

    /** The body, without the framing of chunks. */
    int bodyFrom;

    int bodyTo;
    private int headEnd;

    /**
     * Whether the first {@code length} bytes are a complete answer. The bytes of a chunked one are
     * moved together.
     */
    boolean parse(byte[] array, int length) {
        bytes = array;
        int contentLength = 0;
        boolean chunked = false;
        int line = 0;
        while (true) {
            int end = line;
            while (end < length && array[end] != '\n') {
                end++;
            }
            if (end >= length) {
                return false;
            }
            if (end - line <= 1) {
                headEnd = end + 1;
                break;
            }
            if (line == 0) {
                status = (array[9] - '0') * 100 + (array[10] - '0') * 10 + array[11] - '0';
            } else if (startsWith(array, line, LENGTH)) {
                contentLength = decimal(array, line + LENGTH.length);
            } else if (startsWith(array, line, CHUNKED)) {
                chunked = true;
            }
            line = end + 1;
        }
        bodyFrom = headEnd;
        if (chunked) {
            return joinChunks(length);
        }
        bodyTo = headEnd + contentLength;
        if (bodyTo < length) {
            throw new IllegalStateException("more bytes than the answer has");
        }
        return bodyTo == length;
    }

    /** A part of an answer, without any framing. */
    void part(byte[] array, int from, int to) {
        bytes = array;
        status = 200; // the head was something else: what is no stream has no events
        bodyFrom = from;
        bodyTo = to;
    }

    private boolean joinChunks(int length) {
        // Only once all is there: until then the bytes stay as they came.
        if (length < 5
                || bytes[length - 5] != '0'
                || bytes[length - 4] != '\r'
                || bytes[length - 1] != '\n'
                || bytes[length - 2] != '\r') {
            return false;
        }
        int to = headEnd;
        int at = headEnd;
        while (true) {
            int size = 0;
            while (bytes[at] != '\r') {
                size = size * 16 + Character.digit(bytes[at++], 16);
            }
            at += 2;
            if (size == 0) {
                bodyTo = to;
                return true;
            }
            System.arraycopy(bytes, at, bytes, to, size);
            to += size;
            at += size + 2;
        }
    }

    /**
     * Copies the value of a header, with what precedes it on its line; nothing if there is none.
     *
     * @param lowerCase its name and the colon
     */
    void putHeader(byte[] lowerCase, ByteBuffer to) {
        for (int line = 0; line < headEnd; ) {
            int end = line;
            while (bytes[end] != '\r') {
                end++;
            }
            if (end > line && startsWith(bytes, line, lowerCase)) {
                to.put(bytes, line + lowerCase.length, end - line - lowerCase.length);
                return;
            }
            line = end + 2;
        }
    }

    /** The value of a header, or null. For the few answers in which one matters. */
    String header(String name) {
        String head = new String(bytes, 0, headEnd, ISO_8859_1);
        for (String line : head.split("\r\n", -1)) {
            if (line.regionMatches(true, 0, name + ":", 0, name.length() + 1)) {
                return line.substring(name.length() + 1).strip();
            }
        }
        return null;
    }

    String body() {
        return new String(bytes, bodyFrom, bodyTo - bodyFrom, ISO_8859_1);
    }

    /** The position of the byte at or after {@code from}, or -1. */
    int find(byte wanted, int from) {
        for (int i = from; i < bodyTo; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }

    /** The number behind the last occurrence of the key in the body, or -1. */
    long lastNumber(byte[] key) {
        for (int i = bodyTo - key.length; i >= bodyFrom; i--) {
            if (bytes[i] == key[0] && matches(i, key)) {
                long value = 0;
                for (int at = i + key.length;
                        at < bodyTo && bytes[at] >= '0' && bytes[at] <= '9';
                        at++) {
                    value = value * 10 + bytes[at] - '0';
                }
                return value;
            }
        }
        return -1;
    }

    private boolean matches(int at, byte[] key) {
        for (int i = 0; i < key.length; i++) {
            if (bytes[at + i] != key[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean startsWith(byte[] array, int at, byte[] lowerCase) {
        if ((array[at] | 0x20) != lowerCase[0] || at + lowerCase.length > array.length) {
            return false;
        }
        for (int i = 1; i < lowerCase.length; i++) {
            int letter = array[at + i];
            if ((letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter) != lowerCase[i]) {
                return false;
            }
        }
        return true;
    }

    private static int decimal(byte[] array, int from) {
        int at = from;
        while (array[at] == ' ') {
            at++;
        }
        int value = 0;
        for (; array[at] >= '0' && array[at] <= '9'; at++) {
            value = value * 10 + array[at] - '0';
        }
        return value;
    }
}
