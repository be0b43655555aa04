package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.http.CometResponse.Header;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * One request on its way through the protocol. Sees to it that whatever goes wrong on the way
 * becomes an answer.
 */
final class Call {

    /** Made beforehand: what failed may have been the memory. */
    private static final CometResponse FAILED = HttpErrorException.handlerFailed().response();

    private final CometExchange exchange;
    private final List<Header> originHeaders;
    private final FaultLog faults;
    private @Nullable CometClient client; // by the thread that handles the request
    private volatile boolean answered;

    Call(CometExchange exchange, Origins origins, FaultLog faults) {
        this.exchange = exchange;
        this.faults = faults;
        this.originHeaders = origins.headers(exchange);
    }

    CometExchange exchange() {
        return exchange;
    }

    /**
     * Who is calling.
     *
     * @throws NullPointerException before {@link Callers} have found out
     */
    CometClient client() {
        return Objects.requireNonNull(client);
    }

    void calledBy(CometClient found) {
        client = found;
    }

    /**
     * Takes a step; if that fails, the failure is the answer. If it was the answer that failed, it
     * is left to the container.
     */
    void attempt(Runnable step) {
        try {
            try {
                step.run();
            } catch (HttpErrorException e) {
                refuse(e);
            } catch (CometException e) {
                refuse(HttpErrorException.of(e));
            }
        } catch (Throwable e) { // an Error too: a container would show it to the peer
            if (answered) {
                throw e;
            }
            try {
                respondFailed();
            } finally {
                faults.own("request", "A request failed", e);
            }
        }
    }

    /**
     * Nothing better can be said, and nobody else would say anything: answers, unless that was
     * tried before. Without memory, a page of another origin does not get to see why.
     */
    void respondFailed() {
        if (answered) {
            return;
        }
        CometResponse whole = FAILED;
        try {
            whole = FAILED.with(originHeaders);
        } catch (Throwable e) {
            // Without them, then.
        }
        answered = true;
        exchange.respond(whole);
        faults.failed();
    }

    void refuse(HttpErrorException refusal) {
        faults.refused(refusal);
        respond(refusal.response());
    }

    void requireMethod(String method) {
        if (!exchange.method().equals(method)) {
            throw HttpErrorException.methodNotAllowed(method);
        }
    }

    /** Whether the peer says that there is a body. */
    boolean announcesBody() {
        return announcedBytes() > 0 || exchange.header("Transfer-Encoding") != null;
    }

    /** How long a body the peer says that there is; 0 if it does not say. */
    long announcedBytes() {
        String length = exchange.header("Content-Length");
        return length == null ? 0 : Long.parseLong(length); // which the container has understood
    }

    /** Reads the body and takes a step with it, later perhaps. */
    void readBody(BodyLimits limits, Consumer<Body> step) {
        if (announcedBytes() > limits.bytes()) {
            throw tooLarge(limits);
        }
        exchange.readBody(
                limits,
                new CometExchange.BodyReceiver() {
                    @Override
                    public void received(byte[] bytes) {
                        attempt(() -> step.accept(body(bytes, limits)));
                    }

                    @Override
                    public void tooSlow() {
                        attempt(() -> refuse(HttpErrorException.tooSlow(limits)));
                    }

                    @Override
                    public void broken() {
                        attempt(
                                () ->
                                        refuse(
                                                HttpErrorException.parametersInvalid(
                                                        "body is cut short or badly framed")));
                    }
                });
    }

    /** Reads a short body, and takes a step with what it says. */
    void readParameters(BodyLimits limits, JsonMapper strict, Consumer<Parameters> step) {
        readBody(limits, body -> step.accept(Parameters.ofBody(body, strict)));
    }

    private Body body(byte[] bytes, BodyLimits limits) {
        if (bytes.length > limits.bytes()) {
            throw tooLarge(limits);
        }
        long length = announcedBytes();
        if (bytes.length == 0 && length > 0) {
            faults.peer(
                    "body",
                    "The body of a "
                            + exchange.method()
                            + " "
                            + exchange.path()
                            + " was announced with "
                            + length
                            + " bytes and is not there: a filter before Comet has read it"
                            + " (getParameter and getReader do); have it leave Comet's path alone");
            throw HttpErrorException.parametersInvalid(
                    "body was announced with "
                            + length
                            + " bytes, but something on this server has taken it; its log says"
                            + " more");
        }
        return new Body(bytes, exchange);
    }

    void respond(CometResponse response) {
        CometResponse whole = response.with(originHeaders);
        answered = true;
        exchange.respond(whole);
    }

    /**
     * @param written as that of {@link CometExchange#respond(CometResponse, Runnable)}; perhaps not
     *     called if this throws
     */
    void respond(CometResponse response, Runnable written) {
        CometResponse whole = response.with(originHeaders);
        answered = true;
        exchange.respond(whole, written);
    }

    CometOutput stream(CometResponse head, Runnable canTakeMore) {
        CometOutput output = exchange.stream(head.with(originHeaders), canTakeMore);
        answered = true;
        return output;
    }

    private static HttpErrorException tooLarge(BodyLimits limits) {
        return HttpErrorException.tooLarge(
                "body is longer than " + limits.bytes() + " bytes; send less");
    }
}
