package dev.comet.internal;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one rule for the names of messages, wherever they come from: the application, its hooks, or a
 * peer. A name is text of 1 to 128 characters, not blank, without control characters, of whole
 * characters only, and does not begin with {@value #PREFIX}.
 */
public final class Names {

    /**
     * Names that begin with this belong to the protocol (docs/protocol.md); applications and
     * clients may not use them.
     */
    public static final String PREFIX = "comet.";

    /** Of the message that brings a client the reply to a request of its own. */
    public static final String REPLY = "comet.reply";

    /** Of the message that tells a client why a request of its own gets no reply. */
    public static final String REFUSED = "comet.refused";

    /** The longest name of a message (unit: UTF-16 code units). */
    public static final int MAX_LENGTH = 128;

    private static final Pattern CORRELATION_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private Names() {}

    /** Whether this can be a correlation id: 1 to 64 letters, digits, {@code -} and {@code _}. */
    public static boolean isCorrelationId(String text) {
        return CORRELATION_ID.matcher(text).matches();
    }

    /** What is wrong with this name of a message, and how to mend it; null if nothing is. */
    public static @Nullable String faultOfMessage(@Nullable String name) {
        String fault = fault("name", name, MAX_LENGTH);
        if (fault != null) {
            return fault;
        }
        return name != null && name.startsWith(PREFIX)
                ? "name is \""
                        + name
                        + "\"; names that begin with \""
                        + PREFIX
                        + "\" are the library's own, choose another"
                : null;
    }

    /** The same for any short text, but for the prefix, which only messages must not have. */
    public static @Nullable String fault(String what, @Nullable String value, int max) {
        if (value == null || value.isBlank()) {
            return what
                    + " is "
                    + (value == null ? "null" : "blank")
                    + "; use 1 to "
                    + max
                    + " characters";
        }
        if (value.length() > max) {
            return what + " has " + value.length() + " characters; use 1 to " + max;
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            return what + " has control characters; use none";
        }
        if (value.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)) {
            return what + " has half a surrogate pair; use whole characters";
        }
        return null;
    }
}
