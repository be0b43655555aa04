package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_ALREADY_EXISTS;
import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static dev.comet.CometException.Reason.LIMIT_REACHED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.ICometStateProvider;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class ClientRows extends ProviderRows {

    ClientRows(CometStateProviderContract contract) {
        super(contract);
    }

    @Test
    void findClientByPrivateToken_afterInitialize_isAsItWasDescribed() {
        CometClient described =
                CometClient.builder()
                        .publicToken("ada/1 ✓")
                        .privateToken("secret-of-ada.~+/=")
                        .displayName("Ada Lovelace ✓")
                        .connectionTimeoutSeconds(7)
                        .connectionIdleSeconds(11)
                        .attribute("z", "first")
                        .attribute("a", "")
                        .user("a.lovelace")
                        .build();

        provider.initializeClient(described);

        CometClient byPrivate =
                existing(provider.findClientByPrivateToken(described.privateToken()));
        CometClient byPublic = existing(provider.findClientByPublicToken(described.publicToken()));
        assertThat(byPrivate.privateToken()).isEqualTo(described.privateToken());
        assertThat(byPublic.privateToken())
                .as("known, or not kept in the open")
                .isIn(described.privateToken(), "");
        for (CometClient found : List.of(byPrivate, byPublic)) {
            assertThat(found.publicToken()).isEqualTo(described.publicToken());
            assertThat(found.displayName()).isEqualTo(described.displayName());
            assertThat(found.connectionTimeoutSeconds()).isEqualTo(7);
            assertThat(found.connectionIdleSeconds()).isEqualTo(11);
            assertThat(List.copyOf(found.attributes().entrySet()))
                    .isEqualTo(List.copyOf(described.attributes().entrySet()));
            assertThat(found.user()).isEqualTo("a.lovelace");
        }
    }

    private static CometClient existing(@Nullable CometClient client) {
        return Objects.requireNonNull(client, "the client that was just initialised");
    }

    @Test
    void clients_someExist_areListedAndCounted() {
        assertThat(provider.clients()).isEmpty();
        assertThat(provider.usage().clients()).isZero();

        CometClient ada = client("ada");
        CometClient bob = client("bob");
        provider.removeClient(client("eve"), EndReason.DISCONNECTED);

        assertThat(provider.clients()).containsExactlyInAnyOrder(ada, bob);
        assertThat(provider.usage().clients()).isEqualTo(2);
    }

    @Test
    @DisplayName("C2 a second client with the same public token is refused, the first unharmed")
    void initializeClient_publicTokenInUse_isRefused() {
        CometClient ada = client("ada");
        long id = send(to(ada));
        CometClient second = describe("ada", "secret-of-another");

        assertRefused(CLIENT_ALREADY_EXISTS, () -> provider.initializeClient(second));

        assertThat(provider.findClientByPrivateToken("secret-of-another")).isNull();
        assertThat(received(ada)).containsExactly(id);
        provider.initializeClient(describe("another", "secret-of-another"));
    }

    @Test
    @DisplayName("C2 a second client with the same private token is refused, the first unharmed")
    void initializeClient_privateTokenInUse_isRefused() {
        CometClient ada = client("ada");
        long id = send(to(ada));
        CometClient second = describe("another", ada.privateToken());

        assertRefused(CLIENT_ALREADY_EXISTS, () -> provider.initializeClient(second));

        assertThat(provider.findClientByPublicToken("another")).isNull();
        assertThat(received(ada)).containsExactly(id);
        client("another");
    }

    @Test
    @DisplayName("C2 of many that want a token at the same time, one gets it")
    void initializeClient_sameTokenAtOnce_oneIsAccepted() {
        List<String> names = IntStream.range(0, 200).mapToObj(i -> "ada" + i).toList();
        Queue<String> accepted = new ConcurrentLinkedQueue<>();

        AtOnce.race(
                names,
                name -> initializeIfFree(name, name + "-one", accepted),
                name -> initializeIfFree(name, name + "-two", accepted));

        assertThat(accepted).containsExactlyInAnyOrderElementsOf(names);
        assertThat(provider.usage().clients()).isEqualTo(names.size());
    }

    private void initializeIfFree(String name, String secret, Queue<String> accepted) {
        try {
            client(name, secret);
            accepted.add(name);
        } catch (CometException e) {
            assertThat(e.reason()).isEqualTo(CLIENT_ALREADY_EXISTS);
        }
    }

    @Test
    void initializeClient_limitReached_isRefusedUntilOneEnds() {
        restart(CometLimits.builder().maxClients(2).build());
        CometClient ada = client("ada");
        client("bob");

        assertRefused(LIMIT_REACHED, () -> client("eve"));
        assertThat(provider.findClientByPublicToken("eve")).isNull();

        provider.removeClient(ada, EndReason.DISCONNECTED);
        client("eve");
    }

    @Test
    void initializeClient_manyAtOnce_limitHolds() {
        restart(CometLimits.builder().maxClients(2).build());

        AtomicInteger accepted = new AtomicInteger();
        AtOnce.Task initialize =
                () -> {
                    try {
                        provider.initializeClient(CometClient.builder().build());
                        accepted.incrementAndGet();
                    } catch (CometException e) {
                        assertThat(e.reason()).isEqualTo(LIMIT_REACHED);
                    }
                };

        AtOnce.run(Collections.nCopies(6, initialize));

        assertThat(accepted).hasValue(2);
        assertThat(provider.usage().clients()).isEqualTo(2);
    }

    @Test
    @DisplayName("C4 a public token is no private one")
    void everyMethod_publicTokenForPrivate_findsNobody() {
        CometClient ada = client("ada");
        join(ada, ROOM);

        assertKnowsNot(describe("another", ada.publicToken()));

        assertThat(provider.findClientByPrivateToken(ada.privateToken())).isEqualTo(ada);
    }

    @Test
    @DisplayName("C4 a private token is no address, and no refusal shows it")
    void everyMethod_privateTokenForPublic_findsNobody() {
        CometClient ada = client("ada");
        String secret = ada.privateToken();

        assertThat(provider.findClientByPublicToken(secret)).isNull();
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(to(describe(secret, "x"))));
    }

    @Test
    void everyMethod_clientNeverExisted_saysSo() {
        client("ada");

        assertKnowsNot(describe("nobody"));
        assertThat(provider.findClientByPublicToken("nobody")).isNull();
    }

    @Test
    @DisplayName("C10 a removed client is gone")
    void removeClient_existing_isGone() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        send(to(ada));

        assertThat(provider.removeClient(ada, EndReason.DISCONNECTED)).isTrue();

        assertKnowsNot(ada);
        assertThat(provider.findClientByPublicToken("ada")).isNull();
        assertThat(provider.clients()).isEmpty();
        assertThat(provider.groupMembers(ROOM)).isEmpty();
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(to(ada)));
    }

    @Test
    @DisplayName("C10 of two removals at the same time, one does it")
    void removeClient_atOnce_oneDoesIt() {
        List<CometClient> clients =
                IntStream.range(0, 200).mapToObj(i -> client("ada" + i)).toList();
        Queue<CometClient> removed = new ConcurrentLinkedQueue<>();
        AtOnce.Race<CometClient> remove =
                ada -> {
                    if (provider.removeClient(ada, EndReason.DISCONNECTED)) {
                        removed.add(ada);
                    }
                };

        AtOnce.race(clients, remove, remove);

        assertThat(removed).containsExactlyInAnyOrderElementsOf(clients);
    }

    @Test
    @DisplayName("C9 tokens can be used again after a removal; old messages and groups are gone")
    void initializeClient_tokensOfRemovedClient_startsAfresh() {
        CometClient ada = client("ada");
        fillAllLogsOf(ada);

        provider.removeClient(ada, EndReason.DISCONNECTED);

        assertStartsAfresh(ada);
    }

    @Test
    @DisplayName("C9 tokens can be used again after a kill; old messages and groups are gone")
    void initializeClient_tokensOfKilledClient_startsAfresh() {
        CometClient ada = client("ada");
        fillAllLogsOf(ada);

        pass(Duration.ofSeconds(61));
        assertThat(provider.killIdleCometClient(ada)).isEqualTo(ICometStateProvider.KILLED);

        assertStartsAfresh(ada);
    }

    private void fillAllLogsOf(CometClient client) {
        join(client, ROOM);
        send(to(client));
        send(EVERYONE);
        send(TO_ROOM);
    }

    private void assertStartsAfresh(CometClient before) {
        CometClient client = client(before.publicToken());
        send(TO_ROOM);

        assertThat(received(client)).as("what was sent before its new birth").isEmpty();
        assertThat(provider.groupsOf(client)).isEmpty();
        assertThat(provider.groupMembers(ROOM)).isEmpty();
        assertThat(received(client)).isEmpty();
        assertThat(List.of(send(to(client)), send(EVERYONE))).isEqualTo(received(client));
    }

    @Test
    @DisplayName("C12 what comes late for a client that has ended never touches the one after it")
    void everyMethod_earlierClientOfTheTokens_isUnknownAndTheNewcomerUnharmed() {
        CometClient before = client("ada");
        join(before, ROOM);
        provider.removeClient(before, EndReason.DISCONNECTED);
        CometClient ada = client("ada");
        join(ada, ROOM);
        long id = send(to(ada));
        long confirmed = provider.confirmedMessageId(ada);
        provider.keepAlive(ada, TimeUnit.SECONDS.toNanos(90));

        assertIsNoClient(before);

        assertRefused(
                CLIENT_DOES_NOT_EXIST, () -> provider.peekMessages(before, confirmed, 10, 1_000));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> provider.confirmMessages(before, id));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(Audience.one(before)));
        long forAll = send(new Audience.Everyone("ada", before.incarnation()));
        long forRoom = send(new Audience.Group(ROOM, "ada", before.incarnation()));
        assertThat(provider.findClientByPrivateToken(ada.privateToken())).isEqualTo(ada);
        assertThat(provider.findClientByPublicToken("ada")).isEqualTo(ada);
        assertThat(provider.clients()).containsExactly(ada);
        assertThat(provider.groupMembers(ROOM)).containsExactly(ada);
        assertThat(provider.groupsOf(ada)).containsExactly(ROOM);
        assertThat(received(ada)).containsExactly(id, forAll, forRoom);
        assertThat(provider.confirmedMessageId(ada)).isEqualTo(confirmed);
        long ofHers = send(Audience.one(ada));
        assertThat(received(ada)).containsExactly(id, forAll, forRoom, ofHers);
        pass(Duration.ofSeconds(80));
        assertThat(provider.killIdleCometClient(ada)).as("idle in 10 s").isPositive();
    }

    private void assertKnowsNot(CometClient client) {
        assertThat(provider.findClientByPrivateToken(client.privateToken())).isNull();
        assertIsNoClient(client);
    }

    private void assertIsNoClient(CometClient client) {
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> provider.getMessages(client, 0, 10, 1000));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> provider.confirmedMessageId(client));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> provider.joinGroup(client, ROOM));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> provider.leaveGroup(client, ROOM));
        assertThat(provider.keepAlive(client, TimeUnit.MINUTES.toNanos(1))).isFalse();
        assertThat(provider.killIdleCometClient(client)).isEqualTo(ICometStateProvider.ABSENT);
        assertThat(provider.removeClient(client, EndReason.DISCONNECTED)).isFalse();
        assertThat(provider.groupsOf(client)).isEmpty();
    }
}
