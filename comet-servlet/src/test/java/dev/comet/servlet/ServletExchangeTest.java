package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import ch.qos.logback.classic.Level;
import dev.comet.http.BodyLimits;
import dev.comet.http.CometExchange;
import dev.comet.http.CometResponse;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One request and its answer in a container that does what the specification allows, at moments at
 * which real ones do it too seldom to be tested with them: it recycles, refuses, and tells late.
 */
class ServletExchangeTest {

    private static final CometResponse OWN =
            new CometResponse(200, List.of(), "own".getBytes(UTF_8));

    private final List<String> told = new ArrayList<>();
    private final HttpServletRequest request = mock(HttpServletRequest.class);
    private final HttpServletResponse response = mock(HttpServletResponse.class);
    private final ServletOutputStream out = mock(ServletOutputStream.class);
    private final AsyncContext context = mock(AsyncContext.class);
    private final AsyncRequests requests = new AsyncRequests();
    private final ServletExchange exchange = exchange();

    @BeforeEach
    void container() throws IOException {
        when(request.isAsyncSupported()).thenReturn(true);
        when(request.startAsync()).thenReturn(context);
        when(request.getProtocol()).thenReturn("HTTP/1.1");
        when(request.getMethod()).thenReturn("GET");
        when(response.getOutputStream()).thenReturn(out);
        when(response.getBufferSize()).thenReturn(32 << 10);
        when(context.getResponse()).thenReturn(response);
        when(out.isReady()).thenReturn(true);
        doAnswer(
                        call -> {
                            call.<Runnable>getArgument(0).run();
                            return null;
                        })
                .when(context)
                .start(any());
        doAnswer(
                        call -> {
                            call.<WriteListener>getArgument(0).onWritePossible();
                            return null;
                        })
                .when(out)
                .setWriteListener(any());
    }

    private ServletExchange exchange() {
        return new ServletExchange(request, response, requests);
    }

    private void hold() {
        exchange.hold(() -> told.add("gone"));
        exchange.handled();
    }

    private void respond() {
        exchange.respond(OWN, () -> told.add("over"));
    }

    private AsyncEvent event() {
        return new AsyncEvent(context);
    }

    /** From here on the container has all of it for somebody else. */
    private void recycled() {
        clearInvocations(request, response, out, context);
    }

    private void assertUntouched() {
        verifyNoInteractions(request, response, out, context);
    }

    @Test
    @DisplayName("W15 a held request is answered once, and counted as long as it is the adapter's")
    void respond_held_writesAndCompletes() throws IOException {
        hold();
        assertThat(requests.open()).isEqualTo(1);

        respond();
        exchange.onComplete(event());

        verify(response).setStatus(200);
        verify(out).write(any(), anyInt(), anyInt());
        verify(context).complete();
        assertThat(told).containsExactly("over");
        assertThat(requests.open()).isZero();
    }

    // ---- a container that recycles

    @Test
    @DisplayName("W15 H20 an answer that comes after the end of its request touches nothing")
    void respond_containerHasRecycled_touchesNothing() {
        hold();
        exchange.onComplete(event());
        recycled();

        respond();

        assertUntouched();
        assertThat(told).containsExactly("gone", "over");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("W15 an answer that meets the end of its request writes nothing afterwards")
    void respond_containerEndsMeanwhile_writesNothing(boolean refuses) throws IOException {
        hold();
        doAnswer(
                        call -> {
                            exchange.onComplete(event());
                            recycled();
                            if (refuses) {
                                throw new IllegalStateException("no asynchronous request");
                            }
                            call.<WriteListener>getArgument(0).onWritePossible();
                            return null;
                        })
                .when(out)
                .setWriteListener(any());

        respond();

        verify(out, never()).isReady();
        verify(out, never()).write(any(), anyInt(), anyInt());
        verify(context, never()).complete();
        assertThat(told).containsExactly("over");
    }

    @Test
    @DisplayName("W15 after the request's own thread has returned, nothing is asked of the request")
    void everyQuestion_requestIsHandled_isRefused() {
        hold();
        recycled();

        assertThatIllegalStateException().isThrownBy(exchange::method);
        assertThatIllegalStateException().isThrownBy(() -> exchange.header("Comet-Token"));
        assertThatIllegalStateException().isThrownBy(exchange::principal);
        assertUntouched();
    }

    // ---- a listener that is called late

    @Test
    @DisplayName("W15 what the container tells late of a request is not taken for the next one's")
    void listener_calledWhenTheNextRequestHasBegun_touchesNothingOfIt() {
        hold();
        respond();
        ServletExchange next = exchange();
        next.hold(() -> told.add("the next one is gone"));
        next.handled();
        recycled();

        exchange.onComplete(event());
        exchange.onError(event());
        exchange.onTimeout(event());

        assertUntouched();
        assertThat(told).containsExactly("over");
        assertThat(requests.open()).as("the next one").isEqualTo(1);
    }

    @Test
    @DisplayName("W14 that a peer has gone is told once, however often the container says so")
    void listener_calledTwice_tellsOnce() {
        hold();

        exchange.onError(event());
        exchange.onComplete(event());

        assertThat(told).containsExactly("gone");
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
            Thread container = new Thread(() -> each.onComplete(event()));
            container.start();
            each.giveUp();
            container.join();
            each.onError(event());
            assertThat(requests.open()).isEqualTo(1);
        }
    }

    // ---- a container that refuses

    @Test
    @DisplayName("F5 where a filter does not support asynchronous requests, it is said how to mend")
    void hold_asyncIsNotSupported_saysTheFix() throws IOException {
        when(request.isAsyncSupported()).thenReturn(false);

        assertThatIllegalStateException()
                .isThrownBy(this::hold)
                .withMessageContaining("<async-supported>true</async-supported>");

        verify(request, never()).startAsync();
        assertCanBeAnsweredAtOnce();
    }

    @Test
    @DisplayName("F5 a container that refuses to go on asynchronously leaves a request to answer")
    void hold_startAsyncIsRefused_canBeAnsweredAtOnce() throws IOException {
        when(request.startAsync()).thenThrow(new IllegalStateException("not now"));

        assertThatIllegalStateException().isThrownBy(this::hold).withMessage("not now");

        assertCanBeAnsweredAtOnce();
    }

    private void assertCanBeAnsweredAtOnce() throws IOException {
        respond();

        verify(out).write(OWN.body());
        verifyNoInteractions(context);
        assertThat(told).containsExactly("over");
        assertThat(requests.open()).isZero();
    }

    @Test
    @DisplayName("H20 W18 an answer for which the container has no thread any more is over")
    void respond_containerHasNoThread_failsAndIsOver() {
        doThrow(RejectedExecutionException.class).when(context).start(any());
        hold();

        respond();

        verify(response).reset();
        verify(response).setStatus(500);
        verify(context).complete();
        assertThat(told).containsExactly("over");
    }

    @Test
    @DisplayName("W18 a request that the container does not let complete is awaited no longer")
    void respond_completeIsRefused_isAwaitedNoLonger() {
        doThrow(RejectedExecutionException.class).when(context).start(any());
        doThrow(RejectedExecutionException.class).when(context).complete();
        hold();

        respond();

        assertThat(told).containsExactly("over");
        assertThat(requests.open()).isZero();
    }

    @Test
    @DisplayName("W15 an answer that cannot be begun ends its request with 500, even for an Error")
    void respond_headCannotBeWritten_failsAndIsOver() {
        hold();
        doThrow(StackOverflowError.class).when(response).setStatus(200);

        assertThatThrownBy(this::respond).isInstanceOf(StackOverflowError.class);

        verify(response).setStatus(500);
        verify(context).complete();
        assertThat(told).containsExactly("over");
    }

    // ---- filters

    @Test
    @DisplayName("W15 what a held request is answered goes round filters that wrap the response")
    void respond_filterWraps_goesRound() throws IOException {
        HttpServletResponse filters =
                new HttpServletResponseWrapper(mock(HttpServletResponse.class));
        ServletExchange wrapped = new ServletExchange(request, filters, requests);
        try (LogCapture log = new LogCapture(CometServlet.class, Level.INFO)) {
            wrapped.hold(() -> {});
            wrapped.handled();
            wrapped.respond(OWN, () -> told.add("over"));
            assertThat(log.text()).contains(HttpServletResponseWrapper.class.getName());
        }
        verify(out).write(any(), anyInt(), anyInt());
        verify(response).setHeader("Content-Encoding", null);
        assertThat(told).containsExactly("over");
    }

    @Test
    @DisplayName("H8 a body that a filter has read already is none")
    void readBody_filterHasTheReader_isEmpty() throws IOException {
        when(request.getContentLengthLong()).thenReturn(5L);
        when(request.getInputStream()).thenThrow(new IllegalStateException("getReader() is used"));
        exchange.readBody(
                new BodyLimits(100, Duration.ofSeconds(1), 0),
                new CometExchange.BodyReceiver() {
                    @Override
                    public void received(byte[] body) {
                        told.add(body.length + " bytes");
                    }

                    @Override
                    public void tooSlow() {
                        told.add("too slow");
                    }

                    @Override
                    public void broken() {
                        told.add("broken");
                    }
                });

        assertThat(told).containsExactly("0 bytes");
    }

    // ---- the rules of the exchange

    @Test
    @DisplayName("H20 of an answer against the rule nobody is told")
    void respond_secondTime_tellsNobody() {
        hold();
        respond();

        assertThatIllegalStateException()
                .isThrownBy(() -> exchange.respond(OWN, () -> told.add("never")));

        assertThat(told).containsExactly("over");
    }

    @Test
    @DisplayName("W15 a request that is not held is answered by its own thread only")
    void respond_notHeldFromAnotherThread_isRefused() throws InterruptedException {
        exchange.handled();

        assertThatIllegalStateException()
                .isThrownBy(this::respond)
                .withMessageContaining("after hold(…)");

        assertUntouched();
    }
}
