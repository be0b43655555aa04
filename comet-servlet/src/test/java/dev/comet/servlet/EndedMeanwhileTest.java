package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.http.CometResponse;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A held request that the container ends between the moment when it looks whether it has been ended
 * and the moment when its listener is set: by then the output may be another request's.
 */
class EndedMeanwhileTest {

    private final List<String> calls = new ArrayList<>();
    private final HttpServletResponse response =
            fake(
                    HttpServletResponse.class,
                    Map.of(
                            "isCommitted", arguments -> false,
                            "getOutputStream", arguments -> new Output()));
    private final AsyncContext context =
            fake(
                    AsyncContext.class,
                    Map.of(
                            "getResponse", arguments -> response,
                            "complete", arguments -> calls.add("complete"),
                            "start",
                                    arguments -> {
                                        ((Runnable) arguments[0]).run();
                                        return null;
                                    }));
    private final ServletExchange exchange =
            new ServletExchange(
                    fake(
                            HttpServletRequest.class,
                            Map.of(
                                    "isAsyncSupported", arguments -> true,
                                    "startAsync", arguments -> context)),
                    response,
                    new AsyncRequests());
    private boolean containerRefuses;

    /** The container ends the request while it is given the listener. */
    private final class Output extends ServletOutputStream {

        @Override
        public void setWriteListener(WriteListener listener) {
            exchange.onComplete(new AsyncEvent(context));
            try {
                if (containerRefuses) {
                    throw new IllegalStateException("no asynchronous request");
                }
                listener.onWritePossible();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public boolean isReady() {
            calls.add("isReady");
            return true;
        }

        @Override
        public void write(int b) {
            calls.add("write");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W15 an answer that meets the end of its request touches nothing afterwards")
    void respond_containerEndsMeanwhile_touchesNothing(boolean refuses) {
        containerRefuses = refuses;
        exchange.hold(() -> calls.add("gone"));
        exchange.handled();

        exchange.respond(new CometResponse(200, List.of(), "own".getBytes(UTF_8)));

        assertThat(calls).isEmpty();
    }

    private static <T> T fake(Class<T> type, Map<String, Function<Object[], Object>> methods) {
        return type.cast(
                Proxy.newProxyInstance(
                        EndedMeanwhileTest.class.getClassLoader(),
                        new Class<?>[] {type},
                        (proxy, method, arguments) -> {
                            Function<Object[], Object> does = methods.get(method.getName());
                            Object result = does == null ? null : does.apply(arguments);
                            return method.getReturnType() == void.class ? null : result;
                        }));
    }
}
