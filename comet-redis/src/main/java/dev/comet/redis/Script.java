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
 * What the store does in one step. Each is a file beside this one, after the parts that it needs.
 */
enum Script {
    HELLO("nodes"),
    INITIALIZE,
    FIND,
    DESCRIBE,
    ATTACH("full"),
    CHECK,
    KEEPALIVE("full"),
    KILL("full", "logs"),
    ORPHANS("full", "logs"),
    REMOVE("full", "logs"),
    FOLLOW("full"),
    SEND("logs"),
    READ("full", "logs"),
    JOIN("logs"),
    LEAVE("full", "logs"),
    GROUPS,
    HISTORY("full", "logs"),
    MEMBERS,
    AWAIT("full"),
    REPLY("full"),
    REPLIED,
    LEASE("full", "nodes"),
    TIDY("full", "logs"),
    USAGE;

    private final String source;
    private final String digest;

    /**
     * @param parts what it has before it besides base.lua: full.lua, to be done also when Redis is
     *     full, and logs.lua, which costs a little with each run
     */
    Script(String... parts) {
        StringBuilder text = new StringBuilder(resource("base"));
        for (String part : parts) {
            text.append(resource(part));
        }
        source = text.append(resource(name().toLowerCase(Locale.ROOT))).toString();
        digest = sha1(source.getBytes(UTF_8));
    }

    String source() {
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
