package dev.comet.examples.relay;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What devices and the cloud say to each other: the byte {@code AA}, the length of the JSON in two
 * bytes (big-endian), three bytes of header, the JSON, and the XOR of everything after {@code AA}.
 * It travels as text, in hexadecimal digits. Immutable.
 *
 * @param header its kind, and two bytes that are the device's own
 * @param json an object
 */
record Frame(Header header, JsonNode json) {

    private static final JsonMapper JSON = new JsonMapper();
    private static final HexFormat HEX = HexFormat.of().withUpperCase();
    private static final byte BEGIN = (byte) 0xAA;
    private static final int BEFORE_JSON = 6;
    private static final int MAX_JSON = 0xFFFF;

    /** What a frame is for: the first byte of the header. */
    enum Kind {
        GATEWAY_HELLO(1),
        PHONE_HELLO(2),
        COMMAND(3),
        REPLY(4),
        HEART(5);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        static Kind of(int code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            throw new BadFrameException("the kind is " + code + "; use 1 to " + values().length);
        }
    }

    /** Three bytes. */
    record Header(Kind kind, int second, int third) {

        static Header of(Kind kind) {
            return new Header(kind, 0, 0);
        }
    }

    /** Nothing of such a frame is passed on. */
    static final class BadFrameException extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        BadFrameException(String reason) {
            super("bad frame: " + reason);
        }
    }

    static Frame of(Kind kind, Map<String, ?> json) {
        return new Frame(Header.of(kind), JSON.valueToTree(json));
    }

    /** From hexadecimal digits. */
    static Frame parse(String hex) {
        return parse(decoded(hex));
    }

    /** The bytes of a frame in hexadecimal digits, each as it came, once they are found good. */
    static byte[] verified(String hex) {
        byte[] bytes = decoded(hex);
        parse(bytes);
        return bytes;
    }

    private static byte[] decoded(String hex) {
        try {
            return HexFormat.of().parseHex(hex.strip());
        } catch (IllegalArgumentException e) {
            throw new BadFrameException("not pairs of hexadecimal digits");
        }
    }

    static Frame parse(byte[] bytes) {
        if (bytes.length < BEFORE_JSON + 1 || bytes[0] != BEGIN) {
            throw new BadFrameException("it does not begin with AA, a length and a header");
        }
        int length = (bytes[1] & 0xFF) << 8 | (bytes[2] & 0xFF);
        if (bytes.length != BEFORE_JSON + length + 1) {
            throw new BadFrameException(
                    "it says that its JSON has "
                            + length
                            + " bytes, and has "
                            + (bytes.length - BEFORE_JSON - 1));
        }
        byte checksum = checksum(bytes);
        if (checksum != bytes[bytes.length - 1]) {
            throw new BadFrameException(
                    "the checksum is %02X; it should be %02X"
                            .formatted(bytes[bytes.length - 1], checksum));
        }
        Header header = new Header(Kind.of(bytes[3] & 0xFF), bytes[4] & 0xFF, bytes[5] & 0xFF);
        return new Frame(
                header, object(Arrays.copyOfRange(bytes, BEFORE_JSON, BEFORE_JSON + length)));
    }

    private static JsonNode object(byte[] bytes) {
        JsonNode json;
        try {
            json = JSON.readTree(bytes);
        } catch (JacksonException e) {
            throw new BadFrameException("its JSON is malformed");
        }
        if (!json.isObject()) {
            throw new BadFrameException("its JSON is no object");
        }
        return json;
    }

    Kind kind() {
        return header.kind;
    }

    /** A field of the JSON; empty if it is not there. */
    String text(String field) {
        return json.path(field).asString("");
    }

    byte[] bytes() {
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        if (text.length > MAX_JSON) {
            throw new BadFrameException("its JSON has more than " + MAX_JSON + " bytes");
        }
        byte[] bytes = new byte[BEFORE_JSON + text.length + 1];
        bytes[0] = BEGIN;
        bytes[1] = (byte) (text.length >> 8);
        bytes[2] = (byte) text.length;
        bytes[3] = (byte) header.kind.code;
        bytes[4] = (byte) header.second;
        bytes[5] = (byte) header.third;
        System.arraycopy(text, 0, bytes, BEFORE_JSON, text.length);
        bytes[bytes.length - 1] = checksum(bytes);
        return bytes;
    }

    String hex() {
        return HEX.formatHex(bytes());
    }

    /** Of everything after the first byte and before the last. */
    private static byte checksum(byte[] bytes) {
        byte sum = 0;
        for (int i = 1; i < bytes.length - 1; i++) {
            sum ^= bytes[i];
        }
        return sum;
    }
}
