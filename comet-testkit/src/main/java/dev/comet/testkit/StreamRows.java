package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static dev.comet.CometException.Reason.QUEUE_FULL;
import static dev.comet.CometGap.Reason.OVERFLOW;
import static dev.comet.OverflowPolicy.REJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class StreamRows extends ProviderRows {

    StreamRows(CometStateProviderContract contract) {
        super(contract);
    }

    private CometBatch peek(CometClient client, long delivered) {
        return provider.peekMessages(client, delivered, Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    private boolean confirm(CometClient client, long id) {
        return provider.confirmMessages(client, id);
    }

    private long confirmed(CometClient client) {
        return provider.confirmedMessageId(client);
    }

    /** Opens a stream as a manager does, and has it carry everything. Returns its cursor. */
    private long stream(CometClient client, long cursor) {
        return peek(client, read(client, cursor).cursor()).cursor();
    }

    private List<Long> sendEach(int times, CometClient client) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            ids.add(send(to(client)));
        }
        return ids;
    }

    // ---- reading

    @Test
    @DisplayName("M1 finds what is above the position, of all logs in order")
    void peekMessages_anyPosition_findsWhatIsAbove() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        long first = send(to(ada));
        long second = send(TO_ROOM);
        long third = send(EVERYONE);

        assertThat(ids(peek(ada, first))).containsExactly(second, third);
        assertThat(ids(peek(ada, second))).containsExactly(third);
        CometBatch nothing = peek(ada, third);
        assertThat(nothing.isEmpty()).isTrue();
        assertThat(nothing.cursor()).isEqualTo(third);
    }

    @Test
    @DisplayName("M2 however often it is read and passed, it comes again until it is confirmed")
    void peekMessages_anyTimes_confirmsNothing() {
        CometClient ada = client("ada");
        long birth = confirmed(ada);
        List<Long> sent = sendEach(3, ada);

        for (long position : sent) {
            peek(ada, position);
            peek(ada, position);
        }

        assertThat(confirmed(ada)).isEqualTo(birth);
        assertThat(received(ada)).isEqualTo(sent);
    }

    @Test
    @DisplayName("M11 what went to others moves the position along")
    void peekMessages_nothingForTheClient_movesAlong() {
        CometClient ada = client("ada");
        long cursor = stream(ada, 0);
        send(10, to(client("bob")));
        long top = send(everyoneExcept(ada));

        CometBatch batch = peek(ada, cursor);

        assertThat(batch.isEmpty()).isTrue();
        assertThat(batch.cursor()).isEqualTo(top);
    }

    @Test
    @DisplayName(
            "M4, M11 a stream that reads at any moment is moved past no message to a long list")
    void peekMessages_whileLongListsAreSent_skipsNothing() {
        List<CometClient> many = manyClients();
        CometClient last = many.get(many.size() - 1);
        List<Long> sent = new ArrayList<>();
        List<Long> seen = new ArrayList<>();
        AtomicLong cursor = new AtomicLong(confirmed(last));
        AtOnce.Task read =
                () -> {
                    CometBatch batch = peek(last, cursor.get());
                    seen.addAll(ids(batch));
                    cursor.set(batch.cursor());
                };

        AtOnce.run(
                List.of(
                        () -> {
                            for (int i = 0; i < 300; i++) {
                                sent.add(send(to(many)));
                            }
                        }),
                List.of(read));

        seen.addAll(ids(peek(last, cursor.get())));
        assertThat(seen).isEqualTo(sent);
    }

    @Test
    @DisplayName("the client is gone")
    void peekAndConfirm_noClient_areRefused() {
        CometClient ada = describe("ada");
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> peek(ada, 1));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> confirm(ada, 1));
    }

    // ---- confirming

    @Test
    @DisplayName("M2 what is confirmed is freed, what is above comes")
    void confirmMessages_some_freesThem() {
        restart(clientLog(3, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, ada);

        assertThat(confirm(ada, sent.get(1))).isTrue();
        List<Long> more = sendEach(2, ada);

        assertThat(confirmed(ada)).isEqualTo(sent.get(1));
        assertThat(ids(read(ada, sent.get(1))))
                .containsExactly(sent.get(2), more.get(0), more.get(1));
    }

    @Test
    @DisplayName("M2 confirming less than before changes nothing")
    void confirmMessages_lessThanBefore_changesNothing() {
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, ada);
        confirm(ada, sent.get(2));

        assertThat(confirm(ada, sent.get(0))).isTrue();

        assertThat(confirmed(ada)).isEqualTo(sent.get(2));
    }

    @Test
    @DisplayName("M9 a cursor that the client cannot have confirms nothing")
    void confirmMessages_noCursorOfTheClients_confirmsNothing() {
        long before = send(EVERYONE);
        send(EVERYONE);
        CometClient ada = client("ada");
        long birth = confirmed(ada);
        List<Long> sent = sendEach(2, ada);

        assertThat(confirm(ada, sent.get(1) + 1)).as("above the top").isFalse();
        assertThat(confirm(ada, Long.MAX_VALUE)).as("far above the top").isFalse();
        assertThat(confirm(ada, before)).as("below its birth").isFalse();
        assertThat(confirm(ada, 0)).as("nothing").isFalse();

        assertThat(confirmed(ada)).isEqualTo(birth);
        assertThat(received(ada)).isEqualTo(sent);
    }

    // ---- the window of what was delivered and not confirmed

    @Test
    @DisplayName("M7 what a stream has carried makes room before the sender is refused")
    void sendMessage_streamedAndFull_isAccepted() {
        restart(clientLog(3, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        long cursor = stream(ada, 0);
        for (int i = 0; i < 10; i++) {
            List<Long> sent = sendEach(3, ada);
            CometBatch batch = peek(ada, cursor);
            assertThat(batch.gaps()).as("of a stream that reads on").isEmpty();
            assertThat(ids(batch)).isEqualTo(sent);
            cursor = peek(ada, batch.cursor()).cursor();
        }
    }

    @Test
    @DisplayName("M7 what it has not carried does not: the sender is refused")
    void sendMessage_notStreamedAndFull_isRefused() {
        restart(clientLog(3, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(1, ada);
        stream(ada, 0);
        sent.addAll(sendEach(3, ada)); // one more makes room

        assertRefused(QUEUE_FULL, () -> send(to(ada)));

        assertThat(ids(peek(ada, sent.get(0)))).isEqualTo(sent.subList(1, 4));
    }

    @Test
    @DisplayName(
            "M7 what has made room is a gap for a client that asks for it again, and only then")
    void sendMessage_streamedAndFull_gapIfAskedForAgain() {
        restart(clientLog(3, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, ada);
        stream(ada, 0);
        sent.addAll(sendEach(2, ada));

        CometBatch again = read(ada, 0);
        assertGap(again, sent.get(0), sent.get(1), OVERFLOW);
        assertThat(ids(again)).isEqualTo(sent.subList(2, 5));
        CometBatch later = read(ada, sent.get(1));
        assertThat(later.gaps()).isEmpty();
        assertThat(ids(later)).isEqualTo(sent.subList(2, 5));
    }

    @Test
    @DisplayName("M7 a client that comes back with an older cursor has its window kept for it")
    void getMessages_afterAStream_whatIsAskedForAgainIsKept() {
        restart(clientLog(3, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, ada);
        stream(ada, 0);

        read(ada, 0);
        assertRefused(QUEUE_FULL, () -> send(to(ada)));

        assertThat(received(ada)).isEqualTo(sent);
    }

    @Test
    @DisplayName("M7 of several recipients one is full: those with a stream still get nothing")
    void sendMessage_streamedAndAnotherFull_nobodyGetsIt() {
        restart(clientLog(2, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        sendEach(2, ada);
        sendEach(2, bob);
        long cursor = stream(ada, 0);

        assertRefused(QUEUE_FULL, () -> send(to(ada, bob)));

        assertThat(peek(ada, cursor).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("M15 a refused send changes nothing for any receiver: their windows are kept")
    void sendMessage_streamedAndAnotherFull_keepsTheWindow() {
        restart(clientLog(2, Long.MAX_VALUE, REJECT));
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        List<Long> sent = sendEach(2, ada);
        sendEach(2, bob);
        stream(ada, 0);

        assertRefused(QUEUE_FULL, () -> send(to(ada, bob)));
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(to(ada, describe("nobody"))));
        List<CometClient> many = new ArrayList<>(manyClients());
        many.addAll(List.of(ada, bob));
        assertRefused(QUEUE_FULL, () -> send(to(many)));

        assertThat(received(ada)).isEqualTo(sent);
        assertThat(provider.usage().dropped()).isZero();
    }
}
