package dev.comet.examples.relay;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** For a relay that is one process: when it starts anew, devices pair anew. */
final class DevicesInMemory implements DeviceStore {

    private final ConcurrentHashMap<String, String> digests = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Instant> active = new ConcurrentHashMap<>();

    @Override
    public @Nullable String keyDigest(String mac) {
        return digests.get(mac);
    }

    @Override
    public boolean addKeyDigest(String mac, String digest) {
        return digests.putIfAbsent(mac, digest) == null;
    }

    @Override
    public void replaceKeyDigest(String mac, String digest) {
        digests.put(mac, digest);
    }

    @Override
    public long keys() {
        return digests.size();
    }

    @Override
    public void wasActive(String mac, Instant at) {
        active.put(mac, at);
    }

    @Override
    public Map<String, Instant> lastActive(List<String> macs) {
        Map<String, Instant> found = new HashMap<>();
        for (String mac : macs) {
            Instant at = active.get(mac);
            if (at != null) {
                found.put(mac, at);
            }
        }
        return found;
    }

    @Override
    public String pairingCode(String proposed) {
        return proposed;
    }

    @Override
    public boolean isTurn(String job, Duration interval) {
        return true;
    }

    @Override
    public void close() {}
}
