package dev.comet;

import dev.comet.internal.Names;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What tokens, names and times may look like. Each rule returns the value it has checked, or says
 * name, value, rule and fix.
 */
final class Arguments {

    private static final int MAX_TOKEN = 256;
    private static final int MAX_NAME = 128;
    private static final int MAX_SECONDS = 86_400;
    private static final int MAX_ATTRIBUTES = 32;
    private static final int MAX_ATTRIBUTE_VALUE = 1_024;
    private static final int MAX_USER = 8_192;

    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);

    /** What may stand in an Authorization header (RFC 6750, b64token) and in a cookie. */
    private static final Pattern PRIVATE_TOKEN =
            Pattern.compile("[A-Za-z0-9\\-._~+/=]{1," + MAX_TOKEN + "}");

    private Arguments() {}

    static CometException invalid(String text) {
        return CometException.forDevelopers(CometException.Reason.PARAMETERS_INVALID, text);
    }

    static String publicToken(@Nullable String token) {
        return text("publicToken", token, MAX_TOKEN);
    }

    static String privateToken(@Nullable String token) {
        // The value is a secret: no text shows it, however wrong it is.
        if (token == null || token.isBlank()) {
            throw invalid("privateToken is blank; leave it unset to get a random one");
        }
        if (!PRIVATE_TOKEN.matcher(token).matches()) {
            throw invalid(
                    "privateToken has "
                            + token.length()
                            + " characters or characters outside A-Z a-z 0-9 - . _ ~ + / =; use 1 to "
                            + MAX_TOKEN
                            + " of these");
        }
        return token;
    }

    static String displayName(@Nullable String name) {
        return text("displayName", name, MAX_TOKEN);
    }

    static String group(@Nullable String group) {
        return text("group", group, MAX_NAME);
    }

    static String messageName(@Nullable String name) {
        return checked(name, Names.faultOfMessage(name));
    }

    static String correlationId(@Nullable String correlationId) {
        if (correlationId == null || !Names.isCorrelationId(correlationId)) {
            throw invalid(
                    "correlationId is missing, longer than 64 characters or has others than A-Z a-z 0-9 - _; leave it out to get one");
        }
        return correlationId;
    }

    static Duration timeout(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw invalid(
                    "timeout is "
                            + timeout
                            + "; use more than zero and at most "
                            + LONGEST_TIMEOUT);
        }
        return timeout;
    }

    static int seconds(String what, int seconds) {
        if (seconds < 1 || seconds > MAX_SECONDS) {
            throw invalid(what + " is " + seconds + "; use 1 to " + MAX_SECONDS + " seconds");
        }
        return seconds;
    }

    static Map<String, String> attributes(Map<String, String> attributes) {
        if (attributes.size() > MAX_ATTRIBUTES) {
            throw invalid(
                    "attributes has "
                            + attributes.size()
                            + " entries; use at most "
                            + MAX_ATTRIBUTES);
        }
        attributes.forEach(
                (key, value) -> {
                    text("attribute key", key, MAX_NAME);
                    if (value == null || value.length() > MAX_ATTRIBUTE_VALUE) {
                        throw invalid(
                                "attribute "
                                        + key
                                        + " has "
                                        + (value == null
                                                ? "no value"
                                                : value.length() + " characters")
                                        + "; use at most "
                                        + MAX_ATTRIBUTE_VALUE
                                        + " characters");
                    }
                });
        return attributes.isEmpty()
                ? Map.of()
                : Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }

    /** The container's word for somebody: whatever characters it has. */
    static String user(String user) {
        if (user.length() > MAX_USER) {
            throw invalid("user has " + user.length() + " characters; use at most " + MAX_USER);
        }
        return user;
    }

    private static String text(String what, @Nullable String value, int max) {
        return checked(value, Names.fault(what, value, max));
    }

    private static String checked(@Nullable String value, @Nullable String fault) {
        if (fault != null) {
            throw invalid(fault);
        }
        return Objects.requireNonNull(value);
    }
}
