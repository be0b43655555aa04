package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.testkit.internal.SequenceChecker;
import dev.comet.testkit.internal.Verdict;
import dev.comet.testkit.internal.Verdict.Fault;
import dev.comet.testkit.internal.Verdict.Kind;
import org.junit.jupiter.api.Test;

class SequenceCheckerTest {

    private final SequenceChecker checker = new SequenceChecker();

    private void received(long... numbers) {
        for (long number : numbers) {
            checker.received("ada", "s", number);
        }
    }

    private void assertClean() {
        assertThat(checker.check().faults()).isEmpty();
    }

    private void assertFaults(Kind kind, String... messages) {
        Verdict verdict = checker.check();
        assertThat(verdict.faults()).as(verdict.toString()).allMatch(f -> f.kind() == kind);
        assertThat(verdict.faults()).extracting(Fault::message).containsExactly(messages);
        assertThat(checker.check()).as("looking changes nothing").isEqualTo(verdict);
    }

    @Test
    void check_everythingArrived_isClean() {
        checker.accepted("s", 5);
        received(3, 4, 5);

        assertClean();
    }

    @Test
    void check_twoSendersInterleaved_isClean() {
        checker.accepted("s", 2);
        checker.accepted("t", 2);
        received(1);
        checker.received("ada", "t", 1);
        checker.received("ada", "t", 2);
        received(2);

        assertClean();
    }

    @Test
    void check_tailMissing_isLost() {
        checker.accepted("s", 5);
        received(3);

        assertFaults(Kind.LOST, "s #4", "s #5");
    }

    @Test
    void check_expectedFromTheBeginningAndNothingCame_isLost() {
        checker.expect("ada", "s", 0);
        checker.accepted("s", 1);

        assertFaults(Kind.LOST, "s #1");
    }

    @Test
    void check_hole_isUnannounced() {
        checker.accepted("s", 3);
        received(1, 3);

        assertFaults(Kind.UNANNOUNCED_GAP, "s #2");
    }

    @Test
    void check_holeAfterAGap_isAnnounced() {
        checker.accepted("s", 4);
        received(1);
        checker.gap("ada");
        received(4);

        assertClean();
        assertThat(checker.check().announced()).isEqualTo(2);
    }

    @Test
    void check_gapAfterAHole_isTooLate() {
        checker.accepted("s", 3);
        received(1, 3);
        checker.gap("ada");

        assertFaults(Kind.UNANNOUNCED_GAP, "s #2");
    }

    @Test
    void check_arrivedTwice_isDuplicated() {
        checker.accepted("s", 2);
        received(1, 2, 1);

        assertFaults(Kind.DUPLICATED, "s #1");
    }

    @Test
    void check_arrivedLate_isReordered() {
        checker.accepted("s", 3);
        received(1, 3, 2);

        assertFaults(Kind.REORDERED, "s #2");
    }

    @Test
    void check_beforeItsTime_isWrongReceiver() {
        checker.expect("ada", "s", 2);
        checker.accepted("s", 3);
        received(2, 3);

        assertFaults(Kind.WRONG_RECEIVER, "s #2");
    }

    @Test
    void check_beyondWhatWasAccepted_isNeverAccepted() {
        checker.accepted("s", 1);
        received(1, 2);

        assertFaults(Kind.NEVER_ACCEPTED, "s #2");
    }

    @Test
    void check_uncertainSends_mayArriveOrNot() {
        checker.accepted("s", 4);
        checker.uncertain("s", 2);
        checker.uncertain("s", 5);
        received(1, 3, 4, 5);

        assertClean();
    }

    @Test
    void check_sessionLost_excusesTheTail() {
        checker.accepted("s", 3);
        received(1);
        checker.sessionLost("ada");

        assertClean();
    }
}
