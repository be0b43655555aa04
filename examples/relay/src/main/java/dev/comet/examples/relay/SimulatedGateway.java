package dev.comet.examples.relay;

import dev.comet.client.Comet;
import dev.comet.client.CometMessage;
import dev.comet.client.CometOptions;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands in a house: connects to the cloud from within, so that no port of the house is open,
 * and does what phones command: {@code on}, {@code off}, {@code state} of a light.
 */
final class SimulatedGateway implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SimulatedGateway.class);

    private final String mac;
    private final Map<String, Boolean> lights = new ConcurrentHashMap<>();
    private final CompletableFuture<Comet> comet;
    private volatile boolean closed;

    private SimulatedGateway(
            URI url, String mac, String deviceId, String key, CometOptions options) {
        this.mac = mac;
        Frame hello = Frame.of(Frame.Kind.GATEWAY_HELLO, Map.of("id", mac, "deviceid", deviceId));
        this.comet =
                Comet.connect(url, Map.of("frame", hello.hex(), "key", key), options)
                        .thenApply(this::connected)
                        .toCompletableFuture();
    }

    /**
     * @param key of the device with that MAC
     */
    static SimulatedGateway start(URI url, int number, String key) {
        return start(url, number, key, CometOptions.defaults());
    }

    static SimulatedGateway start(URI url, int number, String key, CometOptions options) {
        return new SimulatedGateway(url, mac(number), "gateway-" + number, key, options);
    }

    /** Of the locally administered ones, which no real device has. */
    static String mac(int number) {
        return "02:00:00:%02x:%02x:%02x"
                .formatted((number >> 16) & 0xFF, (number >> 8) & 0xFF, number & 0xFF);
    }

    CompletionStage<Comet> comet() {
        return comet;
    }

    private Comet connected(Comet client) {
        client.on(Relay.COMMAND, this::handle);
        if (closed) {
            client.close();
        }
        return client;
    }

    private void handle(CometMessage request) {
        Frame command;
        try {
            command = Frame.parse(request.contents(String.class));
        } catch (Frame.BadFrameException e) {
            request.refuse(String.valueOf(e.getMessage()));
            return;
        }
        String light = command.text("deviceid");
        Boolean on = state(light, command.text("command"));
        if (on == null) {
            request.refuse("unknown command; use on, off or state");
            return;
        }
        Frame reply =
                Frame.of(
                        Frame.Kind.REPLY,
                        Map.of("id", mac, "deviceid", light, "state", on ? "on" : "off"));
        request.reply(reply.hex())
                .whenComplete(
                        (done, failure) -> {
                            if (failure != null) {
                                LOG.debug("{}: nobody waits for the reply any more", mac, failure);
                            }
                        });
    }

    private @Nullable Boolean state(String light, String command) {
        return switch (command) {
            case "on" -> set(light, true);
            case "off" -> set(light, false);
            case "state" -> lights.getOrDefault(light, false);
            default -> null;
        };
    }

    private boolean set(String light, boolean on) {
        if (lights.size() < 1_000 || lights.containsKey(light)) {
            lights.put(light, on);
        }
        return on;
    }

    @Override
    public void close() {
        closed = true;
        comet.thenCompose(Comet::disconnect)
                .toCompletableFuture()
                .completeOnTimeout(false, 2, TimeUnit.SECONDS)
                .exceptionally(failure -> false)
                .join();
    }

    /**
     * {@code SimulatedGateway http://localhost:8080/comet CODE 7}: one gateway, until it is
     * stopped.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 3) {
            System.err.println("usage: SimulatedGateway URL-OF-COMET PAIRING-CODE NUMBER");
            System.exit(2);
        }
        URI url = URI.create(args[0]);
        int number = Integer.parseInt(args[2]);
        SimulatedGateway gateway = start(url, number, Pairing.key(url, mac(number), args[1]));
        Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "stop"));
        gateway.comet.join();
        LOG.info("Gateway {} is connected to {}", gateway.mac, args[0]);
        Thread.currentThread().join();
    }
}
