package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A held request that the container ends between the moment when it looks whether it has been ended
 * and the moment when its listener is set: by then the output may be another request's.
 */
class EndedMeanwhileTest {

    private static final CometResponse OWN =
            new CometResponse(200, List.of(), "own".getBytes(UTF_8));

    private boolean containerRefuses;
    private boolean containerStops;
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
                            "complete",
                                    arguments -> {
                                        calls.add("complete");
                                        if (containerStops) {
                                            throw new RejectedExecutionException();
                                        }
                                        return null;
                                    },
                            "start",
                                    arguments -> {
                                        if (containerStops) {
                                            throw new RejectedExecutionException();
                                        }
                                        ((Runnable) arguments[0]).run();
                                        return null;
                                    }));
    private final AsyncRequests requests = new AsyncRequests();
    private final ServletExchange exchange = exchange();

    private ServletExchange exchange() {
        return new ServletExchange(
                fake(
                        HttpServletRequest.class,
                        Map.of(
                                "isAsyncSupported", arguments -> true,
                                "startAsync", arguments -> context)),
                response,
                requests);
    }

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

        exchange.respond(OWN, () -> calls.add("over"));

        assertThat(calls).containsExactly("over");
    }

    @Test
    @DisplayName("H20 an answer that comes after the end of its request is over at once")
    void respond_containerHasEnded_isOver() {
        exchange.hold(() -> calls.add("gone"));
        exchange.handled();
        exchange.onComplete(new AsyncEvent(context));

        exchange.respond(OWN, () -> calls.add("over"));

        assertThat(calls).containsExactly("gone", "over");
    }

    @Test
    @DisplayName("H20 W18 an answer for which the container has no thread any more is over")
    void respond_containerIsGoingAway_isOver() {
        containerStops = true;
        exchange.hold(() -> calls.add("gone"));
        exchange.handled();

        exchange.respond(OWN, () -> calls.add("over"));

        assertThat(calls).containsExactly("complete", "over");
        assertThat(requests.open()).isZero();
    }

    @Test
    @DisplayName("W18 a request that is given up while the container ends it is counted once")
    void giveUp_containerEndsMeanwhile_countsOnce() throws InterruptedException {
        requests.begun(); // another one, which goes on
        for (int i = 0; i < 1_000; i++) {
            ServletExchange each = exchange();
            each.hold(() -> {});
            each.handled();
            Thread container = new Thread(() -> each.onComplete(new AsyncEvent(context)));
            container.start();
            each.giveUp();
            container.join();
            each.onError(new AsyncEvent(context));
            assertThat(requests.open()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("H20 of an answer against the rule nobody is told")
    void respond_secondTime_tellsNobody() {
        exchange.hold(() -> calls.add("gone"));
        exchange.respond(OWN, () -> calls.add("over"));
        assertThatThrownBy(() -> exchange.respond(OWN, () -> calls.add("never")))
                .isInstanceOf(IllegalStateException.class);

        assertThat(calls).containsExactly("over");
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
