package dev.comet.examples.relay;

import dev.comet.CometException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the relay itself remembers, for all of its nodes: the digest of each device's key, and when
 * each device was last active, by MAC. Who is there is Comet's business. A relay of your own has a
 * database for it. Safe for use by any number of threads.
 *
 * <p>Methods fail with {@link CometException.Reason#PROVIDER_UNAVAILABLE} while the store is away.
 */
interface DeviceStore extends AutoCloseable {

    /** That of the device's key; null if it has none. */
    @Nullable String keyDigest(String mac);

    /** Returns false, and changes nothing, if the device has a key. */
    boolean addKeyDigest(String mac, String digest);

    void replaceKeyDigest(String mac, String digest);

    /** How many devices have a key. */
    long keys();

    /** Does not wait for the store, and may be lost with it. */
    void wasActive(String mac, Instant at);

    /** Those of them that were active ever. */
    Map<String, Instant> lastActive(List<String> macs);

    /**
     * The code that all nodes use which are not told one.
     *
     * @param proposed becomes that code if there is none yet
     */
    String pairingCode(String proposed);

    /**
     * Whether this node is to do a job that is to be done once in each interval, by whichever node.
     */
    boolean isTurn(String job, Duration interval);

    @Override
    void close();
}
