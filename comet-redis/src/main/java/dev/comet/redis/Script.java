package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * What the store does in one step. Each is a file beside this one, after what base.lua and logs.lua
 * define.
 */
enum Script {
    INITIALIZE(false),
    FIND(false),
    DESCRIBE(false),
    ATTACH(false),
    CHECK(false),
    KEEPALIVE(false),
    KILL(true),
    ORPHANS(true),
    REMOVE(true),
    SEND(true),
    READ(true),
    JOIN(true),
    LEAVE(true),
    GROUPS(false),
    HISTORY(true),
    MEMBERS(false),
    AWAIT(false),
    REPLY(false),
    REPLIED(false),
    LEASE(false),
    TIDY(true),
    USAGE(false);

    private final byte[] source;
    private final String digest;

    /**
     * @param hasLogs whether it reads or changes logs: what that takes costs a little with each run
     */
    Script(boolean hasLogs) {
        source =
                (resource("base")
                                + (hasLogs ? resource("logs") : "")
                                + resource(name().toLowerCase(Locale.ROOT)))
                        .getBytes(UTF_8);
        digest = sha1(source);
    }

    byte[] source() {
        return source;
    }

    /** By which the store knows it once it has seen it. */
    String digest() {
        return digest;
    }

    private static String resource(String name) {
        try (InputStream in = Script.class.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IllegalStateException(name + ".lua is missing from comet-redis");
            }
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha1(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-1", e);
        }
    }
}
