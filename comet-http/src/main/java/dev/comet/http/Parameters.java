package dev.comet.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a poll or a disconnect says of itself: the same parameters in a query, a form or a JSON
 * object. Anything else in there is ignored, so that later clients can talk to this server. Strict
 * about what it knows: each at most once, whole numbers, valid escapes.
 */
final class Parameters {

    private static final long MAX_ID = (1L << 53) - 1;

    /** The client did not say. */
    static final long UNSET = -1;

    /** In characters: many times what clients and those on the way put into an address. */
    static final int MAX_LENGTH = 8 << 10;

    private static final String LAST_MESSAGE_ID = "lastMessageId";
    private static final String HOLD = "hold";
    private static final String INSTANCE = "instance";
    private static final String PRIVATE_TOKEN = "privateToken";
    private static final String PUBLIC_TOKEN = "publicToken";

    private @Nullable Long lastMessageId;
    private @Nullable Long hold;
    private @Nullable Long instance;
    private @Nullable String privateToken;
    private @Nullable String publicToken;

    private Parameters() {}

    /** The cursor; 0 unless given. */
    long lastMessageId() {
        return lastMessageId == null ? 0 : lastMessageId;
    }

    /** In seconds; {@link #UNSET} unless given. */
    long hold() {
        return hold == null ? UNSET : hold;
    }

    /** What the client calls itself; 0 unless given. */
    long instance() {
        return instance == null ? 0 : instance;
    }

    @Nullable String privateToken() {
        return privateToken;
    }

    /** Of the client that the caller takes itself for; null unless given. */
    @Nullable String publicToken() {
        return publicToken;
    }

    /** The cursor in a {@code Last-Event-ID}. */
    static long lastEventId(String value) {
        return cursor(whole("Last-Event-ID", value));
    }

    /**
     * From a query string or a form, which are the same. This is on the path of each poll: the
     * usual one costs no copy but that of its numbers.
     */
    static Parameters ofEncoded(@Nullable String encoded) {
        Parameters parameters = new Parameters();
        if (encoded == null) {
            return parameters;
        }
        if (encoded.length() > MAX_LENGTH) {
            throw HttpErrorException.tooLarge(
                    "parameters are longer than " + MAX_LENGTH + " characters; send less");
        }
        boolean escaped = encoded.indexOf('%') >= 0 || encoded.indexOf('+') >= 0;
        int start = 0;
        while (start < encoded.length()) {
            int end = encoded.indexOf('&', start);
            end = end < 0 ? encoded.length() : end;
            int nameEnd = start;
            while (nameEnd < end && encoded.charAt(nameEnd) != '=') {
                nameEnd++; // not indexOf, which would look behind the end, for each parameter
            }
            String name = encoded.substring(start, nameEnd);
            String value = nameEnd == end ? "" : encoded.substring(nameEnd + 1, end);
            if (escaped) {
                name = decode("the name of a parameter", name);
                value = decode(name, value);
            }
            parameters.put(name, value);
            start = end + 1;
        }
        return parameters;
    }

    /** From a body that is empty, a form or a JSON object. */
    static Parameters ofBody(Body body, JsonMapper strict) {
        if (body.isEmpty()) {
            return new Parameters();
        }
        return body.isForm() ? ofEncoded(body.text()) : ofJson(body.jsonObject(strict));
    }

    private static Parameters ofJson(JsonNode object) {
        Parameters parameters = new Parameters();
        if (object.has(LAST_MESSAGE_ID)) {
            parameters.lastMessageId = cursor(whole(LAST_MESSAGE_ID, object.get(LAST_MESSAGE_ID)));
        }
        if (object.has(HOLD)) {
            parameters.hold = hold(whole(HOLD, object.get(HOLD)));
        }
        if (object.has(INSTANCE)) {
            parameters.instance = instance(whole(INSTANCE, object.get(INSTANCE)));
        }
        parameters.privateToken = privateToken(object);
        parameters.publicToken = text(PUBLIC_TOKEN, object.get(PUBLIC_TOKEN));
        return parameters;
    }

    /** The JSON field of that name, or null. */
    static @Nullable String privateToken(JsonNode object) {
        return text(PRIVATE_TOKEN, object.get(PRIVATE_TOKEN));
    }

    private static @Nullable String text(String name, @Nullable JsonNode value) {
        if (value == null) {
            return null;
        }
        if (!value.isString()) {
            throw HttpErrorException.parametersInvalid(name + " is not a string; quote it");
        }
        return value.stringValue();
    }

    private void put(String name, String value) {
        switch (name) {
            case LAST_MESSAGE_ID -> {
                once(name, lastMessageId);
                lastMessageId = cursor(whole(name, value));
            }
            case HOLD -> {
                once(name, hold);
                hold = hold(whole(name, value));
            }
            case INSTANCE -> {
                once(name, instance);
                instance = instance(whole(name, value));
            }
            case PRIVATE_TOKEN -> {
                once(name, privateToken);
                privateToken = value;
            }
            case PUBLIC_TOKEN -> {
                once(name, publicToken);
                publicToken = value;
            }
            default -> {
                // A newer client's, or a cache buster.
            }
        }
    }

    private static void once(String name, @Nullable Object before) {
        if (before != null) {
            throw HttpErrorException.parametersInvalid(
                    name + " is there more than once; send it once");
        }
    }

    private static long cursor(long value) {
        if (value < -1) {
            throw HttpErrorException.parametersInvalid(
                    "lastMessageId is " + value + "; use the cursor, 0, or -1");
        }
        // Above that there is no id, and a client in JavaScript could not read it if it were told.
        return Math.min(value, MAX_ID);
    }

    /** It is told to other requests of the client. */
    private static long instance(long value) {
        if (Math.abs(value) > MAX_ID || value == Long.MIN_VALUE) {
            throw HttpErrorException.parametersInvalid(
                    "instance is " + value + "; use a number between -2^53 and 2^53");
        }
        return value;
    }

    private static long hold(long value) {
        if (value < 0) {
            throw HttpErrorException.parametersInvalid(
                    "hold is " + value + "; use 0 or more seconds");
        }
        return value;
    }

    private static long whole(String name, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw notWhole(name);
        }
        return value.longValue();
    }

    /** Digits with at most a minus before them: no exponent, no plus, no blank, no overflow. */
    private static long whole(String name, String digits) {
        int from = digits.startsWith("-") ? 1 : 0;
        if (digits.length() == from) {
            throw notWhole(name);
        }
        long value = 0;
        for (int i = from; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
                throw notWhole(name);
            }
            value = value * 10 + digit;
        }
        return from == 0 ? value : -value;
    }

    /**
     * The value stays out of the text: what a peer sends as a number may be its token by mistake.
     */
    private static HttpErrorException notWhole(String name) {
        return HttpErrorException.parametersInvalid(
                name + " is not a whole number of 64 bits; send digits");
    }

    private static String decode(String what, String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw HttpErrorException.parametersInvalid(what + " has a malformed % escape; use %XX");
        }
    }
}
