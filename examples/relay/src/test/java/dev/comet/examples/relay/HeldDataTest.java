package dev.comet.examples.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HeldDataTest {

    private final BlockingQueue<AsyncContext> held = new ArrayBlockingQueue<>(1);
    private final LongAdder ignored = new LongAdder();
    private final Server jetty = new Server();
    private final ServerConnector connector = new ServerConnector(jetty);

    /** Holds whatever comes. */
    private final class Holding extends HttpServlet {

        private static final long serialVersionUID = 1L;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            held.add(request.startAsync());
        }
    }

    @BeforeEach
    void start() throws Exception {
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(new Holding());
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/");
        jetty.setHandler(context);
        jetty.start();
    }

    @AfterEach
    void stop() throws Exception {
        jetty.stop();
    }

    private CompletableFuture<String> get() {
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/");
        return HttpClient.newHttpClient()
                .sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                .thenApply(answer -> answer.body());
    }

    private HeldData held() throws InterruptedException {
        return new HeldData(held.take(), ignored);
    }

    @Test
    @DisplayName(
            "R4 as hexadecimal digits, from the offset, as long as is said; nothing is no answer")
    void send_part_isWhatIsSent() throws Exception {
        CompletableFuture<String> answer = get();
        HeldData data = held();
        byte[] bytes = {1, (byte) 0xAB, (byte) 0xCD, 4};
        assertThat(data.send(bytes, 1, 0)).isFalse();
        assertThat(answer).isNotDone();
        assertThat(data.send(bytes, 1, 2)).isTrue();
        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("ABCD");
        assertThat(ignored.sum()).isZero();
    }

    @Test
    @DisplayName("R4 what comes after the answer is ignored and counted")
    void send_secondTime_isIgnoredAndCounted() throws Exception {
        CompletableFuture<String> answer = get();
        HeldData data = held();
        assertThat(data.send("first".getBytes(UTF_8), 0, 5)).isTrue();
        assertThat(data.send("second".getBytes(UTF_8), 0, 6)).isFalse();
        assertThat(data.answer("late", 404)).isFalse();
        assertThat(data.send(new byte[0], 0, 0)).isFalse();
        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("6669727374");
        assertThat(ignored.sum()).isEqualTo(2);
    }
}
