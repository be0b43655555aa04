package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.Verdict;
import dev.comet.testkit.internal.Verdict.Fault;
import dev.comet.testkit.internal.Verdict.Kind;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HistoryCheckerTest {

    private static final String ADA = "ada";
    private static final String BOB = "bob";
    private static final Audience ALL = new Audience.Everyone(null);
    private static final Audience ROOM = new Audience.Group("room", null);

    private final HistoryChecker history = new HistoryChecker();

    @BeforeEach
    void adaExists() {
        history.born(ADA, 10);
    }

    private void accepted(Audience audience, long... ids) {
        for (long id : ids) {
            history.accepted(id, audience);
        }
    }

    private void received(String client, long... ids) {
        for (long id : ids) {
            history.received(client, id);
        }
    }

    private void assertClean() {
        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.isClean()).as(verdict.toString()).isTrue();
    }

    private void assertFaults(Kind kind, String client, String... messages) {
        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.faults()).as(verdict.toString()).allMatch(f -> f.kind() == kind);
        assertThat(verdict.faults()).allMatch(f -> f.client().equals(client));
        assertThat(verdict.faults()).extracting(Fault::message).containsExactly(messages);
        assertThat(verdict.isClean()).isFalse();
    }

    @Test
    void check_nothingHappened_isClean() {
        assertClean();
    }

    @Test
    void check_everythingArrived_isClean() {
        accepted(ALL, 11, 12, 14);
        accepted(Audience.one(ADA), 13);
        received(ADA, 11, 12, 13, 14);

        assertClean();
        assertThat(history.check().toString())
                .isEqualTo("clean (4 accepted, 4 received, 0 announced as lost)");
    }

    @Test
    void check_sentBeforeBirth_isNotExpected() {
        accepted(ALL, 9, 10, 11);
        received(ADA, 11);

        assertClean();
    }

    @Test
    void check_tailMissing_isLost() {
        accepted(ALL, 11, 12, 13);
        received(ADA, 11);

        assertFaults(Kind.LOST, ADA, "12", "13");
    }

    @Test
    void check_receiverThatNeverSawAnything_lostAll() {
        history.accepted(11, Audience.one(ADA));

        assertFaults(Kind.LOST, ADA, "11");
    }

    @Test
    void check_recipientNobodyHeardOf_lostAll() {
        history.accepted(11, Audience.one(BOB));

        assertFaults(Kind.LOST, BOB, "11");
    }

    @Test
    void check_holeWithoutGap_isUnannounced() {
        accepted(ALL, 11, 12, 13);
        received(ADA, 11, 13);

        assertFaults(Kind.UNANNOUNCED_GAP, ADA, "12");
    }

    @Test
    void check_gapAfterALaterMessage_isUnannounced() {
        accepted(ALL, 11, 12, 13);
        received(ADA, 11, 13);
        history.gap(ADA, 12, 12);

        assertFaults(Kind.UNANNOUNCED_GAP, ADA, "12");
        assertThat(history.check().toString()).contains("too late");
    }

    @Test
    void check_gapThenTheRest_isClean() {
        accepted(ALL, 11, 12, 13, 14);
        history.gap(ADA, 1, 13);
        received(ADA, 12, 14);

        assertClean();
        assertThat(history.check().announced()).isEqualTo(2);
    }

    @Test
    void check_gapAtTheEnd_isClean() {
        accepted(ALL, 11, 12);
        received(ADA, 11);
        history.gap(ADA, 12, 12);

        assertClean();
    }

    @Test
    void check_gapTooShort_leavesTheRestUnannounced() {
        accepted(ALL, 11, 12, 13);
        history.gap(ADA, 11, 11);
        received(ADA, 13);

        assertFaults(Kind.UNANNOUNCED_GAP, ADA, "12");
    }

    @Test
    void check_arrivedTwice_isDuplicated() {
        accepted(ALL, 11, 12);
        received(ADA, 11, 12, 11);

        assertFaults(Kind.DUPLICATED, ADA, "11");
    }

    @Test
    void check_arrivedLate_isReorderedAndNotMissing() {
        accepted(ALL, 11, 12, 13);
        received(ADA, 12, 11, 13);

        assertFaults(Kind.REORDERED, ADA, "11");
    }

    @Test
    void check_forSomebodyElse_isWrongReceiver() {
        accepted(Audience.one(BOB), 11);
        received(BOB, 11);
        received(ADA, 11);

        assertFaults(Kind.WRONG_RECEIVER, ADA, "11");
    }

    @Test
    void check_exceptedClient_isWrongReceiver() {
        accepted(new Audience.Everyone(ADA), 11);
        history.born(BOB, 10);
        received(BOB, 11);
        assertClean();

        received(ADA, 11);

        assertFaults(Kind.WRONG_RECEIVER, ADA, "11");
    }

    @Test
    void check_unknownId_isNeverAccepted() {
        received(ADA, 11);

        assertFaults(Kind.NEVER_ACCEPTED, ADA, "11");
    }

    @Test
    void check_gapAlthoughItArrived_isFalse() {
        accepted(ALL, 11, 12);
        history.gap(ADA, 11, 12);
        received(ADA, 11, 12);

        assertFaults(Kind.FALSE_GAP, ADA, "12");
        assertThat(history.check().isClean()).isTrue();
    }

    @Test
    void check_gapEndsInOthersMessage_isFalse() {
        accepted(ALL, 11);
        accepted(Audience.one(BOB), 12);
        received(BOB, 12);
        history.gap(ADA, 11, 12);

        assertFaults(Kind.FALSE_GAP, ADA, "12");
    }

    @Test
    void check_sessionLost_excusesWhatHasNotArrived() {
        accepted(ALL, 11, 12);
        received(ADA, 11);
        history.sessionLost(ADA);

        assertClean();
    }

    @Test
    void check_sessionLost_doesNotExcuseAHole() {
        accepted(ALL, 11, 12);
        received(ADA, 12);
        history.sessionLost(ADA);

        assertFaults(Kind.UNANNOUNCED_GAP, ADA, "11");
    }

    @Test
    void check_joinLeaveRejoin_isExpectedInBetweenOnly() {
        history.joined(ADA, "room", 12);
        history.left(ADA, "room", 15, 15);
        history.joined(ADA, "room", 17);
        accepted(ROOM, 12, 13, 15, 16, 17, 18);
        received(ADA, 13, 15, 18);

        assertClean();
    }

    @Test
    void check_receivedAfterLeaving_isWrongReceiver() {
        history.joined(ADA, "room", 12);
        history.left(ADA, "room", 15, 15);
        accepted(ROOM, 16);
        received(ADA, 16);

        assertFaults(Kind.WRONG_RECEIVER, ADA, "16");
    }

    @Test
    void check_sentWhileJoiningOrLeaving_mayArriveOrNot() {
        for (String client : Set.of(ADA, BOB)) {
            history.joined(client, "room", 12, 14);
            history.left(client, "room", 20, 22);
        }
        accepted(ROOM, 13, 15, 20, 21);
        received(ADA, 13, 15, 20, 21);
        received(BOB, 15, 20);

        assertClean();
    }

    @Test
    void check_mustAndMay_areExpressibleByName() {
        history.accepted(11, Set.of(ADA), Set.of(BOB));
        history.accepted(12, Set.of(), Set.of(BOB));
        received(ADA, 11);
        received(BOB, 12);

        assertClean();
    }

    @Test
    void check_idBelowThatOfAnEarlierSend_isAgainstTime() {
        long first = history.sending();
        history.accepted(first, 12, Audience.one(ADA));
        long second = history.sending();
        history.accepted(second, 11, Audience.one(ADA));
        received(ADA, 11, 12);

        assertFaults(Kind.IDS_AGAINST_TIME, "(senders)", "11");
    }

    @Test
    void check_sendsAtTheSameTime_mayHaveIdsInAnyOrder() {
        long first = history.sending();
        long second = history.sending();
        history.accepted(first, 12, Audience.one(ADA));
        history.accepted(second, 11, Audience.one(ADA));
        received(ADA, 11, 12);

        assertClean();
    }

    @Test
    void check_sameIdTwice_isAgainstTime() {
        accepted(Audience.one(ADA), 11, 11);
        received(ADA, 11);

        assertFaults(Kind.IDS_AGAINST_TIME, "(senders)", "11");
    }

    @Test
    void verdict_manyFaults_showsTenOfAKind() {
        IntStream.range(0, 1000).forEach(i -> accepted(ALL, 100 + i));

        assertThat(history.check().toString())
                .startsWith("1000 faults (1000 accepted, 0 received, 0 announced as lost)")
                .contains("LOST × 1000", "ada: 109 never arrived", "… and 990")
                .doesNotContain("ada: 110");
    }

    @Test
    void check_aMillionDeliveries_isClean() {
        for (int client = 0; client < 1_000; client++) {
            history.born("c" + client, 10);
        }
        for (int id = 11; id <= 1_010; id++) {
            accepted(ALL, id);
            received(ADA, id);
            for (int client = 0; client < 1_000; client++) {
                history.received("c" + client, id);
            }
        }

        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.faults()).isEmpty();
        assertThat(verdict.received()).isEqualTo(1_001_000);
    }
}
