package dev.comet.http;

import dev.comet.CometStateManager;
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

    /** The longest body of anything but a send. */
    static final int SHORT_BODY_BYTES = 8 << 10;

    private final Origins origins;
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
        this.origins = new Origins(application);
        Callers callers = new Callers(comet, application, origins);
        this.connect = new ConnectEndpoint(comet, callers, strict, application);
        this.poll = new PollEndpoint(comet, callers, strict);
        this.stream = new StreamEndpoint(comet, callers);
        this.ack = new AckEndpoint(comet, callers, strict);
        RateLimit sends =
                new RateLimit(
                        application.sendsPerClient,
                        application.trackedAddresses,
                        application.clock);
        this.send = new SendEndpoint(comet, callers, strict, application, sends);
        this.reply = new ReplyEndpoint(comet, callers, strict, application.maxBodyBytes, sends);
        this.disconnect = new DisconnectEndpoint(comet, callers, strict);
        this.script = new ScriptEndpoint();
        prepare();
    }

    /**
     * Has the classes that end a request initialised. One that is used for the first time while
     * memory is short could not be, and never would be in this process.
     */
    private static void prepare() {
        EventEncoder.heartbeat(1, 1, 1);
        Refusal.handlerFailed().response();
        CometResponse.empty(204);
    }

    /**
     * Answers the request, or sees to it that it is answered later. Throws nothing that is the
     * peer's or a hook's fault.
     */
    public void handle(CometExchange exchange) {
        Call call = new Call(exchange, origins);
        call.attempt(() -> route(call));
    }

    private void route(Call call) {
        CometExchange exchange = call.exchange();
        origins.check(exchange, Callers.hasTokenHeader(exchange));
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
