package dev.comet.testkit;

import static dev.comet.CometGap.Reason.EXPIRED;
import static dev.comet.CometGap.Reason.OVERFLOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.LogLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Shared logs here hold four messages. */
abstract class SharedLogRows extends ProviderRows {

    private static final int HELD = 4;
    private static final int SIZE = 200;
    private static final long ANY_BYTES = Long.MAX_VALUE;

    SharedLogRows(CometStateProviderContract contract) {
        super(contract);
    }

    private CometClient startWith(String name) {
        restart(sharedLog(HELD, ANY_BYTES));
        CometClient client = client(name);
        join(client, ROOM);
        return client;
    }

    private List<Long> sendEach(int times, Audience audience) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            ids.add(send(audience));
        }
        return ids;
    }

    private static Audience roomExcept(CometClient client) {
        return new Audience.Group(ROOM, client.publicToken());
    }

    // ---- count, bytes, age

    @Test
    @DisplayName("M7 everyone's log turned over: a gap, then the rest, until it is confirmed")
    void getMessages_everyonesLogTurnedOver_saysExactlyWhatIsLost() {
        assertTurnedOverIsAnnounced(EVERYONE);
    }

    @Test
    @DisplayName("M7 a group's log turned over: a gap, then the rest, until it is confirmed")
    void getMessages_groupsLogTurnedOver_saysExactlyWhatIsLost() {
        assertTurnedOverIsAnnounced(TO_ROOM);
    }

    private void assertTurnedOverIsAnnounced(Audience audience) {
        CometClient ada = startWith("ada");
        List<Long> sent = sendEach(10, audience);

        for (int i = 0; i < 2; i++) {
            CometBatch batch = read(ada, sent.get(1));
            assertGap(batch, sent.get(2), sent.get(5), OVERFLOW);
            assertThat(ids(batch)).isEqualTo(sent.subList(6, 10));
        }
        CometBatch confirmed = read(ada, sent.get(5));
        assertThat(confirmed.gaps()).as("up to the last lost").isEmpty();
        assertThat(ids(confirmed)).isEqualTo(sent.subList(6, 10));
        CometBatch later = read(ada, sent.get(7));
        assertThat(later.gaps()).isEmpty();
        assertThat(ids(later)).isEqualTo(sent.subList(8, 10));
    }

    @Test
    @DisplayName("M7 a reader that keeps up sees no gap, however often the log turns over")
    void getMessages_readInTime_isNoGap() {
        CometClient ada = startWith("ada");
        long cursor = 0;
        for (int i = 0; i < 20; i++) {
            List<Long> sent = sendEach(HELD, EVERYONE);
            sent.addAll(sendEach(HELD, TO_ROOM));
            CometBatch batch = read(ada, cursor);
            assertThat(batch.gaps()).isEmpty();
            assertThat(ids(batch)).isEqualTo(sent);
            cursor = batch.cursor();
        }
    }

    @Test
    @DisplayName("M7 the byte bound lets the oldest go, but never the newest")
    void getMessages_bytesTurnedOver_saysExactlyWhatIsLost() {
        restart(sharedLog(100, 3 * SIZE));
        CometClient ada = client("ada");
        List<Long> sent = new ArrayList<>();
        for (int bytes : new int[] {SIZE, SIZE, SIZE, 2 * SIZE}) {
            sent.add(provider.sendMessage(EVERYONE, sized(bytes)));
        }
        CometBatch batch = read(ada, 0);
        assertGap(batch, sent.get(0), sent.get(1), OVERFLOW);
        assertThat(ids(batch)).isEqualTo(sent.subList(2, 4));

        long large = provider.sendMessage(EVERYONE, sized(10 * SIZE));

        batch = read(ada, 0);
        assertGap(batch, sent.get(0), sent.get(3), OVERFLOW);
        assertThat(ids(batch)).containsExactly(large);
    }

    @Test
    @DisplayName("M8 what is too old is announced as expired to those who have not confirmed it")
    void tidy_tooOld_goesAnnounced() {
        restart(
                CometLimits.builder()
                        .sharedLog(new LogLimits(10, ANY_BYTES, Duration.ofSeconds(60)))
                        .build());
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        List<Long> old = sendEach(2, EVERYONE);
        read(bob, old.get(1));
        pass(Duration.ofSeconds(40));
        long young = send(EVERYONE);
        pass(Duration.ofSeconds(30));

        provider.tidy();

        CometBatch batch = read(ada, 0);
        assertGap(batch, old.get(0), old.get(1), EXPIRED);
        assertThat(ids(batch)).containsExactly(young);
        assertThat(read(bob, old.get(1)).gaps()).as("had confirmed it").isEmpty();
    }

    // ---- what is not a gap

    @Test
    @DisplayName("M11 a client that everything left out sees no gap, read or unread")
    void getMessages_turnedOverByEveryoneButMe_isNoGap() {
        CometClient ada = startWith("ada");
        long birth = provider.confirmedMessageId(ada);
        for (int i = 0; i < 10; i++) {
            send(HELD, everyoneExcept(ada));
            send(HELD, roomExcept(ada));

            assertThat(read(ada, birth).isEmpty()).as("never moved its cursor").isTrue();
            assertThat(read(ada, 0).isEmpty()).as("has no cursor").isTrue();
        }
        long id = send(EVERYONE);
        assertThat(received(ada)).containsExactly(id);
    }

    @Test
    @DisplayName("M11 a gap ends at the last message that was lost for this client")
    void getMessages_lostThenLeftOut_gapEndsAtTheLost() {
        CometClient ada = startWith("ada");
        List<Long> lost = sendEach(2, EVERYONE);
        List<Long> others = sendEach(HELD + 5, everyoneExcept(ada));
        long kept = send(EVERYONE);

        CometBatch batch = read(ada, 0);
        assertGap(batch, lost.get(0), lost.get(1), OVERFLOW);
        assertThat(ids(batch)).containsExactly(kept);
        assertThat(read(ada, lost.get(1)).gaps()).isEmpty();
        assertThat(read(ada, others.get(0)).gaps()).isEmpty();
    }

    @Test
    @DisplayName("M11 different clients left out: each one's gap is its own")
    void getMessages_severalLeftOut_gapsAreEachOnesOwn() {
        CometClient ada = startWith("ada");
        CometClient bob = client("bob");
        long notAda = send(everyoneExcept(ada));
        long notBob = send(everyoneExcept(bob));
        long notAdaAgain = send(everyoneExcept(ada));
        List<Long> kept = sendEach(HELD, EVERYONE);

        CometBatch adas = read(ada, 0);
        assertGap(adas, notBob, notBob, OVERFLOW);
        assertThat(ids(adas)).isEqualTo(kept);
        CometBatch bobs = read(bob, 0);
        assertGap(bobs, notAda, notAdaAgain, OVERFLOW);
        assertThat(ids(bobs)).isEqualTo(kept);
        assertThat(read(bob, notAda).gaps()).hasSize(1);
        assertThat(read(ada, notBob).gaps()).isEmpty();
    }

    @Test
    @DisplayName("M11 logs of others that turn over are no gap")
    void getMessages_othersLogsTurnedOver_isNoGap() {
        CometClient ada = startWith("ada");
        CometClient bob = client("bob");
        join(bob, "other");
        long mine = send(to(ada));
        send(20, new Audience.Group("other", null));
        send(20, to(bob));
        long room = send(TO_ROOM);

        assertThat(received(ada)).containsExactly(mine, room);
    }

    @Test
    @DisplayName("M12 what turned over before a birth or a joining is no gap")
    void getMessages_turnedOverBeforeMyTime_isNoGap() {
        startWith("ada");
        send(10, EVERYONE);
        send(10, TO_ROOM);
        CometClient bob = client("bob");
        assertThat(read(bob, 0).isEmpty()).isTrue();
        send(HELD, TO_ROOM);
        join(bob, ROOM);
        assertThat(read(bob, 0).isEmpty()).isTrue();

        List<Long> sent = sendEach(HELD, TO_ROOM);
        assertThat(received(bob)).isEqualTo(sent);
        sent.add(send(TO_ROOM));
        CometBatch batch = read(bob, 0);
        assertGap(batch, sent.get(0), sent.get(0), OVERFLOW);
        assertThat(ids(batch)).isEqualTo(sent.subList(1, 5));
    }

    @Test
    @DisplayName("M12 what turned over after leaving is no gap; what was unread is")
    void getMessages_turnedOverAfterLeaving_gapEndsBeforeIt() {
        CometClient ada = startWith("ada");
        CometClient bob = client("bob");
        join(bob, ROOM);
        List<Long> unread = sendEach(2, TO_ROOM);
        read(bob, unread.get(1));
        send(to(bob)); // so that the leaving is not at the id of a message of the group
        leave(ada, ROOM);
        leave(bob, ROOM);
        send(10, TO_ROOM);

        CometBatch batch = read(ada, 0);
        assertGap(batch, unread.get(0), unread.get(1), OVERFLOW);
        assertThat(batch.messages()).isEmpty();
        assertThat(read(bob, unread.get(1)).gaps()).as("had read it all").isEmpty();
        assertThat(read(ada, batch.cursor()).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("M12 what turned over between leaving and re-joining is no gap")
    void getMessages_turnedOverBetweenMemberships_isNoGap() {
        CometClient ada = startWith("ada");
        long first = send(TO_ROOM);
        read(ada, first);
        leave(ada, ROOM);
        send(10, TO_ROOM);
        join(ada, ROOM);
        long second = send(TO_ROOM);

        CometBatch batch = read(ada, first);
        assertThat(batch.gaps()).isEmpty();
        assertThat(ids(batch)).containsExactly(second);
    }

    // ---- with other logs

    @Test
    @DisplayName("M7 messages of other logs between the lost ones still come")
    void getMessages_turnedOverBetweenOthers_onlyTheLostAreMissing() {
        CometClient ada = startWith("ada");
        List<Long> mine = new ArrayList<>();
        List<Long> room = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            mine.add(send(to(ada)));
            room.add(send(TO_ROOM));
        }
        List<Long> expected = new ArrayList<>(mine);
        expected.addAll(room.subList(6, 10));
        expected.sort(null);

        CometBatch batch = read(ada, 0);
        assertGap(batch, room.get(0), room.get(5), OVERFLOW);
        assertThat(ids(batch)).isEqualTo(expected);
    }

    @Test
    @DisplayName("M7 two logs that turned over: what both lost is announced in time")
    void getMessages_twoLogsTurnedOver_bothAreAnnounced() {
        CometClient ada = startWith("ada");
        List<Long> all = sendEach(10, EVERYONE);
        List<Long> room = sendEach(10, TO_ROOM);

        CometBatch batch = read(ada, 0, 1, Integer.MAX_VALUE);

        assertThat(ids(batch)).containsExactly(all.get(6));
        for (long lost : all.subList(0, 6)) {
            assertThat(batch.gaps()).anyMatch(gap -> gap.from() <= lost && lost <= gap.to());
        }
        CometBatch next = read(ada, all.get(9));
        assertGap(next, room.get(0), room.get(5), OVERFLOW);
        assertThat(ids(next)).isEqualTo(room.subList(6, 10));
    }
}
