package dev.comet.examples.relay;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How often each address may knock: a burst at once, so many a second in the long run. Remembers
 * 10,000 addresses, those that knocked last. Safe for use by any number of threads.
 *
 * <p>Of IPv6 the first half counts: a peer has the other half to itself.
 */
final class AddressRate {

    private static final int MAX_ADDRESSES = 10_000;
    private static final int NETWORK_BYTES = 8;

    private final long nanosPerKnock;
    private final long nanosPerBurst;
    private final LongSupplier nanos;

    /** When each may do a full burst again, the least recent first. Guarded by itself. */
    private final LinkedHashMap<String, Long> fullAt =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > MAX_ADDRESSES;
                }
            };

    /**
     * @param nanos the time, in nanoseconds since any moment
     */
    AddressRate(int perSecond, int burst, LongSupplier nanos) {
        this.nanosPerKnock = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.nanosPerBurst = nanosPerKnock * burst;
        this.nanos = nanos;
    }

    /** Returns 0, or in how many seconds to knock again. */
    long knock(String address) {
        long now = nanos.getAsLong();
        String network = network(address);
        synchronized (fullAt) {
            Long known = fullAt.get(network);
            long next = (known == null || known - now < 0 ? now : known) + nanosPerKnock;
            if (next - now <= nanosPerBurst) {
                fullAt.put(network, next);
                return 0;
            }
            return 1 + TimeUnit.NANOSECONDS.toSeconds(next - now - nanosPerBurst);
        }
    }

    private static String network(String address) {
        try {
            byte[] bytes =
                    InetAddress.getByName(address).getAddress(); // digits: no name is asked for
            return bytes.length > NETWORK_BYTES
                    ? Arrays.toString(Arrays.copyOf(bytes, NETWORK_BYTES))
                    : address;
        } catch (UnknownHostException e) {
            return address;
        }
    }
}
