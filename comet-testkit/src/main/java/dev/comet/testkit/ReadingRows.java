package dev.comet.testkit;

import static dev.comet.CometGap.Reason.CONFIRMED;
import static dev.comet.CometGap.Reason.UNKNOWN_CURSOR;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometGap;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class ReadingRows extends ProviderRows {

    ReadingRows(CometStateProviderContract contract) {
        super(contract);
    }

    private long confirmed(CometClient client) {
        return provider.confirmedMessageId(client);
    }

    // ---- M1

    @Test
    @DisplayName("M1 a cursor of 0 or less gets everything since the client was initialised")
    void getMessages_noCursor_findsEverythingSinceBirth() {
        client("earlier");
        send(EVERYONE);
        CometClient ada = client("ada");
        long first = send(to(ada));
        long second = send(EVERYONE);

        for (long cursor : new long[] {0, -1, Long.MIN_VALUE}) {
            CometBatch batch = read(ada, cursor);
            assertThat(ids(batch)).as("cursor %d", cursor).containsExactly(first, second);
            assertThat(batch.gaps()).isEmpty();
        }
    }

    @Test
    @DisplayName("M1 only what is above the cursor comes, in rising order, from all logs")
    void getMessages_cursorInBetween_findsWhatIsAbove() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sent.add(send(TO_ROOM));
            sent.add(send(EVERYONE));
            sent.add(send(to(ada)));
        }

        for (int i = 0; i < sent.size(); i++) {
            CometBatch batch = read(ada, sent.get(i));
            assertThat(ids(batch)).isEqualTo(sent.subList(i + 1, sent.size()));
            assertThat(batch.gaps()).isEmpty();
        }
    }

    @Test
    @DisplayName("M1 a newcomer's cursor is the top of the store, and finds nothing")
    void confirmedMessageId_newcomer_isTheTop() {
        CometClient ada = client("ada");
        long top = send(to(ada));
        CometClient bob = client("bob");

        assertThat(confirmed(bob)).isGreaterThanOrEqualTo(top);
        assertThat(read(bob, confirmed(bob)).isEmpty()).isTrue();

        long id = send(to(bob));
        assertThat(ids(read(bob, confirmed(bob)))).containsExactly(id);
    }

    // ---- M2

    @Test
    @DisplayName("M2 what was not confirmed comes again, however often")
    void getMessages_sameCursor_findsTheSame() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        long first = send(to(ada));
        List<Long> rest = List.of(send(EVERYONE), send(TO_ROOM), send(to(ada)));

        for (int i = 0; i < 3; i++) {
            assertThat(ids(read(ada, first))).isEqualTo(rest);
        }
        long later = send(to(ada));
        assertThat(ids(read(ada, first))).startsWith(rest.get(0), rest.get(1), rest.get(2), later);
    }

    @Test
    @DisplayName("M2 a cursor confirms, reading does not, and what is confirmed stays so")
    void confirmedMessageId_afterReads_isTheHighestCursor() {
        CometClient ada = client("ada");
        long birth = confirmed(ada);
        long first = send(to(ada));
        long second = send(to(ada));

        read(ada, 0);
        assertThat(confirmed(ada)).as("read from 0").isEqualTo(birth);
        read(ada, birth);
        assertThat(confirmed(ada)).as("read from its birth").isEqualTo(birth);
        read(ada, second);
        assertThat(confirmed(ada)).as("read from the last").isEqualTo(second);
        read(ada, first);
        assertThat(confirmed(ada)).as("read from an earlier one").isEqualTo(second);
        read(ada, 0);
        assertThat(confirmed(ada)).as("read from 0 again").isEqualTo(second);
    }

    // ---- M9

    @Test
    @DisplayName("M9 a cursor above the top gets a gap to what is confirmed, then the rest")
    void getMessages_cursorAboveTop_saysSoAndContinues() {
        CometClient ada = client("ada");
        long first = send(to(ada));
        List<Long> rest = List.of(send(to(ada)), send(EVERYONE));
        long top = rest.get(1);
        read(ada, first);

        for (long cursor : new long[] {top + 1, top + 1_000_000_000L, Long.MAX_VALUE}) {
            CometBatch batch = read(ada, cursor);
            assertUnknownCursor(batch, first);
            assertThat(ids(batch)).isEqualTo(rest);
            assertThat(confirmed(ada)).as("confirmed by cursor %d", cursor).isEqualTo(first);
        }
        assertThat(ids(read(ada, first))).isEqualTo(rest);
    }

    @Test
    @DisplayName(
            "M9 a cursor from before the client's birth gets a gap to its birth, then the rest")
    void getMessages_cursorBelowBirth_saysSoAndContinues() {
        CometClient earlier = client("earlier");
        long old = send(to(earlier));
        send(to(earlier));
        CometClient ada = client("ada");
        long birth = confirmed(ada);
        long id = send(to(ada));

        CometBatch batch = read(ada, old);

        assertUnknownCursor(batch, birth);
        assertThat(ids(batch)).containsExactly(id);
        assertThat(confirmed(ada)).isEqualTo(birth);
        assertUnknownCursor(read(ada, 1), birth);
    }

    @Test
    @DisplayName("M9 a cursor from nowhere gets its gap even if nothing waits")
    void getMessages_cursorAboveTopAndNothingWaits_saysSo() {
        CometClient ada = client("ada");
        long birth = confirmed(ada);

        CometBatch batch = read(ada, Long.MAX_VALUE);

        assertUnknownCursor(batch, birth);
        assertThat(batch.messages()).isEmpty();
        assertThat(batch.cursor()).isLessThan(Long.MAX_VALUE);
        long id = send(to(ada));
        assertThat(ids(read(ada, batch.cursor()))).containsExactly(id);
    }

    private static void assertUnknownCursor(CometBatch batch, long to) {
        assertThat(batch.gaps()).hasSize(1);
        assertThat(batch.gaps().get(0).reason()).isEqualTo(UNKNOWN_CURSOR);
        assertThat(batch.gaps().get(0).to()).as("end of %s", batch.gaps()).isEqualTo(to);
    }

    @Test
    @DisplayName("M9 a cursor older than what was confirmed: what was freed is announced")
    void getMessages_cursorBelowConfirmed_saysWhatWasFreed() {
        CometClient ada = client("ada");
        long first = send(to(ada));
        long second = send(to(ada));
        long third = send(to(ada));
        long rest = send(to(ada));
        read(ada, third);

        CometBatch older = read(ada, first);
        assertGap(older, second, third, CONFIRMED);
        assertThat(ids(older)).containsExactly(rest);

        CometBatch none = read(ada, 0);
        assertGap(none, first, third, CONFIRMED);
        assertThat(ids(none)).containsExactly(rest);
    }

    @Test
    @DisplayName(
            "M9 a cursor older than what was confirmed: from shared logs, comes or is announced")
    void getMessages_cursorBelowConfirmedInSharedLog_isNeverSilent() {
        CometClient ada = client("ada");
        List<Long> sent = List.of(send(EVERYONE), send(to(ada)), send(EVERYONE), send(EVERYONE));
        read(ada, sent.get(2));

        CometBatch batch = read(ada, 0);

        assertThat(ids(batch)).endsWith(sent.get(3));
        for (long id : sent) {
            boolean announced = batch.gaps().stream().anyMatch(g -> g.from() <= id && id <= g.to());
            assertThat(announced || ids(batch).contains(id)).as("%d: %s", id, batch).isTrue();
        }
        assertThat(batch.gaps()).extracting(CometGap::reason).containsOnly(CONFIRMED);
    }

    // ---- M11

    @Test
    @DisplayName("M11 a client to whom nothing is addressed is moved along")
    void getMessages_onlyOthersGetMessages_movesTheCursor() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(bob, ROOM);
        long cursor = confirmed(ada);
        for (int i = 0; i < 20; i++) {
            send(to(bob));
            send(TO_ROOM);
            long top = send(everyoneExcept(ada));

            CometBatch batch = read(ada, cursor);

            assertThat(batch.isEmpty()).as("%s", batch).isTrue();
            assertThat(batch.cursor()).isEqualTo(top);
            cursor = batch.cursor();
        }
        long id = send(to(ada));
        assertThat(ids(read(ada, cursor))).containsExactly(id);
    }

    @Test
    @DisplayName("M11 the cursor of a batch skips nothing and repeats nothing")
    void getMessages_cursorOfTheBatch_continuesExactly() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        long cursor = confirmed(ada);
        for (int i = 0; i < 20; i++) {
            long id = i % 2 == 0 ? send(to(ada)) : send(EVERYONE);
            long others = send(to(bob));

            CometBatch batch = read(ada, cursor);

            assertThat(ids(batch)).containsExactly(id);
            assertThat(batch.cursor()).isBetween(id, others);
            cursor = batch.cursor();
        }
    }

    // ---- batches

    @Test
    void getMessages_moreThanMaxMessages_continuesInOrderAcrossLogs() {
        for (int maxMessages : new int[] {1, 2, 3, 7, 59, 60, 61}) {
            assertArrivesInBatches(maxMessages, Integer.MAX_VALUE);
        }
    }

    @Test
    void getMessages_moreThanMaxBytes_continuesInOrderAcrossLogs() {
        int size = message("hello").sizeInBytes();
        for (int maxBytes : new int[] {1, size, size + 1, 2 * size - 1, 2 * size, 7 * size}) {
            assertArrivesInBatches(1_000, maxBytes);
        }
    }

    @Test
    void getMessages_highestBounds_findsAllOfAllLogs() {
        assertArrivesInBatches(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    @Test
    void getMessages_exactlyMaxBytes_fits() {
        CometClient ada = client("ada");
        send(3, to(ada));
        int size = message("hello").sizeInBytes();

        assertThat(ids(read(ada, 0, 1_000, 2 * size - 1))).hasSize(1);
        assertThat(ids(read(ada, 0, 1_000, 2 * size))).hasSize(2);
    }

    @Test
    void getMessages_largerThanMaxBytes_travelsAlone() {
        CometClient ada = client("ada");
        long small = send(to(ada));
        long large = provider.sendMessage(to(ada), sized(5_000));
        long next = send(to(ada));

        assertThat(ids(read(ada, 0, 10, 1_000))).containsExactly(small);
        assertThat(ids(read(ada, small, 10, 1_000))).containsExactly(large);
        assertThat(ids(read(ada, large, 10, 1_000))).containsExactly(next);
    }

    private void assertArrivesInBatches(int maxMessages, int maxBytes) {
        String sizes = "batches of " + maxMessages + " messages, " + maxBytes + " bytes";
        CometClient ada = client("ada: " + sizes, "ada-" + maxMessages + "-" + maxBytes);
        CometClient bob = client("bob: " + sizes, "bob-" + maxMessages + "-" + maxBytes);
        join(ada, ROOM);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sent.add(send(i % 2 == 0 ? EVERYONE : to(ada)));
            send(everyoneExcept(ada));
            sent.add(send(TO_ROOM));
            sent.add(send(to(ada, bob)));
            send(to(bob));
        }

        List<Long> arrived = new ArrayList<>();
        CometBatch batch = read(ada, 0, maxMessages, maxBytes);
        while (!batch.messages().isEmpty()) {
            assertThat(batch.gaps()).as(sizes).isEmpty();
            arrived.addAll(ids(batch));
            batch = read(ada, batch.cursor(), maxMessages, maxBytes);
        }
        assertThat(arrived).as(sizes).isEqualTo(sent);
    }
}
