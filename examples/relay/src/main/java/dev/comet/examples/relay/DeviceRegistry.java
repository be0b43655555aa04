package dev.comet.examples.relay;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The devices that are there, at whichever node: Comet's clients, in a group for each kind. In when
 * they connect, active when they ask, reply or confirm, out when Comet has heard nothing of them
 * for their idle time. Safe for use by any number of threads.
 */
final class DeviceRegistry {

    private final CometStateManager comet;
    private final DeviceStore store;
    private final Clock clock;

    DeviceRegistry(CometStateManager comet, DeviceStore store, Clock clock) {
        this.comet = comet;
        this.store = store;
        this.clock = clock;
    }

    /** The group of those of this kind. */
    static String group(Device.Kind kind) {
        return switch (kind) {
            case GATEWAY -> "gateways";
            case PHONE -> "phones";
        };
    }

    /** What was a device's hello. */
    static Device.Kind kind(CometClient client) {
        return Device.Kind.valueOf(String.valueOf(client.attributes().get("kind")));
    }

    /**
     * It has connected.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST if it has gone again
     */
    void add(CometClient client) {
        wasActive(client.publicToken());
        comet.joinGroup(client, group(kind(client)));
    }

    void wasActive(String mac) {
        store.wasActive(mac, clock.instant());
    }

    Optional<Device> find(String mac) {
        return comet.findClientByPublicToken(mac).map(client -> devices(List.of(client)).get(0));
    }

    List<Device> all() {
        return Stream.of(Device.Kind.values())
                .flatMap(kind -> all(kind).stream())
                .sorted(Comparator.comparing(Device::mac))
                .toList();
    }

    /** In the order of their MACs. */
    List<Device> all(Device.Kind kind) {
        return devices(comet.groupMembers(group(kind)));
    }

    private List<Device> devices(List<CometClient> clients) {
        Instant now = clock.instant();
        Map<String, Instant> active =
                store.lastActive(clients.stream().map(CometClient::publicToken).toList());
        return clients.stream()
                .map(
                        client ->
                                new Device(
                                        kind(client),
                                        client.publicToken(),
                                        client.displayName(),
                                        active.getOrDefault(client.publicToken(), now)))
                .sorted(Comparator.comparing(Device::mac))
                .toList();
    }
}
