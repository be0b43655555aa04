package dev.comet.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What others do between the steps of a send to a list. Logs here hold two messages. */
class ListSendTest {

    private static final LogLimits LIMITS = Logs.limits(2);
    private static final EncodedMessage MESSAGE = new EncodedMessage("m", "{}".getBytes(UTF_8));

    private final Sequencer sequencer = new Sequencer();
    private final Memory memory = Logs.memory();
    private final LongAdder dropped = new LongAdder();
    private final ClientRecord ada = record("ada");
    private final ClientRecord bob = record("bob");
    private final OwnSends rejecting = sends(OverflowPolicy.REJECT);
    private final OwnSends dropping = sends(OverflowPolicy.DROP_OLDEST);

    private OwnSends sends(OverflowPolicy overflow) {
        CometLimits limits = CometLimits.builder().clientLog(LIMITS).overflow(overflow).build();
        return new OwnSends(sequencer, limits, memory, () -> 0, dropped);
    }

    private static ClientRecord record(String name) {
        return new ClientRecord(Logs.client(name).client(), 0, Long.MAX_VALUE);
    }

    private ListSend begin(boolean needsRoom) {
        ListSend list =
                new ListSend(List.of(ada, bob), MESSAGE, LIMITS, memory, needsRoom, dropped);
        list.begin(0);
        return list;
    }

    private long decide(ListSend list) {
        return sequencer.publish(list.decide(sequencer.top() + 1, 0));
    }

    private long send(ClientRecord client) {
        return rejecting.send(List.of(client), MESSAGE);
    }

    private List<Long> read(ClientRecord client) {
        return read(client, 0);
    }

    /** As the provider reads. */
    private List<Long> read(ClientRecord client, long cursor) {
        long top = sequencer.top();
        client.ownLog(LIMITS, memory).delivered(cursor);
        client.ownLog(LIMITS, memory).settle();
        List<CometMessage> found = new ArrayList<>();
        client.ownLog(LIMITS, memory).read(client, cursor, top, 10, found);
        return Logs.ids(found);
    }

    private static void assertRefused(
            ListSend list, CometException.Reason reason, ClientRecord... full) {
        CometException refusal =
                catchThrowableOfType(CometException.class, list::requireUndisturbed);
        assertThat(refusal).isNotNull();
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.fullClients())
                .isEqualTo(List.of(full).stream().map(ClientRecord::client).toList());
        list.abandon();
    }

    // ---- readers

    @Test
    @DisplayName("M4 nobody finds it before it has its id")
    void read_begun_findsNothing() {
        begin(true);
        assertThat(read(ada)).isEmpty();
        assertThat(ada.readsOnlyWhatEveryoneDoes(0)).isTrue();
    }

    @Test
    @DisplayName("M1 a reader that sees the id finds the message, appended or not, once")
    void read_decided_findsItOnce() {
        ListSend list = begin(true);
        long id = decide(list);

        assertThat(read(ada)).containsExactly(id);
        assertThat(ada.readsOnlyWhatEveryoneDoes(0)).isFalse();
        list.complete();

        assertThat(read(ada)).containsExactly(id);
        assertThat(read(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M2 confirmed before it was appended: it is not appended afterwards")
    void confirm_decided_freesIt() {
        ListSend list = begin(true);
        long id = decide(list);

        ada.confirm(id);
        list.complete();

        assertThat(ada.ownLog(LIMITS, memory).isEmpty()).isTrue();
        assertThat(ada.ownLog(LIMITS, memory).start().id()).isEqualTo(id);
        assertThat(ada.ownLog(LIMITS, memory).start().reason())
                .isEqualTo(CometGap.Reason.CONFIRMED);
        assertThat(read(bob)).containsExactly(id);
    }

    // ---- other sends

    @Test
    @DisplayName("M6 another send before the id: it is the first, in every log")
    void send_begun_goesFirst() {
        ListSend list = begin(true);
        long single = send(ada);
        long id = decide(list);
        list.complete();

        assertThat(single).isLessThan(id);
        assertThat(read(ada)).containsExactly(single, id);
        assertThat(read(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M6 another send after the id: it is the second, although it is complete first")
    void send_decided_goesSecond() {
        ListSend list = begin(true);
        long id = decide(list);
        long single = send(ada);
        assertThat(read(ada)).containsExactly(id, single);
        list.complete();

        assertThat(read(ada)).containsExactly(id, single);
    }

    @Test
    @DisplayName("M7 another send after the id finds what the list has taken")
    void send_decidedAndFull_isRefused() {
        send(ada);
        ListSend list = begin(true);
        decide(list);

        CometException refusal = catchThrowableOfType(CometException.class, () -> send(ada));
        assertThat(refusal.reason()).isEqualTo(CometException.Reason.QUEUE_FULL);
        list.complete();
        assertThat(read(ada)).hasSize(2);
    }

    @Test
    @DisplayName("M7, M15 another send takes the last place before the id: the list is refused")
    void decide_roomTakenMeanwhile_isRefused() {
        send(ada);
        ListSend list = begin(true);
        send(ada);

        assertRefused(list, CometException.Reason.QUEUE_FULL, ada);

        assertThat(read(ada)).hasSize(2);
        assertThat(read(bob)).isEmpty();
        assertThat(dropped.sum()).isZero();
    }

    @Test
    @DisplayName("M7 all that are full are named, whenever they became so")
    void decide_severalFull_namesAll() {
        send(ada);
        send(bob);
        send(bob);
        ListSend list = begin(true);
        send(ada);

        assertRefused(list, CometException.Reason.QUEUE_FULL, ada, bob);
    }

    @Test
    @DisplayName("M15 after a refusal everything is as before, for the next list too")
    void begin_afterRefusal_isAccepted() {
        send(ada);
        send(ada);
        assertRefused(begin(true), CometException.Reason.QUEUE_FULL, ada);
        ada.confirm(sequencer.top());

        ListSend next = begin(true);
        long id = decide(next);
        next.complete();

        assertThat(read(ada, id - 1)).containsExactly(id);
        assertThat(read(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M7 DROP_OLDEST: the oldest go with the id, before or after other sends, once")
    void read_decidedAndFull_oldestGoAnnounced() {
        long first = send(ada);
        long second = send(ada);
        ListSend list = begin(false);
        assertThat(read(ada)).containsExactly(first, second);
        long third = dropping.send(List.of(ada), MESSAGE);
        long id = decide(list);

        assertThat(read(ada)).containsExactly(third, id);
        assertThat(ada.ownLog(LIMITS, memory).start().id()).isEqualTo(second);
        assertThat(ada.ownLog(LIMITS, memory).start().reason()).isEqualTo(CometGap.Reason.OVERFLOW);
        list.complete();

        assertThat(read(ada)).containsExactly(third, id);
        assertThat(dropped.sum()).isEqualTo(2);
    }

    // ---- what was delivered

    @Test
    @DisplayName("M7 what a stream has carried makes room, with the id and not before")
    void decide_delivered_makesRoom() {
        long first = send(ada);
        long second = send(ada);
        read(ada, second);
        ListSend list = begin(true);
        assertThat(ada.ownLog(LIMITS, memory).start().id()).isZero();
        long id = decide(list);

        assertThat(read(ada, second)).containsExactly(id);
        assertThat(ada.ownLog(LIMITS, memory).start().id()).isEqualTo(first);
        assertThat(dropped.sum()).isZero();
    }

    @Test
    @DisplayName("M15 asked for again before the id, it makes no room: the list is refused")
    void decide_deliveredAndAskedForAgain_isRefused() {
        long first = send(ada);
        long second = send(ada);
        read(ada, second);
        ListSend list = begin(true);
        assertThat(read(ada, 0)).containsExactly(first, second);

        assertRefused(list, CometException.Reason.QUEUE_FULL, ada);

        assertThat(read(ada, 0)).containsExactly(first, second);
    }

    // ---- ends

    @Test
    @DisplayName("M3 a receiver is ended before the id: nobody gets it")
    void decide_endedMeanwhile_isRefused() {
        ListSend list = begin(true);
        bob.end();
        bob.refuseListSend();

        assertRefused(list, CometException.Reason.CLIENT_DOES_NOT_EXIST);

        assertThat(read(ada)).isEmpty();
    }

    @Test
    @DisplayName("M3 a receiver was ended before its log heard of the list: nobody gets it")
    void begin_ended_isRefused() {
        bob.end();
        bob.refuseListSend();

        assertRefused(begin(true), CometException.Reason.CLIENT_DOES_NOT_EXIST);
    }

    @Test
    @DisplayName("M4 a receiver is ended after the id: the others get it")
    void complete_endedMeanwhile_othersGetIt() {
        ListSend list = begin(true);
        long id = decide(list);
        bob.end();
        bob.refuseListSend();
        list.complete();

        assertThat(read(ada)).containsExactly(id);
    }

    @Test
    @DisplayName("W16 the count of what was dropped finds no memory: the message is appended once")
    void settle_countingFails_isAppendedOnce() {
        boolean[] fails = {false};
        LongAdder contended =
                new LongAdder() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public void add(long x) {
                        if (fails[0]) {
                            throw new InternalError("no memory for a cell, as the test wants");
                        }
                        super.add(x);
                    }
                };
        ListSend list = new ListSend(List.of(ada), MESSAGE, LIMITS, memory, false, contended);
        list.begin(0);
        long id = decide(list);
        fails[0] = true;
        try {
            list.complete();
        } catch (InternalError e) {
            fails[0] = false; // the message is published all the same
        }
        assertThat(read(ada)).containsExactly(id);
    }
}
