package dev.comet.examples.relay;

import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The devices that are there, by MAC: in when they connect, refreshed when they are active, out
 * when Comet has heard nothing of them for their idle time. Safe for use by any number of threads.
 */
final class DeviceRegistry {

    private final ConcurrentHashMap<String, Visit> visits = new ConcurrentHashMap<>();
    private final Clock clock;

    /**
     * @param confirmed up to which message it has confirmed what it got
     */
    private record Visit(Device device, String id, long confirmed) {}

    DeviceRegistry(Clock clock) {
        this.clock = clock;
    }

    /**
     * @param visit tells this visit of the device from others
     */
    void add(Device device, String visit) {
        visits.put(device.mac(), new Visit(device, visit, 0));
    }

    /** It was active. */
    void refresh(String mac) {
        visits.computeIfPresent(
                mac,
                (key, visit) ->
                        new Visit(
                                visit.device.activeAt(clock.instant()), visit.id, visit.confirmed));
    }

    /** Up to where it has confirmed what it got: if that is news, it was active. */
    void confirmed(String mac, String visit, long upTo) {
        visits.computeIfPresent(
                mac,
                (key, known) ->
                        known.id.equals(visit) && known.confirmed < upTo
                                ? new Visit(known.device.activeAt(clock.instant()), visit, upTo)
                                : known);
    }

    /** This visit is over; a later one of the same device is not. */
    void remove(String mac, String visit) {
        visits.computeIfPresent(mac, (key, known) -> known.id.equals(visit) ? null : known);
    }

    Optional<Device> find(String mac) {
        return Optional.ofNullable(visits.get(mac)).map(Visit::device);
    }

    List<Device> all() {
        return visits.values().stream()
                .map(Visit::device)
                .sorted(Comparator.comparing(Device::mac))
                .toList();
    }

    List<Device> all(Device.Kind kind) {
        return all().stream().filter(device -> device.kind() == kind).toList();
    }
}
