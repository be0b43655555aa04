package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.ICometStateProvider.Attachment;
import dev.comet.testkit.internal.RecordingListener;
import dev.comet.testkit.internal.RecordingListener.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link ICometStateProvider} promises where several nodes have one store, as tests. The
 * author of such a provider extends this beside {@link CometStateProviderContract}, which is about
 * one node.
 *
 * <p>A listener may be called late: the tests wait up to {@link #patience}. What a method has
 * returned must be visible to every call of the same node that begins afterwards, and to other
 * nodes within that time.
 */
@Timeout(60)
public abstract class CometNodesContract {

    private static final String ROOM = "room";
    private static final Duration IDLE = Duration.ofMinutes(1);

    private final ManualClock clock = new ManualClock();
    private RecordingListener toldA;
    private RecordingListener toldB;
    private ICometStateProvider a;
    private ICometStateProvider b;

    /** For subclasses. */
    protected CometNodesContract() {}

    /** A node that has not been started, over an empty store. */
    protected abstract ICometStateProvider firstNode();

    /** Another node that has not been started, over the store of the first one. */
    protected abstract ICometStateProvider anotherNode();

    /** The process of this node is gone, from one moment to the next. */
    protected abstract void crash(ICometStateProvider node);

    /** For how long, at most, the store takes a node that is gone for one that is there. */
    protected abstract Duration lease();

    /**
     * What the store is given from now on it loses when the returned task runs, as when a replica
     * takes over that has not received the rest. The nodes notice it by themselves.
     *
     * @return null if the store never loses what it has accepted
     */
    protected @Nullable Runnable losesWhatFollows() {
        return null;
    }

    /** As {@link CometStateProviderContract#pass}. */
    protected void pass(ManualClock clock, Duration duration) {
        clock.advance(duration);
    }

    /** As {@link CometStateProviderContract#patience}. */
    protected Duration patience() {
        return Duration.ofSeconds(10);
    }

    @BeforeEach
    final void startNodes() {
        toldA = new RecordingListener(patience());
        toldB = new RecordingListener(patience());
        a = firstNode();
        a.start(new ICometStateProvider.Context(CometLimits.defaults(), clock, toldA));
        b = anotherNode();
        b.start(new ICometStateProvider.Context(CometLimits.defaults(), clock, toldB));
    }

    @AfterEach
    final void closeNodes() {
        b.close();
        a.close();
    }

    private static CometClient client(ICometStateProvider node, String name) {
        CometClient client = ProviderRows.describe(name);
        node.initializeClient(client);
        return client;
    }

    private static Attachment attach(ICometStateProvider node, CometClient client, long instance) {
        return Objects.requireNonNull(node.attach(client.privateToken(), instance));
    }

    private static EncodedMessage reply(String correlationId) {
        return new EncodedMessage("comet.reply", correlationId, new byte[] {'1'});
    }

    private static List<Long> received(ICometStateProvider node, CometClient client) {
        return ProviderRows.ids(node.getMessages(client, 0, 1_000, Integer.MAX_VALUE));
    }

    private void pass(Duration duration) {
        pass(clock, duration);
    }

    private static void keepAlive(ICometStateProvider node, CometClient client, Duration idleIn) {
        assertThat(node.keepAlive(client, idleIn.toNanos())).isTrue();
    }

    // ---- who has a client

    @Test
    @DisplayName("P6 a client that another node attaches has moved, and who had it is told so")
    void attach_atAnotherNode_tellsWhoHadIt() {
        CometClient ada = client(a, "ada");
        Attachment first = attach(a, ada, 1);
        Attachment second = attach(b, ada, 2);

        toldA.await(Call.superseded(ada, 2));
        assertThat(second.generation()).isGreaterThan(first.generation());
        assertThat(second.client()).isEqualTo(ada);
        Attachment third = attach(a, ada, 3);
        toldB.await(Call.superseded(ada, 3));
        assertThat(third.generation()).isGreaterThan(second.generation());
    }

    @Test
    @DisplayName("P6 a client that its own node attaches again stays, and nobody is told")
    void attach_again_staysWhereItIs() {
        CometClient ada = client(a, "ada");
        Attachment first = attach(a, ada, 1);

        assertThat(attach(a, ada, 2)).isEqualTo(first);
        assertThat(toldA.count(Call.superseded(ada, 2))).isZero();
        assertThat(a.attach("nobody's", 1)).isNull();
    }

    @Test
    @DisplayName("C8 what a node says of a client that has moved counts no more")
    void keepAlive_clientHasMoved_countsNoMore() {
        CometClient ada = client(a, "ada");
        attach(b, ada, 0);
        keepAlive(b, ada, Duration.ofMinutes(5));
        keepAlive(a, ada, Duration.ofSeconds(1));
        pass(Duration.ofSeconds(200));

        assertThat(a.killIdleCometClient(ada)).isEqualTo(ICometStateProvider.ELSEWHERE);
        assertThat(b.killIdleCometClient(ada)).isPositive();
        pass(Duration.ofSeconds(101));
        assertThat(a.killIdleCometClient(ada)).isEqualTo(ICometStateProvider.ELSEWHERE);
        assertThat(b.killIdleCometClient(ada)).isEqualTo(ICometStateProvider.KILLED);
        assertThat(a.killIdleCometClient(ada)).isEqualTo(ICometStateProvider.ABSENT);
    }

    // ---- the end

    @Test
    @DisplayName("C10 an end is told to the other node, with its reason, and once")
    void removeClient_atAnotherNode_isToldWithItsReason() {
        CometClient ada = client(a, "ada");
        attach(b, ada, 0);

        assertThat(a.removeClient(ada, EndReason.OVERFLOW)).isTrue();

        toldB.await(Call.ended(ada, EndReason.OVERFLOW));
        assertThat(b.removeClient(ada, EndReason.DISCONNECTED)).isFalse();
        assertThat(b.attach(ada.privateToken(), 0)).isNull();
        assertThat(b.keepAlive(ada, 1)).isFalse();
        assertThat(toldA.count(Call.ended(ada, EndReason.OVERFLOW))).as("who did it").isZero();
        client(b, "ada");
    }

    @Test
    @DisplayName("P5 clients of a node that is gone are ended when they are idle, once")
    void killOrphans_nodeIsGone_killsOnce() {
        CometClient ada = client(a, "ada");
        CometClient bob = client(a, "bob");
        keepAlive(a, ada, IDLE);
        keepAlive(a, bob, IDLE);
        crash(a);
        attach(b, bob, 0);
        keepAlive(b, bob, Duration.ofMinutes(5));
        assertThat(b.killOrphans()).as("not idle yet").isEmpty();
        ICometStateProvider c = anotherNode();
        c.start(
                new ICometStateProvider.Context(
                        CometLimits.defaults(), clock, new RecordingListener(patience())));
        try {
            pass(lease().plus(IDLE).plusSeconds(1));

            List<CometClient> killed = new ArrayList<>(b.killOrphans());
            killed.addAll(c.killOrphans());
            killed.addAll(b.killOrphans());
            assertThat(killed).containsExactly(ada);
            assertThat(b.clients()).containsExactly(bob);
        } finally {
            c.close();
        }
    }

    @Test
    @DisplayName("C8 a node that is there keeps its clients, whoever looks for orphans")
    void killOrphans_nodeIsThere_killsNobody() {
        CometClient ada = client(a, "ada");
        keepAlive(a, ada, Duration.ofMinutes(5));
        pass(lease().plus(IDLE).plusSeconds(1));

        assertThat(b.killOrphans()).isEmpty();
        assertThat(b.clients()).containsExactly(ada);
    }

    // ---- messages

    @Test
    @DisplayName("P2 what is sent at one node wakes, and can be read at, the other")
    void sendMessage_atAnotherNode_isToldAndRead() {
        CometClient ada = client(a, "ada");
        attach(b, ada, 0);
        b.joinGroup(ada, ROOM);

        long own = a.sendMessage(Audience.one(ada), ProviderRows.message("own"));
        toldB.await(Call.clientGrew(ada));
        long group = a.sendMessage(new Audience.Group(ROOM, null), ProviderRows.message("group"));
        toldB.await(Call.groupGrew(ROOM));
        long all = a.sendMessage(new Audience.Everyone(null), ProviderRows.message("all"));
        toldB.await(Call.everyoneGrew());

        assertThat(received(b, ada)).containsExactly(own, group, all);
        assertThat(b.confirmMessages(ada, group)).isTrue();
        attach(a, ada, 0);
        assertThat(a.confirmedMessageId(ada)).isEqualTo(group);
    }

    @Test
    @DisplayName("P2 a join and a leave at one node are told to the one that has the client")
    void joinGroup_atAnotherNode_isTold() {
        CometClient ada = client(a, "ada");
        attach(b, ada, 0);

        a.joinGroup(ada, ROOM);
        toldB.await(Call.joined(ada, ROOM));
        assertThat(b.groupsOf(ada)).containsExactly(ROOM);
        assertThat(a.leaveGroup(ada, ROOM)).isTrue();
        toldB.await(Call.left(ada, ROOM));
        assertThat(b.groupMembers(ROOM)).isEmpty();
    }

    @Test
    @DisplayName("M6 ids of sends at both nodes rise, and everybody sees them in one order")
    void sendMessage_bothNodesAtOnce_isOneOrder() throws InterruptedException {
        CometClient ada = client(a, "ada");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> senders = new ArrayList<>();
        for (ICometStateProvider node : List.of(a, b)) {
            senders.add(
                    new Thread(
                            () -> {
                                long last = 0;
                                for (int i = 0; i < 200; i++) {
                                    long id =
                                            node.sendMessage(
                                                    Audience.one(ada), ProviderRows.message("n"));
                                    if (id <= last) {
                                        failure.set(new AssertionError(id + " after " + last));
                                    }
                                    last = id;
                                }
                            }));
        }
        senders.forEach(Thread::start);
        for (Thread sender : senders) {
            sender.join();
        }

        assertThat(failure).hasValue(null);
        assertThat(received(a, ada)).hasSize(400).isSorted().doesNotHaveDuplicates();
        assertThat(received(b, ada)).isEqualTo(received(a, ada));
    }

    // ---- a store that has lost its last writes

    private Runnable losing() {
        Runnable loses = losesWhatFollows();
        assumeTrue(loses != null, "skipped: this store loses nothing that it has accepted");
        return loses;
    }

    private static long toEveryone(ICometStateProvider node, String name) {
        return node.sendMessage(new Audience.Everyone(null), ProviderRows.message(name));
    }

    private static CometBatch read(ICometStateProvider node, CometClient client, long cursor) {
        return node.getMessages(client, cursor, 1_000, Integer.MAX_VALUE);
    }

    @Test
    @DisplayName("P8 what the store has lost is announced before what follows, at every node")
    void getMessages_storeHasLostItsLast_saysSo() {
        CometClient ada = client(a, "ada");
        CometClient bob = client(b, "bob");
        long kept = toEveryone(a, "kept");
        Runnable loses = losing();
        a.sendMessage(Audience.one(ada), ProviderRows.message("lost"));
        long lost = toEveryone(b, "lost");
        loses.run();

        long later = toEveryone(a, "later");

        assertThat(later).as("no id is given twice").isGreaterThan(lost);
        for (CometClient client : List.of(ada, bob)) {
            CometBatch batch = read(b, client, kept);
            assertThat(batch.gaps()).hasSize(1);
            CometGap gap = batch.gaps().get(0);
            assertThat(gap.reason()).isEqualTo(CometGap.Reason.STORE_LOST);
            assertThat(gap.from()).isEqualTo(kept + 1);
            assertThat(gap.to()).isGreaterThanOrEqualTo(lost).isLessThan(later);
            assertThat(ProviderRows.ids(batch)).containsExactly(later);
            assertThat(read(a, client, gap.to()).gaps()).as("once is enough").isEmpty();
        }
        CometClient eve = client(a, "eve");
        assertThat(read(a, eve, 0).gaps()).as("who came afterwards").isEmpty();
    }

    @Test
    @DisplayName("P8 who has received what the store has lost is not given it again")
    void getMessages_clientIsAheadOfTheStore_goesOn() {
        CometClient ada = client(a, "ada");
        toEveryone(a, "kept");
        Runnable loses = losing();
        long lost = toEveryone(b, "lost");
        assertThat(received(b, ada)).contains(lost);
        loses.run();

        long later = toEveryone(b, "later");

        CometBatch batch = read(a, ada, lost);
        assertThat(batch.gaps())
                .allMatch(gap -> gap.reason() == CometGap.Reason.STORE_LOST && gap.from() > lost);
        assertThat(ProviderRows.ids(batch)).containsExactly(later);
    }

    @Test
    @DisplayName(
            "P8 a store that changes, and has lost nothing that anybody knows of, says nothing")
    void getMessages_storeHasLostNothing_saysNothing() {
        CometClient ada = client(a, "ada");
        long kept = toEveryone(a, "kept");
        losing().run();

        long later = toEveryone(b, "later");

        CometBatch batch = read(a, ada, 0);
        assertThat(batch.gaps()).isEmpty();
        assertThat(ProviderRows.ids(batch)).containsExactly(kept, later);
    }

    @Test
    @DisplayName("P8 when the store has lost something, those who wait are told to look")
    void losesWhatFollows_clientsWait_areToldToLook() {
        CometClient ada = client(a, "ada");
        Runnable loses = losing();
        toEveryone(b, "lost");
        toldA.clear();
        loses.run();

        toldA.await(Call.everyoneGrew());
        toldA.await(Call.clientGrew(ada));
    }

    @Test
    @DisplayName("P8 a client whose last move the store has lost stays where it is")
    void attach_storeHasLostIt_isAttachedAgain() {
        CometClient ada = client(a, "ada");
        attach(a, ada, 0);
        Runnable loses = losing();
        Attachment moved = attach(b, ada, 0);
        toEveryone(b, "lost");
        pass(Duration.ofSeconds(1));
        toldB.clear();
        loses.run();

        toldB.await(Call.clientGrew(ada)); // it is done with looking
        assertThat(b.killIdleCometClient(ada)).isPositive();
        assertThat(toldB.count(Call.superseded(ada, 0))).isZero();
        assertThat(attach(a, ada, 1).generation()).isGreaterThan(moved.generation());
        toldB.await(Call.superseded(ada, 1));
    }

    // ---- requests and replies

    @Test
    @DisplayName("M10 a reply that comes to another node is handed on to who waits, once")
    void passReply_anotherNodeWaits_isTold() {
        CometClient lamp = client(b, "lamp");
        assertThat(a.awaitReply(lamp, "c-1", TimeUnit.SECONDS.toNanos(30))).isTrue();
        assertThat(b.awaitReply(lamp, "c-1", 1)).as("twice").isFalse();

        assertThat(b.passReply(lamp, reply("c-1"))).isTrue();

        toldA.await(Call.replied(lamp, "c-1"));
        assertAlreadyReplied(lamp, "c-1");
        assertThat(b.passReply(lamp, reply("c-2"))).as("nobody waits").isFalse();
    }

    private void assertAlreadyReplied(CometClient client, String correlationId) {
        CometException refusal =
                ProviderRows.assertRefused(
                        Reason.ALREADY_REPLIED, () -> b.passReply(client, reply(correlationId)));
        assertThat(refusal.getMessage()).isNotBlank();
    }

    @Test
    @DisplayName("M10 a reply that its own node has, or waits for no more, is refused elsewhere")
    void awaitReplyNoMore_anotherNodeGetsOne_isRefused() {
        CometClient lamp = client(b, "lamp");
        a.awaitReply(lamp, "c-1", TimeUnit.SECONDS.toNanos(30));
        a.awaitReplyNoMore(lamp, "c-1", true);
        a.groupsOf(lamp); // after this call, at the latest, it counts
        assertAlreadyReplied(lamp, "c-1");
        a.awaitReply(lamp, "c-2", TimeUnit.SECONDS.toNanos(30));
        a.awaitReplyNoMore(lamp, "c-2", false);
        a.groupsOf(lamp);
        assertThat(b.passReply(lamp, reply("c-2"))).isFalse();
    }

    @Test
    @DisplayName("M10 who waits for a reply is told when another node ends the client")
    void removeClient_nodeWaitsForItsReply_isTold() {
        CometClient lamp = client(b, "lamp");
        a.awaitReply(lamp, "c-1", TimeUnit.SECONDS.toNanos(30));
        b.removeClient(lamp, EndReason.DISCONNECTED);
        toldA.await(Call.ended(lamp, EndReason.DISCONNECTED));
    }
}
