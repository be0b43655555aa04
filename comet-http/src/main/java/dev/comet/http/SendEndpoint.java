package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import dev.comet.http.CometApplication.RequestHook;
import dev.comet.http.WaitingPlaces.Place;
import dev.comet.internal.Names;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code send}: hands a client's messages to the application's hooks. */
final class SendEndpoint {

    private static final int MAX_MESSAGES = 100;
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private final CometStateManager comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final JsonMapper mapper;
    private final Map<String, RequestHook> hooks;
    private final Set<String> laterHooks; // for requests only
    private final BodyLimits bodies;
    private final RateLimit sends;
    private final RateLimit sendsTogether; // of an address or a principal
    private final UnreadAnswers unread;
    private final LaterReply later;
    private final FaultLog faults;
    private final HttpCounters counters;

    SendEndpoint(
            CometStateManager comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            CometApplication application,
            RateLimit sends,
            UnreadAnswers unread,
            FaultLog faults,
            HttpCounters counters) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.mapper = application.jsonMapper;
        this.hooks = Map.copyOf(application.messageHooks);
        this.laterHooks = Set.copyOf(application.laterHooks);
        this.bodies = bodies;
        this.sends = sends;
        this.sendsTogether =
                new RateLimit(
                        application.sendsPerAddress,
                        application.trackedAddresses,
                        application.clock);
        this.unread = unread;
        this.faults = faults;
        this.counters = counters;
        this.later = new LaterReply(comet, application, faults);
    }

    void serve(Call call) {
        call.requireMethod("POST");
        BodyLimits limits = callers.judge(call, bodies);
        call.readBody(limits, body -> send(call, body.json(strict)));
    }

    private void send(Call call, JsonNode json) {
        CometClient client =
                callers.client(call, json.isObject() ? Parameters.privateToken(json) : null, null);
        unread.requireShare(client); // before a hook runs: what it has done cannot be refused
        if (json.isArray()) {
            limitRate(call, client, checkLength(json.size()));
            respond(call, sendEach(client, json));
        } else {
            limitRate(call, client, 1);
            String correlationId = correlationId(json);
            if (correlationId == null) {
                respond(call, sendOne(client, json));
            } else {
                unread.respond(call, request(call, client, json, correlationId));
            }
        }
    }

    private CometResponse request(
            Call call, CometClient client, JsonNode message, String correlationId) {
        ClientMessage received = received(message, correlationId);
        if (laterHooks.contains(received.name())) {
            Place place =
                    later.begins(
                            client,
                            callers.sender(call.exchange()),
                            received.name(),
                            correlationId);
            requestLater(place, received);
            return CometResponse.empty(202);
        }
        byte[] encoded = encoded(client, received, handle(client, received));
        return CometResponse.json(200, encoded == null ? NULL : encoded); // null: done
    }

    /** What its hook replies later is sent as a message. */
    private void requestLater(Place place, ClientMessage message) {
        boolean waits = false;
        try {
            Object reply = handle(place.client, message);
            try {
                if (!(reply instanceof CompletionStage<?> stage)) {
                    throw new IllegalStateException("the hook has returned no CompletionStage");
                }
                later.sendWhenDone(place, stage);
                waits = true;
            } catch (Throwable e) { // the stage's, which may be anybody's
                throw failed(place.client, message, e);
            }
        } finally {
            if (!waits) {
                later.ended(place);
            }
        }
    }

    /** Returns the replies as an array, or null if there is none at all. */
    private byte @Nullable [] sendEach(CometClient client, JsonNode messages) {
        ByteArrayOutputStream replies = new ByteArrayOutputStream();
        boolean any = false;
        for (int i = 0; i < messages.size(); i++) {
            replies.write(i == 0 ? '[' : ',');
            try {
                byte[] reply = sendOne(client, messages.get(i));
                any |= reply != null;
                replies.writeBytes(reply == null ? NULL : reply);
            } catch (HttpErrorException e) {
                throw e.at(i);
            }
        }
        replies.write(']');
        return any ? replies.toByteArray() : null;
    }

    /** Returns the reply, or null if there is none. */
    private byte @Nullable [] sendOne(CometClient client, JsonNode message) {
        if (correlationId(message) != null) {
            throw HttpErrorException.parametersInvalid(
                    "a message with a correlationId is sent alone");
        }
        ClientMessage received = received(message, null);
        if (laterHooks.contains(received.name())) { // before it runs
            throw HttpErrorException.parametersInvalid(
                    "messages of this name are replied to later, which only a request can be; send"
                            + " one with a correlationId");
        }
        return encoded(client, received, handle(client, received));
    }

    private ClientMessage received(JsonNode message, @Nullable String correlationId) {
        String name = name(message.get("name"));
        JsonNode contents = message.get("contents");
        if (contents == null || contents.isNull()) {
            throw HttpErrorException.parametersInvalid(
                    "contents is null; use any other JSON value");
        }
        return new ClientMessage(name, correlationId, contents, mapper);
    }

    private @Nullable Object handle(CometClient client, ClientMessage message) {
        RequestHook hook = hooks.get(message.name());
        if (hook == null) {
            throw new HttpErrorException(
                    404, "no-such-handler", "nobody handles messages of this name");
        }
        try {
            return counters.timed(() -> hook.handle(client, message));
        } catch (Throwable e) {
            throw failed(client, message, e);
        }
    }

    private byte @Nullable [] encoded(
            CometClient client, ClientMessage message, @Nullable Object reply) {
        try {
            return later.encoded(reply);
        } catch (Throwable e) {
            throw failed(client, message, e);
        }
    }

    private HttpErrorException failed(CometClient client, ClientMessage message, Throwable e) {
        if (e instanceof CometException known) {
            return refusal(known, client);
        }
        faults.hook(
                "hook " + message.name(),
                "The hook for " + message.name() + " failed for " + client.publicToken(),
                e);
        return HttpErrorException.handlerFailed();
    }

    /**
     * That a client does not exist is an answer that ends the sender's session. It must not be
     * given because the hook wrote to somebody else who has left.
     */
    private HttpErrorException refusal(CometException e, CometClient client) {
        return e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST
                        && comet.findClientByPrivateToken(client.privateToken()).isPresent()
                ? HttpErrorException.nobodyThere()
                : HttpErrorException.of(e);
    }

    private void respond(Call call, byte @Nullable [] reply) {
        unread.respond(
                call, reply == null ? CometResponse.empty(202) : CometResponse.json(200, reply));
    }

    private void limitRate(Call call, CometClient client, int messages) {
        limitRate(sends, client, messages);
        String sender = callers.sender(call.exchange());
        if (sender != null) {
            sendsTogether.require(
                    sender,
                    messages,
                    "sendsPerAddress",
                    "too many messages from this address, or of this user");
        }
    }

    static void limitRate(RateLimit sends, CometClient client, int messages) {
        sends.require(
                client.publicToken(),
                messages,
                "sendsPerClient",
                "too many messages from this client");
    }

    private static int checkLength(int messages) {
        if (messages == 0) {
            throw HttpErrorException.parametersInvalid(
                    "body is an empty array; send 1 to " + MAX_MESSAGES);
        }
        if (messages > MAX_MESSAGES) {
            throw HttpErrorException.tooLarge(
                    "body has " + messages + " messages; send 1 to " + MAX_MESSAGES);
        }
        return messages;
    }

    /** The field of that name, or null. */
    static @Nullable String correlationId(JsonNode message) {
        JsonNode id = message.get("correlationId");
        if (id == null) {
            return null;
        }
        if (!id.isString() || !Names.isCorrelationId(id.stringValue())) {
            throw HttpErrorException.parametersInvalid(
                    "correlationId is no string of 1 to 64 characters of A-Z a-z 0-9 - _");
        }
        return id.stringValue();
    }

    private static String name(@Nullable JsonNode name) {
        if (name == null || !name.isString()) {
            throw HttpErrorException.parametersInvalid(
                    "name is missing or not a string; send {\"name\":…}");
        }
        String text = name.stringValue();
        String fault = Names.faultOfMessage(text);
        if (fault != null) {
            throw text.length() > Names.MAX_LENGTH && !text.isBlank()
                    ? HttpErrorException.tooLarge(fault)
                    : HttpErrorException.parametersInvalid(fault);
        }
        return text;
    }
}
