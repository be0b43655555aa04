package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static dev.comet.ICometStateProvider.ABSENT;
import static dev.comet.ICometStateProvider.KILLED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Clients here have 60 s of idle time; the clock passes the highest long on the way. */
abstract class IdleRows extends ProviderRows {

    private static final int ROUNDS = 500;

    IdleRows(CometStateProviderContract contract) {
        super(contract, new ManualClock(Long.MAX_VALUE - Duration.ofSeconds(30).toNanos()));
    }

    private long kill(CometClient client) {
        return provider.killIdleCometClient(client);
    }

    private boolean keepAlive(CometClient client, int seconds) {
        return provider.keepAlive(client, Duration.ofSeconds(seconds).toNanos());
    }

    private void passSeconds(int seconds) {
        pass(Duration.ofSeconds(seconds));
    }

    @Test
    @DisplayName("C7 a client that never polls is killed after its idle time, once")
    void killIdleCometClient_neverPolled_killsOnceItIsIdle() {
        CometClient ada = client("ada");
        passSeconds(59);
        assertThat(kill(ada)).isBetween(1L, Duration.ofSeconds(60).toNanos());

        passSeconds(2);

        assertThat(kill(ada)).isEqualTo(KILLED);
        assertThat(kill(ada)).isEqualTo(ABSENT);
        assertThat(provider.usage().clients()).isZero();
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> read(ada, 0));
    }

    @Test
    @DisplayName("C6 asked as often as it says, it kills in time and not before")
    void killIdleCometClient_askedAgainWhenItSays_killsInTime() {
        CometClient ada = client("ada");
        Duration passed = Duration.ZERO;
        for (int asked = 0; asked < 100; asked++) {
            long answer = kill(ada);
            if (answer == KILLED) {
                assertThat(passed).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(61));
                return;
            }
            assertThat(answer).as("when to ask again").isPositive();
            pass(Duration.ofNanos(answer));
            passed = passed.plusNanos(answer);
        }
        throw new AssertionError("not killed after " + passed);
    }

    @Test
    @DisplayName("C6 a client that keeps coming is not killed")
    void keepAlive_beforeIdle_putsTheKillOff() {
        CometClient ada = client("ada");
        for (int i = 0; i < 5; i++) {
            passSeconds(40);
            assertThat(keepAlive(ada, 60)).isTrue();
            assertThat(kill(ada)).isPositive();
        }
        passSeconds(61);

        assertThat(kill(ada)).isEqualTo(KILLED);
    }

    @Test
    @DisplayName("C6 a later call replaces an earlier one, shorter or longer")
    void keepAlive_again_replaces() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        keepAlive(ada, 1_000);
        keepAlive(ada, 10);
        keepAlive(bob, 10);
        keepAlive(bob, 1_000);

        passSeconds(11);

        assertThat(kill(ada)).isEqualTo(KILLED);
        assertThat(kill(bob)).isPositive();
    }

    @Test
    @DisplayName("C6 an idle client that comes back before it is killed lives on")
    void keepAlive_idleButNotKilled_livesOn() {
        CometClient ada = client("ada");
        passSeconds(61);

        assertThat(keepAlive(ada, 60)).isTrue();
        assertThat(kill(ada)).isPositive();
        assertThat(provider.findClientByPublicToken("ada")).isEqualTo(ada);
    }

    // ---- races

    /** So many clients that are idle. */
    private List<CometClient> idleClients() {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            clients.add(client("ada" + i));
        }
        passSeconds(61);
        return clients;
    }

    private void assertEachOnce(List<CometClient> clients, Queue<CometClient> ended) {
        assertThat(ended).containsExactlyInAnyOrderElementsOf(clients);
        assertThat(provider.usage().clients()).isZero();
    }

    @Test
    @DisplayName("C6 of two kills at the same time, one is answered KILLED and one ABSENT")
    void killIdleCometClient_atOnce_oneKills() {
        List<CometClient> clients = idleClients();
        Queue<CometClient> killed = new ConcurrentLinkedQueue<>();
        AtOnce.Race<CometClient> kill =
                ada -> {
                    long answer = kill(ada);
                    if (answer == KILLED) {
                        killed.add(ada);
                    } else {
                        assertThat(answer).isEqualTo(ABSENT);
                    }
                };

        AtOnce.race(clients, kill, kill);

        assertEachOnce(clients, killed);
    }

    @Test
    @DisplayName("C6 a kill that races a removal: one of them ends the client")
    void killIdleCometClient_racingRemoval_oneEndsIt() {
        List<CometClient> clients = idleClients();
        Queue<CometClient> ended = new ConcurrentLinkedQueue<>();

        AtOnce.race(
                clients,
                ada -> {
                    if (kill(ada) == KILLED) {
                        ended.add(ada);
                    }
                },
                ada -> {
                    if (provider.removeClient(ada, EndReason.DISCONNECTED)) {
                        ended.add(ada);
                    }
                });

        assertEachOnce(clients, ended);
    }

    @Test
    @DisplayName("C6 a kill that races a poll: one of them is first")
    void killIdleCometClient_racingKeepAlive_oneIsFirst() {
        List<CometClient> clients = idleClients();
        Queue<CometClient> killed = new ConcurrentLinkedQueue<>();
        Queue<CometClient> keptAlive = new ConcurrentLinkedQueue<>();

        AtOnce.race(
                clients,
                ada -> {
                    if (kill(ada) == KILLED) {
                        killed.add(ada);
                    }
                },
                ada -> {
                    if (keepAlive(ada, 60)) {
                        keptAlive.add(ada);
                    }
                });

        assertThat(keptAlive).doesNotContainAnyElementsOf(killed);
        assertThat(killed.size() + keptAlive.size()).isEqualTo(clients.size());
        assertThat(provider.clients()).containsExactlyInAnyOrderElementsOf(keptAlive);
        passSeconds(61);
        for (CometClient ada : clients) {
            assertThat(kill(ada)).isEqualTo(killed.contains(ada) ? ABSENT : KILLED);
        }
    }

    @Test
    @DisplayName("C9 whoever is told that a client is gone can take its tokens at once")
    void initializeClient_rightAfterTheEndIsSeen_isAccepted() {
        List<CometClient> clients = idleClients();

        AtOnce.race(
                clients,
                this::kill,
                ada -> {
                    if (!keepAlive(ada, 60)) {
                        assertThat(provider.findClientByPrivateToken(ada.privateToken())).isNull();
                        provider.initializeClient(ada);
                    }
                });

        assertThat(provider.clients()).containsExactlyInAnyOrderElementsOf(clients);
    }
}
