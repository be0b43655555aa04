package dev.comet.examples.relay;

import dev.comet.CometException;
import dev.comet.CometException.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Objects;

/**
 * The keys of the devices, by MAC: a MAC is on the label of each device, a key is not. A device
 * gets its own once, by {@linkplain #enrol pairing}, and shows it whenever it connects.
 *
 * <p>Only a digest of each key is kept: who reads the store has no key. Keys are random and long,
 * so that a plain digest will do. Digests are compared in constant time, and a MAC that nobody has
 * costs as much as a wrong key. Bounded. Safe for use by any number of threads.
 */
final class DeviceKeys {

    private static final int MAX_DEVICES = 100_000;
    private static final int KEY_BYTES = 18;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Of a key that nobody has. */
    private static final String NOBODY = digest(random());

    private final DeviceStore store;
    private final String code;

    /**
     * @param code what the owner gives to devices that are to be let in
     */
    DeviceKeys(DeviceStore store, String code) {
        this.store = store;
        this.code = digest(code);
    }

    /** Nobody can guess it: 144 bits, in letters, digits, {@code -} and {@code _}. */
    static String random() {
        byte[] bytes = new byte[KEY_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().encodeToString(bytes);
    }

    /**
     * A device that knows the pairing code gets its key: once, since whoever came second could be
     * anybody.
     *
     * @throws CometException REFUSED for another code; CLIENT_ALREADY_EXISTS if the device has its
     *     key; LIMIT_REACHED if there are too many devices
     */
    String enrol(String mac, String code) {
        if (!isSame(this.code, digest(code))) {
            throw new CometException(
                    Reason.REFUSED, "wrong pairing code; use the one that the relay printed");
        }
        if (store.keys() >= MAX_DEVICES) {
            throw new CometException(
                    Reason.LIMIT_REACHED, "there are " + MAX_DEVICES + " devices already");
        }
        String key = random();
        if (!store.addKeyDigest(mac, digest(key))) {
            throw new CometException(
                    Reason.CLIENT_ALREADY_EXISTS, mac + " has its key; a key is given once");
        }
        return key;
    }

    /** A new key for a device that the owner has at hand, in place of the one that it had. */
    String issue(String mac) {
        String key = random();
        store.replaceKeyDigest(mac, digest(key));
        return key;
    }

    /** Whether this is the key of that device. */
    boolean isKeyOf(String mac, String key) {
        return isSame(Objects.requireNonNullElse(store.keyDigest(mac), NOBODY), digest(key));
    }

    private static boolean isSame(String digest, String other) {
        return MessageDigest.isEqual(
                digest.getBytes(StandardCharsets.US_ASCII),
                other.getBytes(StandardCharsets.US_ASCII));
    }

    private static String digest(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
