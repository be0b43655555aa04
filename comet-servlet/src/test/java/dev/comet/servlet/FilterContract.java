package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import dev.comet.CometClient;
import dev.comet.servlet.ServletRig.Answer;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.web.filter.ShallowEtagHeaderFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;
import tools.jackson.databind.json.JsonMapper;

/** Filters that put a response of their own around the container's; the same in every container. */
abstract class FilterContract {

    private static final JsonMapper JSON = new JsonMapper();

    abstract Container container() throws Exception;

    /** As applications write them: none thinks of requests that go on when it has returned. */
    @SuppressWarnings("ImmutableEnumChecker") // of filters without state
    enum Wrapping {
        /** For a log or an audit. */
        COLLECTS(
                (request, response, chain) -> {
                    ContentCachingResponseWrapper wrapper =
                            new ContentCachingResponseWrapper((HttpServletResponse) response);
                    chain.doFilter(request, wrapper);
                    wrapper.copyBodyToResponse();
                }),
        HASHES(new ShallowEtagHeaderFilter()),
        COMPRESSES(
                (request, response, chain) -> {
                    Compressed compressed = new Compressed((HttpServletResponse) response);
                    chain.doFilter(request, compressed);
                    compressed.finish();
                }),
        SETS_HEADERS_AT_THE_END(
                (request, response, chain) -> {
                    chain.doFilter(
                            request,
                            new HttpServletResponseWrapper((HttpServletResponse) response));
                    if (!response.isCommitted()) {
                        ((HttpServletResponse) response).setHeader("X-At-The-End", "1");
                    }
                });

        private final Filter filter;

        Wrapping(Filter filter) {
            this.filter = filter;
        }
    }

    private ServletRig start(Wrapping wrapping) throws Exception {
        return start(wrapping.filter);
    }

    private ServletRig start(Filter filter) throws Exception {
        return new ServletRig(
                container(),
                options -> options,
                (comet, app) -> {},
                context ->
                        WaitingFilter.add(
                                context,
                                new Filter() {
                                    @Override
                                    public void doFilter(
                                            ServletRequest request,
                                            ServletResponse response,
                                            FilterChain chain)
                                            throws IOException, ServletException {
                                        ((HttpServletResponse) response)
                                                .setHeader("X-Frame-Options", "DENY");
                                        filter.doFilter(request, response, chain);
                                    }
                                }));
    }

    @ParameterizedTest
    @EnumSource(Wrapping.class)
    @DisplayName("H14 a filter that wraps the response keeps no answer back, and its headers count")
    void answers_filterWrapsTheResponse_areWhole(Wrapping wrapping) throws Exception {
        ServletRig rig = start(wrapping);
        try {
            for (int length : new int[] {10, 100_000}) {
                CometClient held = rig.client("held-" + length);
                CompletableFuture<Answer> poll = rig.held(held);
                rig.comet.sendMessage(held.publicToken(), "n", "x".repeat(length));
                isWhole(poll.get(30, TimeUnit.SECONDS), length, wrapping);

                CometClient atOnce = rig.client("at-once-" + length);
                rig.comet.sendMessage(atOnce.publicToken(), "n", "x".repeat(length));
                isWhole(rig.poll(atOnce, ""), length, wrapping);
            }
            CometClient again = rig.client("again");
            CompletableFuture<Answer> first = rig.held(again);
            CompletableFuture<Answer> unused = rig.begin(again, "?lastMessageId=0");
            assertThat(first.get(30, TimeUnit.SECONDS).status()).isEqualTo(409);
            assertThat(rig.send(rig.request("/comet.js")).text()).contains("export");
        } finally {
            rig.stop();
        }
    }

    private static void isWhole(Answer answer, int length, Wrapping wrapping) throws IOException {
        assertThat(answer.status()).isEqualTo(200);
        byte[] body = answer.response().body();
        String encoding = answer.header("Content-Encoding");
        if (encoding != null) {
            assertThat(encoding).isEqualTo("gzip");
            body = new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes();
        }
        assertThat(JSON.readTree(body).path(0).path("contents").asString()).hasSize(length);
        assertThat(answer.header("X-Frame-Options")).isEqualTo("DENY");
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        if (wrapping == Wrapping.SETS_HEADERS_AT_THE_END) {
            assertThat(answer.header("X-At-The-End")).isEqualTo("1");
        }
    }

    @ParameterizedTest
    @EnumSource(Wrapping.class)
    @DisplayName("H14 a filter that wraps the response keeps no event of a stream back")
    void stream_filterWrapsTheResponse_arrives(Wrapping wrapping) throws Exception {
        ServletRig rig = start(wrapping);
        try (StreamPeer stream = rig.stream(rig.client("ada"), 0)) {
            rig.comet.sendMessage("ada", "n", 1);
            assertThat(stream.await("n").contents().intValue()).isEqualTo(1);
            assertThat(stream.header("Content-Encoding")).isNull();
            assertThat(stream.header("Content-Length")).isNull();
            assertThat(stream.header("X-Frame-Options")).isEqualTo("DENY");
            rig.comet.findClientByPrivateToken("secret-of-ada").ifPresent(rig.comet::disconnect);
            assertThat(stream.awaitEnd()).isEqualTo("ended");
        } finally {
            rig.stop();
        }
    }

    @Test
    @DisplayName("H14 the filter is named, once; and none where none wraps")
    void filter_wrapsTheResponse_isNamedOnce() throws Exception {
        try (LogCapture log = new LogCapture(CometServlet.class, Level.INFO)) {
            ServletRig plain = new ServletRig(container(), options -> options, (comet, app) -> {});
            plain.client("ada", 1, 60);
            plain.poll(
                    plain.comet.findClientByPublicToken("ada").orElseThrow(), "?lastMessageId=0");
            plain.stop();
            assertThat(log.text()).isEmpty();

            ServletRig rig = start(Wrapping.COLLECTS);
            CometClient bob = rig.client("bob", 1, 60);
            rig.poll(bob, "?lastMessageId=0");
            rig.poll(bob, "?lastMessageId=0");
            rig.stop();
            assertThat(log.text().split("\n", -1)).hasSize(1);
            assertThat(log.text()).contains(ContentCachingResponseWrapper.class.getName());
        }
    }

    @Test
    @DisplayName("H14 a filter that has ended the answer of a held request is named")
    void poll_filterEndsTheAnswer_isNamed() throws Exception {
        try (LogCapture log = new LogCapture(CometServlet.class)) {
            ServletRig rig =
                    start(
                            (request, response, chain) -> {
                                ContentCachingResponseWrapper wrapper =
                                        new ContentCachingResponseWrapper(
                                                (HttpServletResponse) response);
                                chain.doFilter(request, wrapper);
                                response.setContentLength(wrapper.getContentSize());
                                wrapper.copyBodyToResponse();
                                response.flushBuffer();
                            });
            try {
                CometClient ada = rig.client("ada");
                CompletableFuture<Answer> poll = rig.begin(ada, "?lastMessageId=0");
                assertThat(poll.get(30, TimeUnit.SECONDS).text()).isEmpty();
                rig.comet.sendMessage("ada", "n", 1);
                await().untilAsserted(
                                () ->
                                        assertThat(log.text())
                                                .contains(
                                                        "answered by a filter",
                                                        ContentCachingResponseWrapper.class
                                                                .getName()));
                assertThat(rig.poll(ada, "").contents().intValue()).isEqualTo(1);
            } finally {
                rig.stop();
            }
        }
    }

    /** What many an example of a compressing filter does. */
    private static final class Compressed extends HttpServletResponseWrapper {

        private GZIPOutputStream gzip;

        Compressed(HttpServletResponse response) {
            super(response);
            response.setHeader("Content-Encoding", "gzip");
        }

        void finish() throws IOException {
            if (gzip != null) {
                gzip.close();
            }
        }

        @Override
        public void setContentLength(int length) {
            // It will be another.
        }

        @Override
        public ServletOutputStream getOutputStream() throws IOException {
            GZIPOutputStream into = new GZIPOutputStream(super.getOutputStream());
            gzip = into;
            return new ServletOutputStream() {
                @Override
                public boolean isReady() {
                    return true;
                }

                @Override
                public void setWriteListener(WriteListener listener) {
                    throw new IllegalStateException("not supported");
                }

                @Override
                public void write(int b) throws IOException {
                    into.write(b);
                }
            };
        }
    }
}
