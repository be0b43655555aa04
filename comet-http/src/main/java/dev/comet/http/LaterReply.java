package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometReply;
import dev.comet.CometStateManager;
import dev.comet.http.WaitingPlaces.Place;
import dev.comet.internal.ContentsEncoder;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.util.RawValue;

/** Sends a client what its request is answered, once that is known: as a message. */
final class LaterReply {

    private static final Logger LOG = LoggerFactory.getLogger(LaterReply.class);

    private final CometStateManager comet;
    private final ContentsEncoder encoder;

    private final FaultLog faults;
    private final Duration timeout;
    private final WaitingPlaces places;

    LaterReply(CometStateManager comet, CometApplication application, FaultLog faults) {
        this.comet = comet;
        this.encoder = new ContentsEncoder(application.jsonMapper);
        this.faults = faults;
        this.timeout = application.pendingReplies.timeout();
        this.places =
                new WaitingPlaces(application.pendingReplies, application.clock, this::overdue);
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
     * @param sender whose requests count together, or null if nobody knows
     * @throws HttpErrorException if too many of them wait for their reply
     */
    Place begins(CometClient client, @Nullable String sender, String name, String correlationId) {
        return places.enter(client, sender, name, correlationId);
    }

    /** It does not wait. */
    void ended(Place place) {
        places.leave(place);
    }

    /**
     * It waits until the stage is complete; what a stage says a second time, or much too late, is
     * dropped.
     */
    void sendWhenDone(Place place, CompletionStage<?> stage) {
        stage.whenComplete(
                (reply, failure) -> {
                    try {
                        if (!places.leaveWithReply(place)) {
                            return;
                        }
                        if (failure == null) {
                            send(place, reply);
                        } else {
                            refuse(place, unwrapped(failure));
                        }
                    } catch (Throwable e) {
                        undelivered(place, e);
                    }
                });
    }

    private void overdue(Place place) {
        try {
            faults.hook(
                    "overdue " + place.name,
                    "The hook for "
                            + place.name
                            + " has not replied within "
                            + timeout
                            + " (pendingReplies) to "
                            + place.client.publicToken()
                            + ": what it replies after that is dropped",
                    null);
            refuse(place, HttpErrorException.replyTimedOut());
        } catch (Throwable e) {
            undelivered(place, e);
        }
    }

    private void send(Place place, @Nullable Object reply) {
        RawValue contents; // the manager's mapper may not write what the application's does
        try {
            byte[] json = encoded(reply);
            contents = json == null ? null : new RawValue(new String(json, UTF_8));
        } catch (IllegalArgumentException e) {
            refuse(place, e);
            return;
        }
        try {
            comet.replyTo(place.client, place.correlationId, contents);
        } catch (CometException e) {
            if (e.reason() != CometException.Reason.PARAMETERS_INVALID) {
                throw e;
            }
            refuse(place, new IllegalArgumentException("the reply", e));
        }
    }

    private void refuse(Place place, Throwable failure) {
        if (failure instanceof CometException e) {
            refuse(
                    place,
                    e.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST
                            ? HttpErrorException.targetIsGone(e)
                            : HttpErrorException.of(e));
            return;
        }
        faults.hook(
                "hook " + place.name,
                "The hook for " + place.name + " failed for " + place.client.publicToken(),
                failure);
        refuse(place, HttpErrorException.handlerFailed());
    }

    private void refuse(Place place, HttpErrorException refusal) {
        faults.refused(refusal);
        comet.refuseTo(place.client, place.correlationId, refusal.code(), refusal.text());
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
    private void undelivered(Place place, Throwable e) {
        String name = place.name;
        String client = place.client.publicToken();
        String text = "The reply to " + name + " could not be sent to " + client;
        if (!(e instanceof CometException known)) {
            faults.own("reply " + name, text, e);
        } else if (known.reason() == CometException.Reason.CLIENT_DOES_NOT_EXIST) {
            LOG.debug("{} left before its request {} was answered", client, name);
        } else {
            faults.peer("reply", text + ": " + known.reason().code() + ", " + known.getMessage());
        }
    }
}
