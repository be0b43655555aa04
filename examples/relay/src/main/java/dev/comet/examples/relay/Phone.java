package dev.comet.examples.relay;

import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometOptions;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import tools.jackson.databind.JsonNode;

/** A phone outside the house, and one for the command line. */
final class Phone implements AutoCloseable {

    /** Longer than the cloud waits for the gateway: it is the cloud that says what happened. */
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    private final Comet comet;

    private Phone(Comet comet) {
        this.comet = comet;
    }

    static CompletionStage<Phone> connect(
            URI url, String mac, String deviceId, String key, CometOptions options) {
        Frame hello = Frame.of(Frame.Kind.PHONE_HELLO, Map.of("id", mac, "deviceid", deviceId));
        return Comet.connect(url, Map.of("frame", hello.hex(), "key", key), options)
                .thenApply(Phone::new);
    }

    /** Fails with a {@link CometClientException}, as the cause, whose code says how. */
    CompletionStage<Frame> command(String gateway, String light, String command) {
        Frame frame =
                Frame.of(
                        Frame.Kind.COMMAND,
                        Map.of("id", gateway, "deviceid", light, "command", command));
        return send(frame.hex());
    }

    CompletionStage<Frame> send(String hex) {
        return comet.request(Relay.COMMAND, hex, TIMEOUT)
                .thenApply(JsonNode::stringValue)
                .thenApply(Frame::parse);
    }

    CompletionStage<JsonNode> gateways() {
        return comet.request("relay.devices", "all");
    }

    Comet comet() {
        return comet;
    }

    @Override
    public void close() {
        comet.disconnect().toCompletableFuture().join();
    }

    /** A MAC that no real device has. */
    static String newMac() {
        byte[] bytes = new byte[5];
        ThreadLocalRandom.current().nextBytes(bytes);
        return "06:" + HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    /** {@code Phone http://localhost:8080/comet CODE 02:00:00:00:00:01 kitchen on} */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 5) {
            System.err.println(
                    "usage: Phone URL-OF-COMET PAIRING-CODE MAC-OF-GATEWAY LIGHT on|off|state");
            System.exit(2);
        }
        URI url = URI.create(args[0]);
        String mac = newMac(); // each time another phone: there is nowhere to keep the key
        String key = Pairing.key(url, mac, args[1]);
        try (Phone phone =
                connect(url, mac, "command-line", key, CometOptions.defaults())
                        .toCompletableFuture()
                        .join()) {
            long began = System.nanoTime();
            Frame reply = phone.command(args[2], args[3], args[4]).toCompletableFuture().join();
            System.out.printf(
                    "%s is %s (%d ms)%n",
                    reply.text("deviceid"),
                    reply.text("state"),
                    (System.nanoTime() - began) / 1_000_000);
        } catch (CompletionException e) {
            System.err.println(
                    e.getCause() instanceof CometClientException known
                            ? known.code() + ": " + known.reason()
                            : e.toString());
            System.exit(1);
        }
    }
}
