package dev.comet.http;

import dev.comet.CometException;
import dev.comet.http.CometResponse.Header;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * One request on its way through the protocol. Sees to it that whatever goes wrong on the way
 * becomes an answer.
 */
final class Call {

    private static final Logger LOG = LoggerFactory.getLogger(CometHttpHandler.class);

    /** Made beforehand: what failed may have been the memory. */
    private static final CometResponse FAILED = Refusal.handlerFailed().response();

    private final CometExchange exchange;
    private final List<Header> originHeaders;
    private volatile boolean answered;

    Call(CometExchange exchange, Origins origins) {
        this.exchange = exchange;
        this.originHeaders = origins.headers(exchange);
    }

    CometExchange exchange() {
        return exchange;
    }

    /**
     * Takes a step; if that fails, the failure is the answer. If it was the answer that failed, it
     * is left to the container.
     */
    void attempt(Runnable step) {
        try {
            try {
                step.run();
            } catch (Refusal e) {
                respond(e.response());
            } catch (CometException e) {
                respond(Refusal.of(e).response());
            }
        } catch (Throwable e) { // an Error too: a container would show it to the peer
            if (answered) {
                throw e;
            }
            try {
                respondFailed();
            } finally {
                LOG.warn("A request failed", e);
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
    }

    void requireMethod(String method) {
        if (!exchange.method().equals(method)) {
            throw Refusal.methodNotAllowed(method);
        }
    }

    /** Reads the body and takes a step with it. */
    void readBody(int limit, Consumer<Body> step) {
        String length = exchange.header("Content-Length");
        // An adapter only ever sees a length that the container has understood: no overflow.
        if (length != null && Long.parseLong(length) > limit) {
            throw tooLarge(limit);
        }
        try {
            exchange.readBody(limit, bytes -> attempt(() -> step.accept(body(bytes, limit))));
        } catch (IOException e) {
            throw Refusal.parametersInvalid("body is cut short or badly framed");
        }
    }

    /** Reads a short body, and takes a step with what it says. */
    void readParameters(JsonMapper strict, Consumer<Parameters> step) {
        readBody(
                CometHttpHandler.SHORT_BODY_BYTES,
                body -> step.accept(Parameters.ofBody(body, strict)));
    }

    private Body body(byte[] bytes, int limit) {
        if (bytes.length > limit) {
            throw tooLarge(limit);
        }
        return new Body(bytes, exchange);
    }

    void respond(CometResponse response) {
        CometResponse whole = response.with(originHeaders);
        answered = true;
        exchange.respond(whole);
    }

    CometOutput stream(CometResponse head, Runnable canTakeMore) {
        CometOutput output = exchange.stream(head.with(originHeaders), canTakeMore);
        answered = true;
        return output;
    }

    private static Refusal tooLarge(int limit) {
        return Refusal.tooLarge("body is longer than " + limit + " bytes; send less");
    }
}
