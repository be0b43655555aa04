package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Tokens and group names as they stand in keys: no user's text unescaped, no secret in the open.
 */
final class Names {

    private Names() {}

    static String escaped(String text) {
        return URLEncoder.encode(text, UTF_8);
    }

    static String unescaped(String text) {
        return URLDecoder.decode(text, UTF_8);
    }

    /** One cannot subscribe with it: who reads the store does not know the token. */
    static String hash(String privateToken) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(privateToken.getBytes(UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
