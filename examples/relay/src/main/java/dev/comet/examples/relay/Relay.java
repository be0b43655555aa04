package dev.comet.examples.relay;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometMessage;
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
    private static final String PHONES = DeviceRegistry.group(Device.Kind.PHONE);
    private static final String GATEWAYS = DeviceRegistry.group(Device.Kind.GATEWAY);

    /** The attribute of those that know nothing but frames. */
    private static final String FRAMES_ONLY = "framesOnly";

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

    Relay(CometStateManager comet, DeviceStore store, String code, Options options, Clock clock) {
        this.comet = comet;
        this.keys = new DeviceKeys(store, code);
        this.options = options;
        this.clock = clock;
        this.devices = new DeviceRegistry(comet, store, clock);
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
        return client(hello(request.text("frame", ""), request.text("key", ""))).build();
    }

    /**
     * Takes a device in that knows nothing but frames, and says hello by one.
     *
     * @throws CometException PARAMETERS_INVALID for a bad frame; REFUSED for a key that is not the
     *     device's; CLIENT_ALREADY_EXISTS for a MAC that is there
     */
    CometClient register(String frame, String key) {
        CometClient.Builder device = client(hello(frame, key)).attribute(FRAMES_ONLY, "true");
        CometClient client = comet.initializeClient(device.build());
        try {
            welcome(client);
        } catch (CometException e) {
            comet.disconnect(client); // or its next attempt is refused: it is there
            throw e;
        }
        return client;
    }

    /** Whether {@link #register} has taken it in. */
    static boolean knowsFramesOnly(CometClient client) {
        return client.attributes().containsKey(FRAMES_ONLY);
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
    private CometClient.Builder client(Device device) {
        return CometClient.builder()
                .publicToken(device.mac())
                .displayName(device.deviceId())
                .attribute("kind", device.kind().name())
                .connectionTimeoutSeconds(options.holdSeconds)
                .connectionIdleSeconds(options.idleSeconds);
    }

    /** Before the device knows of it: whoever asks for it from then on finds it. */
    private void welcome(CometClient client) {
        devices.add(client);
        tellPhones();
    }

    @Override
    public void clientSubscribed(CometClient client) {
        devices.wasActive(client.publicToken());
    }

    @Override
    public void idleClientKilled(CometClient client) {
        tellPhones();
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        tellPhones();
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
        if (DeviceRegistry.kind(phone) != Device.Kind.PHONE) {
            return failed(Reason.REFUSED, "only phones command");
        }
        String correlationId =
                message.correlationId() == null
                        ? UUID.randomUUID().toString()
                        : message.correlationId();
        String mac;
        try {
            Frame frame = Frame.parse(message.contents(String.class));
            if (frame.kind() != Frame.Kind.COMMAND) {
                throw new Frame.BadFrameException("it is no command");
            }
            mac = Device.normalised(frame.text("id"));
        } catch (Frame.BadFrameException e) {
            return failed(Reason.PARAMETERS_INVALID, String.valueOf(e.getMessage()));
        }
        CometClient gateway =
                comet.findClientByPublicToken(mac)
                        .filter(client -> DeviceRegistry.kind(client) == Device.Kind.GATEWAY)
                        .orElse(null);
        if (gateway == null) {
            return failed(Reason.CLIENT_DOES_NOT_EXIST, "the gateway " + mac + " is offline");
        }
        if (!commands.began(correlationId, phone.publicToken(), mac)) {
            return failed(Reason.LIMIT_REACHED, "too many commands, or this one twice");
        }
        return comet.request(
                        gateway, COMMAND, message.contents(), options.commandTimeout, correlationId)
                .thenApply(reply -> verified(mac, reply))
                .whenComplete((reply, failure) -> commands.ended(correlationId, state(failure)));
    }

    /** A reply is passed on as it is, or not at all. */
    private CometReply verified(String gateway, CometReply reply) {
        devices.wasActive(gateway);
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
        noteWhoConfirmedTheLastOne();
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

    /** A gateway with a stream asks for nothing, but confirms what it carried. */
    private void noteWhoConfirmedTheLastOne() {
        for (CometMessage last : comet.groupHistory(GATEWAYS, Long.MAX_VALUE, 1)) {
            for (CometClient gateway : comet.groupMembers(GATEWAYS)) {
                noteIfConfirmed(gateway, last.messageId());
            }
        }
    }

    private void noteIfConfirmed(CometClient gateway, long messageId) {
        try {
            if (comet.confirmedMessageId(gateway) >= messageId) {
                devices.wasActive(gateway.publicToken());
            }
        } catch (CometException e) {
            LOG.debug("{} has just gone", gateway.publicToken(), e);
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
