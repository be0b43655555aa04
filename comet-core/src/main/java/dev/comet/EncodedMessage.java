package dev.comet;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * A message's name and contents as UTF-8 JSON, encoded once when it was sent and shared by
 * everybody who gets it.
 *
 * <p>What a provider stores beside the id it assigns: a remote one stores {@link #name()}, {@link
 * #correlationId()} and {@link #contentsJson()} and makes an equal object of them when it reads.
 * Immutable.
 */
public final class EncodedMessage {

    // Kept: everything of {"id":N,"name":"…","contents":…} that follows the id, because only the id
    // differs from log to log.
    private static final byte[] BEFORE_ID = "{\"id\":".getBytes(UTF_8);
    private static final byte[] BEFORE_NAME = ",\"name\":\"".getBytes(UTF_8);
    private static final byte[] BEFORE_CORRELATION = "\",\"correlationId\":\"".getBytes(UTF_8);
    private static final byte[] BEFORE_CONTENTS = "\",\"contents\":".getBytes(UTF_8);

    private final String name;
    private final @Nullable String correlationId;
    private final byte[] afterId;
    private final int contentsStart;

    /** A message that belongs to no request. */
    public EncodedMessage(String name, byte[] contentsJson) {
        this(name, null, contentsJson);
    }

    /**
     * @param name the message's name
     * @param correlationId of the request that this is, or that it answers; null if neither
     * @param contentsJson the contents as one complete JSON value in UTF-8; copied. Line breaks
     *     between its parts become spaces: a message is one line, whatever carries it
     */
    public EncodedMessage(String name, @Nullable String correlationId, byte[] contentsJson) {
        this.name = name;
        this.correlationId = correlationId;
        byte[][] head =
                correlationId == null
                        ? new byte[][] {BEFORE_NAME, quoted(name), BEFORE_CONTENTS}
                        : new byte[][] {
                            BEFORE_NAME,
                            quoted(name),
                            BEFORE_CORRELATION,
                            quoted(correlationId),
                            BEFORE_CONTENTS
                        };
        int start = 0;
        for (byte[] part : head) {
            start += part.length;
        }
        this.contentsStart = start;
        this.afterId = new byte[contentsStart + contentsJson.length + 1];
        int at = 0;
        for (byte[] part : head) {
            System.arraycopy(part, 0, afterId, at, part.length);
            at += part.length;
        }
        for (int i = 0; i < contentsJson.length; i++) {
            byte b = contentsJson[i];
            afterId[contentsStart + i] = b == '\n' || b == '\r' ? (byte) ' ' : b;
        }
        afterId[afterId.length - 1] = '}';
    }

    private static byte[] quoted(String text) {
        return JsonStringEncoder.getInstance().quoteAsUTF8(text);
    }

    /** The message's name. */
    public String name() {
        return name;
    }

    /** The request that this is, or that it answers; null if neither. */
    public @Nullable String correlationId() {
        return correlationId;
    }

    /** A copy of the contents as one JSON value in UTF-8. */
    public byte[] contentsJson() {
        return Arrays.copyOfRange(afterId, contentsStart, afterId.length - 1);
    }

    /**
     * The most bytes that the whole message takes, whatever its id (unit: bytes). Bounds are
     * counted in this.
     */
    public int sizeInBytes() {
        return BEFORE_ID.length + MAX_DIGITS + afterId.length;
    }

    /** Bytes that {@link #write} writes for this id. */
    public int encodedLength(long id) {
        return BEFORE_ID.length + digits(id) + afterId.length;
    }

    /**
     * Writes <code>{"id":…,"name":"…","contents":…}</code>, with the correlation id, if there is
     * one, before the contents.
     *
     * @return the position after the last byte written
     */
    public int write(long id, byte[] target, int at) {
        System.arraycopy(BEFORE_ID, 0, target, at, BEFORE_ID.length);
        int afterDigits = at + BEFORE_ID.length + digits(id);
        long rest = id;
        for (int i = afterDigits - 1; i >= at + BEFORE_ID.length; i--) {
            target[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        System.arraycopy(afterId, 0, target, afterDigits, afterId.length);
        return afterDigits + afterId.length;
    }

    private static final int MAX_DIGITS = 19;

    private static int digits(long id) {
        if (id < 0) {
            throw new IllegalArgumentException("id is " + id + "; ids are not negative");
        }
        int digits = 1;
        for (long rest = id; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    @Override
    public String toString() {
        return "EncodedMessage[" + name + ", " + afterId.length + " bytes]";
    }
}
