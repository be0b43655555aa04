package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.spi.ContentsEncoder;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/** Sends a client what its request is answered, once that is known: as a message. */
final class LaterReply {

    private static final Logger LOG = LoggerFactory.getLogger(CometHttpHandler.class);

    /**
     * How many requests of one client may wait for their reply: so one cannot take all the places
     * that requests to other clients have.
     */
    static final int MAX_WAITING = 100;

    private final CometStateManager comet;
    private final ContentsEncoder encoder;

    /** Weak: a stage that the application has dropped keeps nobody who has ended. */
    private final Map<CometClient, Integer> waiting =
            Collections.synchronizedMap(new WeakHashMap<>());

    private final FaultLog faults;

    LaterReply(CometStateManager comet, JsonMapper mapper, FaultLog faults) {
        this.comet = comet;
        this.encoder = new ContentsEncoder(mapper);
        this.faults = faults;
    }

    /**
     * What a hook has replied, or what a stage of it has come to, as JSON.
     *
     * @throws IllegalArgumentException if it cannot be sent
     */
    byte @Nullable [] encoded(@Nullable Object reply) {
        if (reply instanceof CometReply passedOn) {
            return passedOn.contentsJson();
        }
        if (reply instanceof CompletionStage) {
            throw new IllegalArgumentException(
                    "the reply is a CompletionStage; register the hook with onRequestLater");
        }
        try {
            return reply == null ? null : encoder.encode(reply);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the reply " + e.getMessage(), e);
        }
    }

    /**
     * A request of this client is about to be handled. To be followed by {@link #ended}, or by
     * {@link #sendWhenDone}.
     *
     * @throws Refusal if too many of them wait for their reply
     */
    void begins(CometClient client) {
        waiting.compute(
                client,
                (asking, count) -> {
                    int before = count == null ? 0 : count;
                    if (before >= MAX_WAITING) {
                        throw Refusal.tooMany(
                                before
                                        + " requests of this client wait for a reply; wait for some of them",
                                1);
                    }
                    return before + 1;
                });
    }

    /** It waits no more. */
    void ended(CometClient client) {
        waiting.computeIfPresent(client, (asking, count) -> count == 1 ? null : count - 1);
    }

    /** It waits until the stage is complete. */
    void sendWhenDone(
            CometClient client, String name, String correlationId, CompletionStage<?> stage) {
        stage.whenComplete(
                (reply, failure) -> {
                    ended(client);
                    try {
                        if (failure == null) {
                            send(client, name, correlationId, reply);
                        } else {
                            refuse(client, name, correlationId, unwrapped(failure));
                        }
                    } catch (Throwable e) {
                        undelivered(client, name, e);
                    }
                });
    }

    private void send(
            CometClient client, String name, String correlationId, @Nullable Object reply) {
        RawValue contents; // the manager's mapper may not write what the application's does
        try {
            byte[] json = encoded(reply);
            contents = json == null ? null : new RawValue(new String(json, UTF_8));
        } catch (IllegalArgumentException e) {
            refuse(client, name, correlationId, e);
            return;
        }
        try {
            comet.replyTo(client, correlationId, contents);
        } catch (CometException e) {
            if (e.reason() != CometException.Reason.PARAMETERS_INVALID) {
                throw e;
            }
            refuse(client, name, correlationId, new IllegalArgumentException("the reply", e));
        }
    }

    private void refuse(CometClient client, String name, String correlationId, Throwable failure) {
        if (failure instanceof CometException e) {
            comet.refuseTo(client, correlationId, e.reason().code(), Refusal.textFor(e));
        } else {
            faults.own(
                    "hook " + name,
                    "The hook for " + name + " failed for " + client.publicToken(),
                    failure);
            Refusal refusal = Refusal.handlerFailed();
            comet.refuseTo(client, correlationId, refusal.code(), refusal.text());
        }
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause != null
                        && (failure instanceof CompletionException
                                || failure instanceof ExecutionException)
                ? cause
                : failure;
    }

    /** That the client has left, or does not fetch its messages, is its own doing. */
    private void undelivered(CometClient client, String name, Throwable e) {
        String text = "The reply to " + name + " could not be sent to " + client.publicToken();
        if (!(e instanceof CometException known)) {
            faults.own("reply " + name, text, e);
        } else if (known.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            LOG.debug("{} left before its request {} was answered", client.publicToken(), name);
        } else {
            faults.peer("reply", text + ": " + known.reason().code() + ", " + known.getMessage());
        }
    }
}
