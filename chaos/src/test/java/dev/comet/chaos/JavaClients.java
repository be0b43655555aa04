package dev.comet.chaos;

import dev.comet.client.Comet;
import dev.comet.client.CometClientException;
import dev.comet.client.CometListener;
import dev.comet.client.CometMessage;
import dev.comet.client.CometOptions;
import dev.comet.client.CometTransport;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Those of comet-client, in this process. */
final class JavaClients implements Clients {

    private static final URI ANYWHERE = URI.create("http://any/comet");
    private static final Duration TIMEOUT = Duration.ofSeconds(8);

    private final ClientEvents events;
    private final AnyNode http;
    private final Map<Integer, Comet> clients = new ConcurrentHashMap<>(); // by slot

    /**
     * @param ports gives the port of a node
     */
    JavaClients(ClientEvents events, IntSupplier ports) {
        this.events = events;
        this.http = new AnyNode(ports);
    }

    @Override
    public void connect(Slot slot, CometTransport transport) {
        CometOptions options =
                CometOptions.builder().http(http).timeout(TIMEOUT).transport(transport).build();
        Comet.connect(
                        ANYWHERE,
                        Map.of("idle", String.valueOf(slot.idleSeconds()), "group", slot.group),
                        options)
                .whenComplete(
                        (comet, failure) -> {
                            if (failure != null) {
                                events.connectFailed(slot.number, codeOf(failure));
                            } else {
                                begin(slot, comet);
                            }
                        });
    }

    private void begin(Slot slot, Comet comet) {
        clients.put(slot.number, comet);
        events.connected(slot.number, comet.publicToken());
        Receiver receiver = new Receiver(comet.publicToken());
        comet.on("n", receiver::received);
        comet.on("asked", receiver::asked);
        comet.listen(receiver);
    }

    /** Called by one thread at a time. */
    private final class Receiver implements CometListener {

        private String token;

        Receiver(String token) {
            this.token = token;
        }

        void received(CometMessage message) {
            events.received(token, message.id(), message.contents(String.class));
        }

        void asked(CometMessage message) {
            String key = message.contents(String.class);
            events.asked(token, message.id(), key);
            message.reply(Requests.reply(key, token))
                    .whenComplete(
                            (done, failure) -> {
                                // That nobody waits any more is what the other side tells.
                            });
        }

        @Override
        public void gap(long from, long to, String reason) {
            events.gap(token, from, to, reason);
        }

        @Override
        public void sessionLost(String previous, @Nullable String current) {
            events.lost(previous, current);
            if (current != null) {
                token = current;
            }
        }

        @Override
        public void closed(String reason) {
            events.closed(token, reason);
        }

        @Override
        public void superseded() {
            events.fault(token, "was superseded by somebody else");
        }

        @Override
        public void failed(CometClientException error, int attempt, long retryInMillis) {
            if (retryInMillis < 0) {
                events.fault(token, "was refused for good: " + error);
            }
        }

        @Override
        public void handlerFailed(Throwable error, CometMessage message) {
            events.fault(token, "could not handle " + message + ": " + error);
        }
    }

    @Override
    public void use(Slot slot, CometTransport transport) {
        with(slot, comet -> comet.use(transport));
    }

    @Override
    public void echo(Slot slot, String key) {
        request(slot, key, "echo", key);
    }

    @Override
    public void ask(Slot slot, String key, String token) {
        request(slot, key, "ask", Map.of("to", token, "key", key));
    }

    private void request(Slot slot, String key, String name, Object contents) {
        Comet comet = clients.get(slot.number);
        if (comet == null) {
            events.failed(key, "not-there");
            return;
        }
        CompletionStage<JsonNode> reply;
        try {
            reply = comet.request(name, contents, TIMEOUT);
        } catch (CometClientException e) {
            events.failed(key, e.code());
            return;
        }
        reply.whenComplete(
                (value, failure) -> {
                    if (failure != null) {
                        events.failed(key, codeOf(failure));
                    } else {
                        events.replied(key, value.asString());
                    }
                });
    }

    private static String codeOf(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof CometClientException known ? known.code() : String.valueOf(cause);
    }

    @Override
    public void disconnect(Slot slot) {
        with(
                slot,
                comet ->
                        comet.disconnect()
                                .whenComplete(
                                        (told, never) -> {
                                            // If nobody was told, it is ended when it is idle.
                                        }));
        clients.remove(slot.number);
    }

    @Override
    public void walkAway(Slot slot) {
        with(slot, Comet::close);
        clients.remove(slot.number);
    }

    private void with(Slot slot, Consumer<Comet> action) {
        Comet comet = clients.get(slot.number);
        if (comet != null) {
            action.accept(comet);
        }
    }

    @Override
    public void moved(int[] ports) {
        // Each request asks.
    }

    @Override
    public void close() {
        clients.values().forEach(Comet::close);
    }
}
