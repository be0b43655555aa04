package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.servlet.ServletRig.Answer;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A container that stops while clients wait; the same in every container. */
@Timeout(60)
abstract class StopContract {

    abstract Container container() throws Exception;

    /**
     * The container itself would wait for minutes: so it ends in time only because nobody is left
     * for whom to wait.
     */
    @Test
    @DisplayName("W18 a container that drains first stops at once, and everybody has been told")
    void stop_containerDrainsFirst_tellsEverybody() throws Exception {
        Container container = container();
        CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
        CometServlet servlet = new CometServlet(comet);
        container.beforeStop(() -> servlet.drain(Duration.ofMillis(300)));
        container.start((classes, context) -> servlet.addTo(context, "/comet/*"));
        ServletRig rig = new ServletRig(container, comet);
        List<CompletableFuture<Answer>> polls = new ArrayList<>();
        List<StreamPeer> streams = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            polls.add(rig.held(rig.client("poll-" + i)));
            streams.add(rig.stream(rig.client("stream-" + i), 0));
        }

        container.stop();

        for (CompletableFuture<Answer> poll : polls) {
            assertThat(poll.get(20, TimeUnit.SECONDS).name()).isEqualTo("comet.reconnect");
        }
        for (StreamPeer stream : streams) {
            stream.await("comet.reconnect");
            assertThat(stream.awaitEnd()).isEqualTo("ended");
        }
        assertThat(comet.statistics().held().polls() + comet.statistics().held().streams())
                .isZero();
        comet.close();
    }

    @Test
    @DisplayName("W18 a manager that is closed with its context blames nobody for what it holds")
    void stop_contextClosesTheManager_blamesNobody() throws Exception {
        CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
        Container container = container();
        container.start(
                (classes, context) -> {
                    new CometServlet(comet).addTo(context, "/comet/*");
                    context.addListener(
                            new ServletContextListener() {
                                @Override
                                public void contextDestroyed(ServletContextEvent event) {
                                    comet.close();
                                }
                            });
                });
        ServletRig rig = new ServletRig(container, comet);
        CompletableFuture<Answer> unread = rig.held(rig.client("ada"));
        rig.stream(rig.client("bob"), 0);
        try (LogCapture log = new LogCapture(CometServlet.class);
                LogCapture core = new LogCapture(CometStateManager.class)) {
            container.stop();
            assertThat(log.text() + core.text()).isEmpty();
        }
        unread.cancel(true);
        assertThat(comet.statistics().held().polls() + comet.statistics().held().streams())
                .isZero();
    }

    @Test
    @DisplayName("W17 W18 with nobody there, or a manager that is closed, a drain is over at once")
    void drain_nobodyThere_isOverAtOnce() throws Exception {
        CometStateManager comet = CometStateManager.builder(new InProcCometStateProvider()).build();
        CometServlet servlet = new CometServlet(comet);
        Container container = container();
        container.start((classes, context) -> servlet.addTo(context, "/comet/*"));
        try {
            CometClient ada = new ServletRig(container, comet).client("ada");
            servlet.drain(Duration.ofHours(1));
            assertThat(comet.isDraining()).isTrue();
            assertThat(comet.findClientByPrivateToken(ada.privateToken())).isPresent();
        } finally {
            comet.close();
        }
        servlet.drain(Duration.ofHours(1));
        container.stop();
    }
}
