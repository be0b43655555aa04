package dev.comet.examples.relay;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.examples.relay.CommandLog.State;
import dev.comet.http.ClientMessage;
import dev.comet.http.CometApplication;
import dev.comet.http.ConnectRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cloud's part: knows who is there, passes commands to gateways, and replies to the phone that
 * asked. Who is connected, what has not arrived, and which reply belongs to which request is
 * Comet's business.
 */
final class Relay implements CometClientEventHandler {

    static final String COMMAND = "relay.command";
    static final String HEART = "relay.heart";

    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
    private static final String PHONES = "phones";
    private static final String GATEWAYS = "gateways";

    private final CometStateManager comet;
    private final Options options;
    private final Clock clock;
    private final DeviceKeys keys;
    private final DeviceRegistry devices;
    private final CommandLog commands;
    private final LongAdder ignoredFrames = new LongAdder();
    private final OnceAMinute badReplies = new OnceAMinute();

    /**
     * How the relay behaves.
     *
     * @param commandTimeout how long a phone waits for a gateway
     * @param holdSeconds how long a request of a device is held
     * @param idleSeconds how long a device may be silent before it counts as gone
     * @param connectsPerSecond how many devices may come from one address, such as a house; a
     *     hundred times as often those that are in may ask for their frames
     * @param drain over how long devices are sent away when the relay stops
     */
    record Options(
            Duration commandTimeout,
            int holdSeconds,
            int idleSeconds,
            int connectsPerSecond,
            Duration drain) {
        static final Options DEFAULT =
                new Options(Duration.ofSeconds(10), 25, 60, 20, Duration.ofSeconds(1));
    }

    Relay(CometStateManager comet, DeviceKeys keys, Options options, Clock clock) {
        this.comet = comet;
        this.keys = keys;
        this.options = options;
        this.clock = clock;
        this.devices = new DeviceRegistry(clock);
        this.commands = new CommandLog(clock, Duration.ofHours(1));
        comet.addEventHandler(this);
    }

    /**
     * For devices that speak Comet's own protocol: phones, pages, and gateways with comet-client.
     */
    void install(CometApplication app) {
        app.connectsPerAddress(options.connectsPerSecond, 10 * options.connectsPerSecond)
                .onConnect(this::connect)
                .onConnected((client, request) -> welcome(client))
                .onRequest("relay.devices", (client, message) -> gateways())
                .onRequestLater(COMMAND, this::command);
    }

    DeviceKeys keys() {
        return keys;
    }

    DeviceRegistry devices() {
        return devices;
    }

    CommandLog commands() {
        return commands;
    }

    /** Counts frames that came for a held request that had been answered. */
    LongAdder ignoredFrames() {
        return ignoredFrames;
    }

    // ---- coming and going

    private CometClient connect(ConnectRequest request) {
        return client(hello(request.text("frame", ""), request.text("key", "")));
    }

    /**
     * Takes a device in that says hello by a frame.
     *
     * @throws CometException PARAMETERS_INVALID for a bad frame; REFUSED for a key that is not the
     *     device's; CLIENT_ALREADY_EXISTS for a MAC that is there
     */
    CometClient register(String frame, String key) {
        CometClient client = comet.initializeClient(client(hello(frame, key)));
        welcome(client);
        return client;
    }

    private Device hello(String frame, String key) {
        try {
            Device device = Device.of(Frame.parse(frame), clock.instant());
            if (!keys.isKeyOf(device.mac(), key)) {
                throw new CometException(
                        Reason.REFUSED,
                        "the key is missing, or not that of "
                                + device.mac()
                                + "; a device gets its key by enrol");
            }
            return device;
        } catch (Frame.BadFrameException e) {
            throw new CometException(Reason.PARAMETERS_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    /** The MAC is the address: Comet has no two clients with the same one. */
    private CometClient client(Device device) {
        return CometClient.builder()
                .publicToken(device.mac())
                .displayName(device.deviceId())
                .attribute("kind", device.kind().name())
                .attribute("visit", UUID.randomUUID().toString())
                .connectionTimeoutSeconds(options.holdSeconds)
                .connectionIdleSeconds(options.idleSeconds)
                .build();
    }

    /** Before the device knows of it: whoever asks for it from then on finds it. */
    private void welcome(CometClient client) {
        Device device =
                new Device(
                        kind(client), client.publicToken(), client.displayName(), clock.instant());
        devices.add(device, visit(client));
        if (comet.findClientByPublicToken(client.publicToken()).isEmpty()) {
            gone(client); // its end was told before
            return;
        }
        comet.joinGroup(device.mac(), device.kind() == Device.Kind.PHONE ? PHONES : GATEWAYS);
        tellPhones();
    }

    @Override
    public void clientSubscribed(CometClient client) {
        devices.refresh(client.publicToken());
    }

    @Override
    public void idleClientKilled(CometClient client) {
        gone(client);
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        gone(client);
    }

    private void gone(CometClient client) {
        devices.remove(client.publicToken(), visit(client));
        tellPhones();
    }

    /** Tells this visit of a device from its next one, which may begin before this end is told. */
    private static String visit(CometClient client) {
        return String.valueOf(client.attributes().get("visit"));
    }

    private static Device.Kind kind(CometClient client) {
        return Device.Kind.valueOf(String.valueOf(client.attributes().get("kind")));
    }

    /**
     * What a phone may know of a gateway.
     *
     * @param activeMillisAgo how long ago it was last active; not the time of day, which phones
     *     have their own of
     */
    record Gateway(String mac, String deviceId, long activeMillisAgo) {}

    private List<Gateway> gateways() {
        Instant now = clock.instant();
        return devices.all(Device.Kind.GATEWAY).stream()
                .map(
                        device ->
                                new Gateway(
                                        device.mac(),
                                        device.deviceId(),
                                        Duration.between(device.lastActive(), now).toMillis()))
                .toList();
    }

    private void tellPhones() {
        comet.sendToGroup(PHONES, "relay.devices", gateways());
    }

    // ---- commands

    /**
     * A phone's command, whose frame says which gateway it is for. The reply is the gateway's
     * frame; a bad frame, a gateway that is not there, one that does not reply in time and one that
     * refuses are told apart.
     */
    private CompletionStage<CometReply> command(CometClient phone, ClientMessage message) {
        if (kind(phone) != Device.Kind.PHONE) {
            return failed(Reason.REFUSED, "only phones command");
        }
        String correlationId =
                message.correlationId() == null
                        ? UUID.randomUUID().toString()
                        : message.correlationId();
        String gateway;
        try {
            Frame frame = Frame.parse(message.contents(String.class));
            if (frame.kind() != Frame.Kind.COMMAND) {
                throw new Frame.BadFrameException("it is no command");
            }
            gateway = Device.normalised(frame.text("id"));
        } catch (Frame.BadFrameException e) {
            return failed(Reason.PARAMETERS_INVALID, String.valueOf(e.getMessage()));
        }
        if (devices.find(gateway).filter(d -> d.kind() == Device.Kind.GATEWAY).isEmpty()) {
            return failed(Reason.CLIENT_DOES_NOT_EXIST, "the gateway " + gateway + " is offline");
        }
        if (!commands.began(correlationId, phone.publicToken(), gateway)) {
            return failed(Reason.LIMIT_REACHED, "too many commands, or this one twice");
        }
        return comet.request(
                        gateway, COMMAND, message.contents(), options.commandTimeout, correlationId)
                .thenApply(reply -> verified(gateway, reply))
                .whenComplete((reply, failure) -> commands.ended(correlationId, state(failure)));
    }

    /** A reply is passed on as it is, or not at all. */
    private CometReply verified(String gateway, CometReply reply) {
        devices.refresh(gateway);
        try {
            if (!(reply.contents() instanceof String hex)) {
                throw new Frame.BadFrameException("not pairs of hexadecimal digits");
            }
            Frame frame = Frame.parse(hex);
            if (frame.kind() != Frame.Kind.REPLY) {
                throw new Frame.BadFrameException("it is no reply");
            }
            String id = frame.text("id");
            if (!id.isEmpty() && !Device.normalised(id).equals(gateway)) {
                throw new Frame.BadFrameException("it says that it comes from another device");
            }
            return reply;
        } catch (Frame.BadFrameException e) {
            if (badReplies.isDue()) {
                LOG.warn(
                        "The reply of {} is not passed on: {}; said once a minute",
                        gateway,
                        e.getMessage());
            }
            throw new CometException(
                    Reason.REFUSED, "the gateway's reply is not passed on: " + e.getMessage(), e);
        }
    }

    private static State state(@Nullable Throwable outcome) {
        if (outcome == null) {
            return State.REPLIED;
        }
        Throwable failure = outcome instanceof CompletionException ? outcome.getCause() : outcome;
        return switch (failure instanceof CometException e ? e.reason() : Reason.REFUSED) {
            case TIMED_OUT -> State.TIMED_OUT;
            case CLIENT_DOES_NOT_EXIST -> State.OFFLINE;
            default -> State.REFUSED;
        };
    }

    private static CompletionStage<CometReply> failed(Reason reason, String text) {
        return CompletableFuture.failedFuture(new CometException(reason, text));
    }

    // ---- jobs

    /**
     * The heart job's: tells everybody that the cloud is there, and phones which devices were
     * active lately.
     */
    void heart() {
        comet.clients().forEach(this::noteConfirmed);
        tellPhones();
        List<Device> gateways = devices.all(Device.Kind.GATEWAY);
        List<Device> phones = devices.all(Device.Kind.PHONE);
        String frame =
                Frame.of(
                                Frame.Kind.HEART,
                                Map.of("id", "cloud", "deviceid", "cloud", "at", clock.millis()))
                        .hex();
        comet.sendToGroup(GATEWAYS, HEART, frame);
        comet.sendToGroup(PHONES, HEART, frame);
        LOG.info("Heart: {} gateways, {} phones", gateways.size(), phones.size());
    }

    /** Who has a stream asks for nothing, but confirms what it carried. */
    private void noteConfirmed(CometClient client) {
        try {
            devices.confirmed(
                    client.publicToken(), visit(client), comet.confirmedMessageId(client));
        } catch (CometException e) {
            LOG.debug("{} has just gone", client.publicToken(), e);
        }
    }

    /** The clean job's. */
    CommandLog.Cleaned clean() {
        CommandLog.Cleaned cleaned = commands.clean();
        LOG.info(
                "Clean: {} completed and {} expired commands removed, {} left; {} frames came too"
                        + " late since the start",
                cleaned.completed(),
                cleaned.expired(),
                commands.all().size(),
                ignoredFrames.sum());
        return cleaned;
    }
}
