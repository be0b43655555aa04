package dev.comet.examples.relay;

import java.time.Instant;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A gateway or a phone.
 *
 * @param mac its address, in lower case with colons; also its public token
 * @param deviceId what it calls itself
 * @param lastActive when it was last active
 */
record Device(Kind kind, String mac, String deviceId, Instant lastActive) {

    private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");
    private static final Pattern ID = Pattern.compile("[\\p{L}\\p{N} ._-]{1,40}");

    /** In a house, or in a pocket. */
    enum Kind {
        GATEWAY,
        PHONE
    }

    /** Who says hello. */
    static Device of(Frame hello, Instant now) {
        Kind kind =
                switch (hello.kind()) {
                    case GATEWAY_HELLO -> Kind.GATEWAY;
                    case PHONE_HELLO -> Kind.PHONE;
                    default -> throw new Frame.BadFrameException("it is no hello");
                };
        String mac = normalised(hello.text("id"));
        String deviceId = hello.text("deviceid");
        if (!ID.matcher(deviceId).matches()) {
            throw new Frame.BadFrameException("deviceid has not 1 to 40 letters, digits and . _ -");
        }
        return new Device(kind, mac, deviceId, now);
    }

    static String normalised(String mac) {
        String lower = mac.toLowerCase(Locale.ROOT).replace('-', ':');
        if (!MAC.matcher(lower).matches()) {
            throw new Frame.BadFrameException("no MAC, such as 02:00:00:00:00:01");
        }
        return lower;
    }
}
