package dev.comet.http;

import dev.comet.CometBatch;
import dev.comet.CometEndpoint;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import dev.comet.EncodedMessage;
import dev.comet.internal.ColdClasses;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/**
 * The wire protocol (docs/protocol.md) without a container: takes requests as {@link
 * CometExchange}s and answers each one.
 *
 * <p>Safe for use by any number of threads. Has no threads and no timers of its own; a request that
 * waits is held by the {@link CometStateManager}, whose life is the application's business: after
 * its {@code close()} every request is answered 503.
 */
public final class CometHttpHandler {

    private final Origins origins;
    private final HttpCounters counters = new HttpCounters();
    private final FaultLog faults;
    private final UnreadAnswers unread;
    private final ConnectEndpoint connect;
    private final PollEndpoint poll;
    private final StreamEndpoint stream;
    private final AckEndpoint ack;
    private final SendEndpoint send;
    private final ReplyEndpoint reply;
    private final DisconnectEndpoint disconnect;
    private final ScriptEndpoint script;

    /**
     * @param comet holds the requests; stays the caller's to close
     * @param application hooks and options; later changes of it have no effect
     */
    public CometHttpHandler(CometStateManager comet, CometApplication application) {
        JsonMapper strict = Body.strictMapper(application.maxJsonDepth);
        application.check();
        this.faults = new FaultLog(application.clock, counters);
        this.unread = new UnreadAnswers(application.unreadAnswerBytes, faults);
        this.origins = new Origins(application, faults);
        CometEndpoint endpoint = comet.endpoint();
        Callers callers = new Callers(comet, application, origins, faults);
        BodyLimits longBodies = application.bodyLimits();
        BodyLimits shortBodies = longBodies.withBytes(BodyLimits.SHORT_BYTES);
        this.connect =
                new ConnectEndpoint(
                        comet, callers, strict, shortBodies, application, faults, counters);
        this.poll = new PollEndpoint(endpoint, callers, strict, shortBodies, unread);
        this.stream = new StreamEndpoint(endpoint, callers);
        this.ack = new AckEndpoint(endpoint, callers, strict, shortBodies);
        RateLimit sends =
                new RateLimit(
                        application.sendsPerClient,
                        application.trackedAddresses,
                        application.clock);
        this.send =
                new SendEndpoint(
                        comet,
                        callers,
                        strict,
                        longBodies,
                        application,
                        sends,
                        unread,
                        faults,
                        counters);
        this.reply = new ReplyEndpoint(endpoint, callers, strict, longBodies, sends);
        this.disconnect = new DisconnectEndpoint(comet, callers, strict, shortBodies);
        this.script = new ScriptEndpoint();
        prepare();
    }

    /**
     * Has the classes that end a request initialised. One that is used for the first time while
     * memory is short could not be, and never would be in this process.
     */
    private static void prepare() {
        ColdClasses.initialise(
                CometHttpHandler.class,
                "Call",
                "EventStream",
                "PollEndpoint$1",
                "HttpErrorException$1",
                "UnreadAnswers$Body",
                "UnreadAnswers$Unread");
        EventEncoder.heartbeat(1, 1, 1);
        prepareEncoders();
        HttpErrorException.handlerFailed().response();
        CometResponse.empty(204);
    }

    private static void prepareEncoders() {
        CometGap gap = new CometGap(1, 1, CometGap.Reason.OVERFLOW);
        CometMessage message = new CometMessage(1, new EncodedMessage("n", new byte[] {'1'}));
        for (List<CometGap> gaps : List.of(List.of(gap), List.<CometGap>of())) {
            CometBatch batch = new CometBatch(gaps, List.of(message), 1, true);
            new PollEncoder().batch(batch);
            new EventEncoder().batch(batch);
        }
        PollEncoder.array(ProtocolMessages.superseded(1));
    }

    /**
     * Answers the request, or sees to it that it is answered later. Throws nothing that is the
     * peer's or a hook's fault.
     */
    public void handle(CometExchange exchange) {
        Call call = new Call(exchange, origins, faults);
        call.attempt(() -> route(call));
    }

    /** What it has refused, how its hooks do, and what it keeps for its peers. */
    public CometHttpStatistics statistics() {
        return counters.read(unread.bytes());
    }

    private void route(Call call) {
        CometExchange exchange = call.exchange();
        origins.check(exchange, Callers.hasTokenHeader(exchange));
        if (!exchange.method().equals("POST") && call.announcesBody()) {
            throw HttpErrorException.parametersInvalid("only a POST has a body here; send none");
        }
        if (origins.isPreflight(exchange)) {
            call.respond(origins.preflight());
            return;
        }
        switch (exchange.path()) {
            case "/poll" -> poll.serve(call);
            case "/stream" -> stream.serve(call);
            case "/ack" -> ack.serve(call);
            case "/send" -> send.serve(call);
            case "/reply" -> reply.serve(call);
            case "/connect" -> connect.serve(call);
            case "/disconnect" -> disconnect.serve(call);
            default -> script.serve(call); // or there is nothing at this path
        }
    }
}
