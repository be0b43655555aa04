package dev.comet.http;

import static dev.comet.http.CometResponse.NO_BODY;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometEndpoint;
import dev.comet.CometException;
import java.time.Duration;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code poll}: confirms what the client has received, then answers with messages or waits for
 * some.
 */
final class PollEndpoint {

    /** Longer than any client may be held; keeps the arithmetic from overflowing. */
    private static final long MAX_HOLD_SECONDS = Duration.ofDays(1).toSeconds();

    private final CometEndpoint comet;
    private final Callers callers;
    private final JsonMapper strict;
    private final BodyLimits bodies;
    private final UnreadAnswers unread;
    private final PollEncoder encoder = new PollEncoder();

    PollEndpoint(
            CometEndpoint comet,
            Callers callers,
            JsonMapper strict,
            BodyLimits bodies,
            UnreadAnswers unread) {
        this.comet = comet;
        this.callers = callers;
        this.strict = strict;
        this.bodies = bodies;
        this.unread = unread;
    }

    void serve(Call call) {
        switch (call.exchange().method()) {
            case "GET" -> poll(call, Parameters.ofEncoded(call.exchange().query()), false);
            case "POST" -> {
                BodyLimits limits = callers.judge(call, bodies);
                call.readParameters(limits, strict, parameters -> poll(call, parameters, true));
            }
            case "HEAD" -> callers.respondHead(call, CometResponse.json(200, NO_BODY));
            default -> throw HttpErrorException.methodNotAllowed("GET, HEAD, POST");
        }
    }

    private void poll(Call call, Parameters parameters, boolean fromBody) {
        CometClient client =
                callers.subscriber(call, fromBody ? parameters.privateToken() : null, parameters);
        unread.requireShare(client);
        CometAsyncResult result = subscribe(client.privateToken(), parameters);
        if (result.isCompleted()) {
            CometAnswer answer = result.answer();
            CometException error = answer.error();
            if (error != null) {
                throw callers.refusal(call.exchange(), error);
            }
            respond(call, answer);
            return;
        }
        try {
            Held held = new Held(this, call, result);
            call.exchange().hold(held);
            // Often on a wait thread: the exchange promises not to block it.
            result.whenCompleted(held);
        } catch (Throwable e) { // an Error too: nobody would be told of an answer
            comet.endSubscribe(result);
            throw e;
        }
    }

    /** A poll that waits, in one small object: there are as many as held requests. */
    private record Held(PollEndpoint endpoint, Call call, CometAsyncResult result)
            implements Runnable, Consumer<CometAnswer> {

        /** The peer has gone away. */
        @Override
        public void run() {
            endpoint.comet.endSubscribe(result);
        }

        @Override
        public void accept(CometAnswer answer) {
            try {
                endpoint.respond(call, answer);
            } catch (Throwable e) {
                call.respondFailed();
                throw e;
            }
        }
    }

    private CometAsyncResult subscribe(String token, Parameters parameters) {
        long hold = parameters.hold();
        return comet.beginSubscribe(
                token,
                parameters.lastMessageId(),
                hold == Parameters.UNSET
                        ? null
                        : Duration.ofSeconds(Math.min(hold, MAX_HOLD_SECONDS)),
                parameters.instance());
    }

    private void respond(Call call, CometAnswer answer) {
        switch (answer.outcome()) {
            // Left out or refused, they stay: the client has not confirmed them.
            case MESSAGES ->
                    unread.respondOrShorten(call, answer.batch(), encoder.batch(answer.batch()));
            case TIMEOUT, RECONNECT, CLIENT_ENDED -> respond(call, 200, answer);
            case SUPERSEDED -> respond(call, 409, answer);
            case ERROR -> call.refuse(refusal(answer));
            case ABANDONED -> {
                // Nobody is there to be answered.
            }
        }
    }

    private static void respond(Call call, int status, CometAnswer answer) {
        call.respond(CometResponse.json(status, PollEncoder.array(ProtocolMessages.of(answer))));
    }

    private static HttpErrorException refusal(CometAnswer answer) {
        CometException error = answer.error();
        return error == null ? HttpErrorException.handlerFailed() : HttpErrorException.of(error);
    }
}
