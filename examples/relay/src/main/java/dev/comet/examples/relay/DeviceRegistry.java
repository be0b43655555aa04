package dev.comet.examples.relay;

import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The devices that are there, by MAC: in when they connect, refreshed when they are heard of, out
 * when Comet has heard nothing of them for their idle time. Safe for use by any number of threads.
 */
final class DeviceRegistry {

    private final ConcurrentHashMap<String, Device> devices = new ConcurrentHashMap<>();
    private final Clock clock;

    DeviceRegistry(Clock clock) {
        this.clock = clock;
    }

    void add(Device device) {
        devices.put(device.mac(), device);
    }

    /** It was heard of. */
    void refresh(String mac) {
        devices.computeIfPresent(mac, (key, device) -> device.activeAt(clock.instant()));
    }

    void remove(String mac) {
        devices.remove(mac);
    }

    Optional<Device> find(String mac) {
        return Optional.ofNullable(devices.get(mac));
    }

    List<Device> all() {
        return devices.values().stream().sorted(Comparator.comparing(Device::mac)).toList();
    }

    List<Device> all(Device.Kind kind) {
        return all().stream().filter(device -> device.kind() == kind).toList();
    }
}
