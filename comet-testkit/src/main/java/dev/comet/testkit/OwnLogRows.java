package dev.comet.testkit;

import static dev.comet.CometException.Reason.QUEUE_FULL;
import static dev.comet.CometGap.Reason.EXPIRED;
import static dev.comet.CometGap.Reason.OVERFLOW;
import static dev.comet.OverflowPolicy.DISCONNECT;
import static dev.comet.OverflowPolicy.DROP_OLDEST;
import static dev.comet.OverflowPolicy.REJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class OwnLogRows extends ProviderRows {

    private static final long ANY_BYTES = Long.MAX_VALUE;
    private static final int ANY_COUNT = Integer.MAX_VALUE;
    private static final int SIZE = 200;

    OwnLogRows(CometStateProviderContract contract) {
        super(contract);
    }

    private void assertFull(Audience audience, CometClient... full) {
        CometException refusal = assertRefused(QUEUE_FULL, () -> send(audience));
        assertThat(refusal.fullClients()).containsExactlyInAnyOrder(full);
    }

    private List<Long> sendEach(int times, Audience audience) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            ids.add(send(audience));
        }
        return ids;
    }

    private long sendSized(CometClient client, int bytes) {
        return provider.sendMessage(to(client), sized(bytes));
    }

    // ---- the sender is refused

    @Test
    @DisplayName("M7 REJECT: the sender is refused, nothing is lost")
    void sendMessage_logFull_isRefused() {
        restart(clientLog(3, ANY_BYTES, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, to(ada));

        assertFull(to(ada), ada);

        assertThat(received(ada)).isEqualTo(sent);
        assertThat(provider.sendMessage(EVERYONE, message("still"))).isPositive();
    }

    @Test
    @DisplayName("M2, M7 reading frees no place, confirming does")
    void sendMessage_logFull_isAcceptedOnceSomeIsConfirmed() {
        restart(clientLog(3, ANY_BYTES, REJECT));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(3, to(ada));

        read(ada, 0);
        assertFull(to(ada), ada);
        read(ada, sent.get(1));
        List<Long> more = sendEach(2, to(ada));
        assertFull(to(ada), ada);

        assertThat(ids(read(ada, sent.get(1))))
                .containsExactly(sent.get(2), more.get(0), more.get(1));
    }

    @Test
    @DisplayName(
            "M7 REJECT: of several recipients some are full: nobody gets it, all full are named")
    void sendMessage_someLogsFull_nobodyGetsIt() {
        restart(clientLog(2, ANY_BYTES, REJECT));
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        send(2, to(bob));
        send(2, to(eve));

        assertFull(to(ada, bob, eve), bob, eve);
        assertFull(to(bob, ada), bob);

        assertThat(received(ada)).isEmpty();
        assertThat(received(bob)).hasSize(2);
        long id = send(to(ada));
        assertThat(received(ada)).containsExactly(id);
    }

    @Test
    @DisplayName("M7, M15 REJECT: of a long list some are full: nobody gets it, all full are named")
    void sendMessage_someOfManyFull_nobodyGetsIt() {
        restart(clientLog(2, ANY_BYTES, REJECT));
        List<CometClient> many = manyClients();
        List<Long> first = sendEach(1, to(many));
        List<CometClient> full = List.of(many.get(0), many.get(100), many.get(199));
        List<Long> second = sendEach(1, to(full));

        assertFull(to(many), full.toArray(CometClient[]::new));

        assertThat(received(many.get(1))).isEqualTo(first);
        assertThat(received(many.get(100))).containsExactly(first.get(0), second.get(0));
        assertThat(provider.usage().dropped()).isZero();
        full.forEach(client -> read(client, first.get(0)));
        long third = send(to(many));
        assertThat(received(many.get(1))).containsExactly(first.get(0), third);
    }

    @Test
    @DisplayName(
            "M7 DISCONNECT: the provider refuses as with REJECT; ending clients is the manager's")
    void sendMessage_logFullAndPolicyDisconnect_isRefused() {
        restart(clientLog(1, ANY_BYTES, DISCONNECT));
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        long id = send(to(ada));

        assertFull(to(ada, bob), ada);

        assertThat(received(ada)).containsExactly(id);
        assertThat(received(bob)).isEmpty();
    }

    @Test
    @DisplayName("M7 the byte bound counts encoded messages, and can be filled to the last byte")
    void sendMessage_bytesFull_isRefused() {
        restart(clientLog(ANY_COUNT, 3 * SIZE, REJECT));
        CometClient ada = client("ada");
        sendSized(ada, SIZE);
        long second = sendSized(ada, 2 * SIZE);

        assertFull(to(ada), ada);
        assertThat(received(ada)).hasSize(2);

        read(ada, second);
        sendSized(ada, 3 * SIZE);
        assertFull(to(ada), ada);
    }

    @Test
    @DisplayName("M7 a message larger than the whole log fits into an empty one")
    void sendMessage_largerThanTheLog_fitsAlone() {
        restart(clientLog(10, SIZE, REJECT));
        CometClient ada = client("ada");

        long large = sendSized(ada, 10 * SIZE);
        assertFull(to(ada), ada);
        assertThat(received(ada)).containsExactly(large);

        read(ada, large);
        long small = send(to(ada));
        EncodedMessage next = sized(10 * SIZE);
        assertRefused(QUEUE_FULL, () -> provider.sendMessage(to(ada), next));
        assertThat(ids(read(ada, large))).containsExactly(small);
    }

    @Test
    @DisplayName("M7 messages for others, for groups and for everyone fill nobody's own log")
    void sendMessage_otherLogsGrow_ownLogHasRoom() {
        restart(clientLog(1, ANY_BYTES, REJECT));
        CometClient ada = client("ada");
        join(ada, ROOM);
        send(5, EVERYONE);
        send(5, TO_ROOM);
        send(to(client("bob")));

        send(to(ada));
        assertThat(received(ada)).hasSize(11);
    }

    // ---- the oldest are dropped

    @Test
    @DisplayName("M7 DROP_OLDEST: a gap, then the rest, as often as asked, until it is confirmed")
    void sendMessage_logFull_oldestGoAnnounced() {
        restart(clientLog(3, ANY_BYTES, DROP_OLDEST));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(5, to(ada));

        for (int i = 0; i < 2; i++) {
            CometBatch batch = read(ada, 0);
            assertGap(batch, sent.get(0), sent.get(1), OVERFLOW);
            assertThat(ids(batch)).isEqualTo(sent.subList(2, 5));
        }
        CometBatch batch = read(ada, sent.get(2));
        assertThat(batch.gaps()).isEmpty();
        assertThat(ids(batch)).isEqualTo(sent.subList(3, 5));
    }

    @Test
    @DisplayName("M7 DROP_OLDEST: the gap comes with the first batch, however small")
    void getMessages_dropped_gapComesBeforeAnyLaterMessage() {
        restart(clientLog(3, ANY_BYTES, DROP_OLDEST));
        CometClient ada = client("ada");
        List<Long> sent = sendEach(5, to(ada));

        CometBatch first = read(ada, 0, 1, Integer.MAX_VALUE);

        assertGap(first, sent.get(0), sent.get(1), OVERFLOW);
        assertThat(ids(first)).containsExactly(sent.get(2));
        CometBatch second = read(ada, first.cursor(), 1, Integer.MAX_VALUE);
        assertThat(second.gaps()).isEmpty();
        assertThat(ids(second)).containsExactly(sent.get(3));
    }

    @Test
    @DisplayName(
            "M7 DROP_OLDEST: as many go as the new one's bytes need, all if it is larger than all")
    void sendMessage_bytesFull_oldestGoAnnounced() {
        restart(clientLog(10, 3 * SIZE, DROP_OLDEST));
        CometClient ada = client("ada");
        List<Long> sent = new ArrayList<>();
        for (int bytes : new int[] {SIZE, SIZE, SIZE, 2 * SIZE}) {
            sent.add(sendSized(ada, bytes));
        }
        CometBatch batch = read(ada, 0);
        assertGap(batch, sent.get(0), sent.get(1), OVERFLOW);
        assertThat(ids(batch)).isEqualTo(sent.subList(2, 4));

        long large = sendSized(ada, 10 * SIZE);

        batch = read(ada, 0);
        assertGap(batch, sent.get(0), sent.get(3), OVERFLOW);
        assertThat(ids(batch)).containsExactly(large);
    }

    @Test
    @DisplayName("M7 DROP_OLDEST: what goes for one recipient stays for the others")
    void sendMessage_oneLogFull_othersLoseNothing() {
        restart(clientLog(2, ANY_BYTES, DROP_OLDEST));
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        List<Long> sent = sendEach(2, to(ada));
        sent.add(send(to(ada, bob)));

        CometBatch batch = read(ada, 0);
        assertGap(batch, sent.get(0), sent.get(0), OVERFLOW);
        assertThat(ids(batch)).isEqualTo(sent.subList(1, 3));
        assertThat(received(bob)).containsExactly(sent.get(2));
    }

    @Test
    @DisplayName("M7 DROP_OLDEST: messages of other logs between the dropped ones still come")
    void getMessages_droppedBetweenOthers_onlyTheDroppedAreMissing() {
        restart(clientLog(1, ANY_BYTES, DROP_OLDEST));
        CometClient ada = client("ada");
        long all1 = send(EVERYONE);
        long lost1 = send(to(ada));
        long all2 = send(EVERYONE);
        long lost2 = send(to(ada));
        long all3 = send(EVERYONE);
        long last = send(to(ada));

        CometBatch batch = read(ada, 0);

        assertGap(batch, lost1, lost2, OVERFLOW);
        assertThat(ids(batch)).containsExactly(all1, all2, all3, last);
    }

    @Test
    @DisplayName("M7 DROP_OLDEST: what was confirmed before is not announced")
    void sendMessage_confirmedInTime_isNoGap() {
        restart(clientLog(2, ANY_BYTES, DROP_OLDEST));
        CometClient ada = client("ada");
        long cursor = 0;
        for (int i = 0; i < 5; i++) {
            List<Long> sent = sendEach(2, to(ada));
            CometBatch batch = read(ada, cursor);
            assertThat(batch.gaps()).isEmpty();
            assertThat(ids(batch)).isEqualTo(sent);
            cursor = batch.cursor();
            read(ada, cursor);
        }
    }

    // ---- age

    @Test
    @DisplayName("M8 what waited too long is announced as expired, what did not comes")
    void tidy_tooOld_goesAnnounced() {
        restart(
                CometLimits.builder()
                        .clientLog(new LogLimits(10, ANY_BYTES, Duration.ofSeconds(60)))
                        .build());
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        List<Long> old = sendEach(2, to(ada, bob));
        read(bob, old.get(1));
        pass(Duration.ofSeconds(40));
        long young = send(to(ada, bob));
        pass(Duration.ofSeconds(30));

        provider.tidy();

        CometBatch batch = read(ada, 0);
        assertGap(batch, old.get(0), old.get(1), EXPIRED);
        assertThat(ids(batch)).containsExactly(young);
        CometBatch confirmed = read(bob, old.get(1));
        assertThat(confirmed.gaps()).as("had confirmed it").isEmpty();
        assertThat(ids(confirmed)).containsExactly(young);
    }

    @Test
    @DisplayName("M8 if all waited too long there is a gap without messages, until it is confirmed")
    void tidy_allTooOld_gapAlone() {
        restart(
                CometLimits.builder()
                        .clientLog(new LogLimits(10, ANY_BYTES, Duration.ofSeconds(60)))
                        .build());
        CometClient ada = client("ada");
        long old = send(to(ada));
        pass(Duration.ofSeconds(61));

        provider.tidy();

        CometBatch batch = read(ada, 0);
        assertGap(batch, old, old, EXPIRED);
        assertThat(batch.messages()).isEmpty();
        assertThat(batch.cursor()).isGreaterThanOrEqualTo(old);
        assertThat(read(ada, batch.cursor()).isEmpty()).isTrue();
    }
}
