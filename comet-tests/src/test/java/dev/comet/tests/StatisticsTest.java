package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometClientStatus;
import dev.comet.CometClientStatus.Transport;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometLimits;
import dev.comet.CometStatistics;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.RecordedStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a manager counts, and what it says of one client. */
class StatisticsTest {

    @Test
    @DisplayName("O1 what a group's member loses is counted: thirty thousand messages, ten kept")
    void losses_memberSleptThroughAGroup_areCounted() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.manager.joinGroup("ada", "room");
            for (int i = 0; i < 30_000; i++) {
                server.manager.sendToGroup("room", "n", i);
            }
            assertThat(server.fetch(ada, 0).batch().gaps()).hasSize(1);

            CometStatistics.Losses losses = server.manager.statistics().losses();
            assertThat(losses.messagesAtMost()).isEqualTo(20_000);
            assertThat(losses.gaps()).isEqualTo(1);
            assertThat(losses.dropped()).as("from own logs").isZero();
        }
    }

    @Test
    @DisplayName("O1 P9 the figures can be read while the store fails: it says what it said last")
    void statistics_storeFails_saysTheRest() {
        DelegatingProvider failing =
                new DelegatingProvider() {
                    @Override
                    public Usage usage() {
                        throw new IllegalStateException("the store fails, as the test wants");
                    }
                };
        try (Server server = Server.start(failing, 1, options -> options)) {
            server.client("ada");
            server.manager.sendMessage("ada", "n", 1);
            CometStatistics statistics = server.manager.statistics();
            assertThat(statistics.messages().accepted()).isEqualTo(1);
            assertThat(statistics.clients().existing()).isZero();
            assertThat(statistics.store().failures()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("O1 what waits is counted, in messages and bytes, and how long it has waited")
    void messages_waiting_areCounted() {
        CometLimits limits = CometLimits.builder().maxTotalBytes(1_000_000).build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada", 25, 600);
            server.client("bob", 25, 600);
            server.manager.sendMessage(List.of("ada", "bob"), "n", "x".repeat(10_000));
            long id = server.manager.sendToAll("n", 1);
            server.pass(Duration.ofSeconds(7));

            CometStatistics.Messages before = server.manager.statistics().messages();
            assertThat(before.waiting()).isEqualTo(2);
            assertThat(before.waitingBytes()).isBetween(10_000L, 12_000L);
            assertThat(before.maxTotalBytes()).isEqualTo(1_000_000);
            assertThat(before.worstLag()).isBetween(Duration.ofSeconds(4), Duration.ofSeconds(7));
            for (String token : List.of("ada", "bob")) {
                server.manager.endpoint().confirm("secret-of-" + token, id);
            }
            server.pass(Duration.ofSeconds(6));
            CometStatistics.Messages after = server.manager.statistics().messages();
            assertThat(after.waiting()).as("everyone's keeps it").isEqualTo(1);
            assertThat(after.waitingBytes()).isLessThan(500);
            assertThat(after.worstLag()).isZero();
            assertThat(server.fetch(ada, id).batch().messages()).isEmpty();
        }
    }

    @Test
    @DisplayName("O1 refusals are counted by their reason")
    void refusals_anyKind_areCountedByReason() {
        CometLimits limits =
                CometLimits.builder()
                        .clientLog(new LogLimits(1, 1_000, LogLimits.ANY_AGE))
                        .maxClients(1)
                        .build();
        try (Server server = Server.start(limits)) {
            server.client("ada");
            server.manager.sendMessage("ada", "n", 1);
            refused(Reason.QUEUE_FULL, () -> server.manager.sendMessage("ada", "n", 2));
            refused(Reason.LIMIT_REACHED, () -> server.client("bob"));
            refused(Reason.CLIENT_DOES_NOT_EXIST, () -> server.manager.joinGroup("bob", "room"));
            server.manager.endpoint().beginSubscribe("nobody", 0, null, 0);
            server.manager.endpoint().openStream("nobody", 0, new RecordedStream(), 0);
            server.manager.request("bob", "n", 1, Duration.ofSeconds(1));

            assertThat(server.manager.statistics().refusals())
                    .containsOnlyKeys(
                            Reason.QUEUE_FULL, Reason.LIMIT_REACHED, Reason.CLIENT_DOES_NOT_EXIST)
                    .containsEntry(Reason.QUEUE_FULL, 1L)
                    .containsEntry(Reason.LIMIT_REACHED, 1L)
                    .containsEntry(Reason.CLIENT_DOES_NOT_EXIST, 4L);
        }
    }

    private static void refused(Reason reason, Runnable call) {
        assertThatThrownBy(call::run)
                .matches(e -> ((CometException) e).reason() == reason)
                .asString()
                .startsWith("dev.comet.CometException: " + reason + ": ");
    }

    @Test
    @DisplayName("M13 DISCONNECT and no room in all: the client that fetches least is ended")
    void sendMessage_totalReachedAndDisconnect_endsTheOldest() {
        CometLimits limits =
                CometLimits.builder()
                        .maxTotalBytes(10_000)
                        .overflow(OverflowPolicy.DISCONNECT)
                        .build();
        try (Server server = Server.start(limits)) {
            server.client("ada");
            CometClient bob = server.client("bob");
            server.manager.joinGroup("bob", "room");
            for (int i = 0; i < 4; i++) {
                server.manager.sendMessage("ada", "n", "x".repeat(2_000));
            }
            long own = server.manager.sendMessage("bob", "n", "x".repeat(2_000));
            assertThat(server.manager.clients()).containsExactly(bob);
            for (int i = 0; i < 10; i++) {
                server.manager.sendToGroup("room", "n", "x".repeat(2_000));
            }
            assertThat(server.manager.clients()).containsExactly(bob);
            assertThat(server.fetch(bob, 0).batch().messages().get(0).messageId()).isEqualTo(own);
        }
    }

    @Test
    @DisplayName("M13 DISCONNECT: what a stream has just carried gives way before its client ends")
    void sendMessage_oldestWasStreamedAndDisconnect_endsNobody() {
        CometLimits limits =
                CometLimits.builder()
                        .maxTotalBytes(10_000)
                        .overflow(OverflowPolicy.DISCONNECT)
                        .build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            server.stream(ada, 0);
            for (int i = 0; i < 20; i++) { // time stands still
                server.manager.sendMessage("ada", "n", "x".repeat(2_000));
                server.settle();
            }
            assertThat(server.manager.clients()).containsExactly(ada);
        }
    }

    @Test
    @DisplayName("O1 one client: what it has open, since when, how far it is behind")
    void status_ofOneClient_saysHowItIsDoing() {
        try (Server server = Server.start(new InProcCometStateProvider(), 2, options -> options)) {
            CometClient ada = server.client("ada", 25, 60);
            assertThat(server.manager.status("nobody")).isEmpty();
            server.pass(Duration.ofSeconds(2));
            CometClientStatus away = status(server);
            assertThat(away.client()).isEqualTo(ada);
            assertThat(away.transport()).isEqualTo(Transport.NONE);
            assertThat(away.unseenFor()).isEqualTo(Duration.ofSeconds(2));
            assertThat(away.heldFor()).isZero();
            assertThat(away.address()).isNull();

            server.manager.endpoint().seenAt(ada, "192.0.2.1");
            server.poll(ada, 0);
            server.pass(Duration.ofSeconds(3));
            CometClientStatus polls = status(server);
            assertThat(polls.transport()).isEqualTo(Transport.POLL);
            assertThat(polls.heldFor()).isEqualTo(Duration.ofSeconds(3));
            assertThat(polls.unseenFor()).isZero();
            assertThat(polls.address()).isEqualTo("192.0.2.1");

            server.stream(ada, 0);
            server.settle();
            server.manager.sendMessage("ada", "n", 1);
            server.pass(Duration.ofSeconds(4));
            CometClientStatus streams = status(server);
            assertThat(streams.transport()).isEqualTo(Transport.STREAM);
            assertThat(streams.heldFor()).isEqualTo(Duration.ofSeconds(4));
            assertThat(streams.lag()).isEqualTo(Duration.ofSeconds(4));
            assertThat(streams.confirmedId()).isEqualTo(server.manager.confirmedMessageId(ada));
        }
    }

    @Test
    @DisplayName("O1 a client that the store would not end is seen as before")
    void status_storeRefusesToEndTheClient_isAsBefore() {
        class Refusing extends DelegatingProvider {
            @Override
            public boolean removeClient(CometClient client, EndReason reason) {
                throw new IllegalStateException("as the test wants");
            }
        }
        try (Server server = Server.start(new Refusing(), 2, options -> options)) {
            CometClient ada = server.client("ada");
            assertThatExceptionOfType(CometException.class)
                    .isThrownBy(() -> server.manager.disconnect(ada));
            server.manager.endpoint().seenAt(ada, "192.0.2.2");
            assertThat(status(server).address()).isEqualTo("192.0.2.2");
        }
    }

    private static CometClientStatus status(Server server) {
        return server.manager.status("ada").orElseThrow();
    }
}
