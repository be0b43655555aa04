package dev.comet.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * The contents of every message: 100 ASCII bytes that say who sent it, which of that sender's it
 * is, and when it was meant to be sent. They need no escaping in JSON and begin with a mark that
 * appears nowhere else, so that a reader finds them in any framework's answer without parsing it.
 */
public final class Payload {

    public static final byte MARK = '~';
    public static final int BYTES = 100;

    private static final int SENDER_DIGITS = 6;
    private static final int NUMBER_DIGITS = 9;
    private static final int NANOS_DIGITS = 19;
    private static final int NUMBER = 1 + SENDER_DIGITS;
    private static final int NANOS = NUMBER + NUMBER_DIGITS;

    private Payload() {}

    /**
     * @param sender 0 for the server, else the client's number
     * @param number 1, 2, 3, … for each sender
     * @param intendedNanos when it was meant to be sent, by {@link System#nanoTime}, which all
     *     processes of a Linux machine share
     */
    public static byte[] encode(int sender, long number, long intendedNanos) {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) '.');
        bytes[0] = MARK;
        digits(bytes, 1, SENDER_DIGITS, sender);
        digits(bytes, NUMBER, NUMBER_DIGITS, number);
        digits(bytes, NANOS, NANOS_DIGITS, intendedNanos);
        return bytes;
    }

    public static String text(int sender, long number, long intendedNanos) {
        return new String(encode(sender, number, intendedNanos), US_ASCII);
    }

    /**
     * @param at the position of the mark
     */
    public static int sender(byte[] bytes, int at) {
        return (int) number(bytes, at + 1, SENDER_DIGITS);
    }

    public static long number(byte[] bytes, int at) {
        return number(bytes, at + NUMBER, NUMBER_DIGITS);
    }

    public static long intendedNanos(byte[] bytes, int at) {
        return number(bytes, at + NANOS, NANOS_DIGITS);
    }

    private static void digits(byte[] bytes, int from, int count, long value) {
        long rest = value;
        for (int i = from + count - 1; i >= from; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }

    private static long number(byte[] bytes, int from, int count) {
        long value = 0;
        for (int i = from; i < from + count; i++) {
            value = value * 10 + bytes[i] - '0';
        }
        return value;
    }
}
