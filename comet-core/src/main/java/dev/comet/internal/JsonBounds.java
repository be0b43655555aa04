package dev.comet.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.jspecify.annotations.Nullable;

/**
 * Whether encoded contents are one JSON value (RFC 8259) that every client can read: the bounds lie
 * below what the readers of JSON take that clients are made with.
 *
 * <p>One pass over the bytes, each looked at once; takes no memory unless a number is long or has
 * an exponent, or a name has escapes. Recursive, no deeper than the bound on nesting. Does not look
 * whether text is valid UTF-8: the generator has made it.
 */
public final class JsonBounds {

    /** How deep arrays and objects may lie in one another. */
    public static final int NESTING = 100;

    /** The longest name of a field, in UTF-16 code units. */
    public static final int NAME_LENGTH = 10_000;

    /** The longest number, in characters. */
    public static final int NUMBER_LENGTH = 500;

    /** What has no more digits than that, and no exponent, is within the range of a double. */
    private static final int SURELY_IN_RANGE = 300;

    /** With its e and its sign: of a zero, which is within the range whatever it is. */
    private static final int MAX_EXPONENT = 5;

    private static final int HEX_DIGITS = 4;

    private final byte[] json;
    private int at;
    private @Nullable String fault;

    private JsonBounds(byte[] json) {
        this.json = json;
    }

    /** What is wrong with the contents, and how to mend it; null if nothing is. */
    public static @Nullable String fault(byte[] json) {
        JsonBounds bounds = new JsonBounds(json);
        if (bounds.value(0)) {
            bounds.skipBlanks();
            if (bounds.at < json.length) {
                bounds.isNoJson();
            }
        }
        return bounds.fault;
    }

    /**
     * The rule for numbers: what a double can hold, if it rounds. A client that reads numbers as
     * doubles, as a browser does, would take any other for infinity or for zero.
     *
     * @param number as JSON writes it
     * @return what is wrong, and how to mend it; null if nothing is
     */
    static @Nullable String faultOfNumber(String number) {
        if (number.length() > NUMBER_LENGTH) {
            return "has a number of "
                    + number.length()
                    + " characters; use at most "
                    + NUMBER_LENGTH
                    + ", or send it as text";
        }
        int e = Math.max(number.indexOf('e'), number.indexOf('E'));
        if (e < 0 && number.length() <= SURELY_IN_RANGE) {
            return null;
        }
        double rounded = Double.parseDouble(number);
        boolean isZero = isZero(e < 0 ? number : number.substring(0, e));
        if (Double.isInfinite(rounded)
                || (rounded == 0 && !isZero)
                || (e >= 0 && number.length() - e > MAX_EXPONENT)) {
            return "has the number "
                    + shortened(number)
                    + "; use what a double can hold, from 4.9e-324 to 1.7e308, or send it as text";
        }
        return null;
    }

    private static boolean isZero(String mantissa) {
        return mantissa.chars().allMatch(c -> c < '1' || c > '9');
    }

    private static String shortened(String number) {
        return number.length() <= 40
                ? number
                : number.substring(0, 20) + "…" + number.substring(number.length() - 10);
    }

    /** Returns false once a fault was found, like all that follow. */
    private boolean value(int depth) {
        skipBlanks();
        return switch (peek()) {
            case '{' -> isNestedTooDeep(depth) ? false : object(depth + 1);
            case '[' -> isNestedTooDeep(depth) ? false : array(depth + 1);
            case '"' -> text();
            case 't' -> literal("true");
            case 'f' -> literal("false");
            case 'n' -> literal("null");
            case 'N', 'I' -> isNotFinite();
            default -> number();
        };
    }

    private boolean object(int depth) {
        at++;
        skipBlanks();
        if (peek() == '}') {
            at++;
            return true;
        }
        while (true) {
            skipBlanks();
            if (!name()) {
                return false;
            }
            skipBlanks();
            if (peek() != ':') {
                return isNoJson();
            }
            at++;
            if (!value(depth)) {
                return false;
            }
            skipBlanks();
            int next = peek();
            if (next != ',' && next != '}') {
                return isNoJson();
            }
            at++;
            if (next == '}') {
                return true;
            }
        }
    }

    private boolean array(int depth) {
        at++;
        skipBlanks();
        if (peek() == ']') {
            at++;
            return true;
        }
        while (true) {
            if (!value(depth)) {
                return false;
            }
            skipBlanks();
            int next = peek();
            if (next != ',' && next != ']') {
                return isNoJson();
            }
            at++;
            if (next == ']') {
                return true;
            }
        }
    }

    private boolean name() {
        int from = at + 1;
        if (!text()) {
            return false;
        }
        int length = 0;
        boolean isHalf = false;
        for (int i = from; i < at - 1; i++) {
            byte b = json[i];
            if (isContinuation(b)) {
                continue;
            }
            char unit = ' '; // whole, whatever it is
            if (b == '\\' && json[++i] == 'u') {
                unit = unit(i + 1);
                i += HEX_DIGITS;
            }
            if (isHalf != Character.isLowSurrogate(unit)) {
                return isNoText();
            }
            isHalf = Character.isHighSurrogate(unit);
            length += isPair(b) ? 2 : 1;
        }
        if (isHalf) {
            return isNoText();
        }
        if (length > NAME_LENGTH) {
            fault =
                    "has a field whose name has "
                            + length
                            + " characters; use at most "
                            + NAME_LENGTH;
        }
        return fault == null;
    }

    private static boolean isContinuation(byte b) {
        return (b & 0xC0) == 0x80;
    }

    /** Whether a character begins that is a surrogate pair in UTF-16. */
    private static boolean isPair(byte b) {
        return (b & 0xF8) == 0xF0;
    }

    private char unit(int from) {
        return (char) Integer.parseInt(new String(json, from, HEX_DIGITS, ISO_8859_1), 16);
    }

    private boolean text() {
        if (peek() != '"') {
            return isNoJson();
        }
        at++;
        while (at < json.length) {
            byte b = json[at];
            if (b == '"') {
                at++;
                return true;
            }
            if ((b >= 0 && b < ' ') || (b == '\\' && !isEscape())) {
                break;
            }
            at++;
        }
        return isNoJson();
    }

    /** Whether a backslash begins something that JSON knows; then moves on to its last byte. */
    private boolean isEscape() {
        at++;
        if (peek() != 'u') {
            return "\"\\/bfnrt".indexOf(peek()) >= 0;
        }
        for (int i = 0; i < HEX_DIGITS; i++) {
            at++;
            if (Character.digit(peek(), 16) < 0) {
                return false;
            }
        }
        return true;
    }

    private boolean number() {
        int from = at;
        if (peek() == '-') {
            at++;
            if (peek() == 'I') {
                return isNotFinite();
            }
        }
        int whole = at;
        boolean valid = digits() && (json[whole] != '0' || at == whole + 1);
        if (valid && peek() == '.') {
            at++;
            valid = digits();
        }
        boolean hasExponent = valid && (peek() == 'e' || peek() == 'E');
        if (hasExponent) {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            valid = digits();
        }
        if (!valid) {
            return isNoJson();
        }
        if (hasExponent || at - from > SURELY_IN_RANGE) {
            fault = faultOfNumber(new String(json, from, at - from, ISO_8859_1));
        }
        return fault == null;
    }

    private boolean digits() {
        int from = at;
        while (at < json.length && json[at] >= '0' && json[at] <= '9') {
            at++;
        }
        return at > from;
    }

    private boolean literal(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (peek() != word.charAt(i)) {
                return isNoJson();
            }
            at++;
        }
        return true;
    }

    private void skipBlanks() {
        while (at < json.length
                && (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t')) {
            at++;
        }
    }

    private int peek() {
        return at < json.length ? json[at] : -1;
    }

    private boolean isNestedTooDeep(int depth) {
        if (depth < NESTING) {
            return false;
        }
        fault = "is nested deeper than " + NESTING + "; send it flatter, or in parts";
        return true;
    }

    private boolean isNotFinite() {
        fault =
                "has a number that is not finite, which JSON cannot say; send null or a text instead";
        return false;
    }

    private boolean isNoText() {
        fault = "has a field whose name has half a surrogate pair; use whole characters";
        return false;
    }

    private boolean isNoJson() {
        fault = "is not one JSON value at byte " + at + "; see the serializer that wrote it";
        return false;
    }
}
