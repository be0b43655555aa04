package dev.comet.testkit;

import static dev.comet.CometException.Reason.QUEUE_FULL;
import static dev.comet.OverflowPolicy.DISCONNECT;
import static dev.comet.OverflowPolicy.DROP_OLDEST;
import static dev.comet.OverflowPolicy.REJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.OverflowPolicy;
import dev.comet.spi.Audience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** All logs together have room for less than twenty of these messages, each log for more. */
abstract class MemoryRows extends ProviderRows {

    private static final int SIZE = 2_000;
    private static final int TOTAL = 20 * SIZE;

    /** Small enough for any provider, whatever it counts beside a message's bytes. */
    private static final int SOME = 10;

    private final HistoryChecker history = new HistoryChecker();

    MemoryRows(CometStateProviderContract contract) {
        super(contract);
    }

    private void restart(OverflowPolicy overflow) {
        restart(CometLimits.builder().totalBytes(TOTAL).overflow(overflow).build());
    }

    private Reader reader(String name) {
        return new Reader(provider, client(name), history, 1);
    }

    private Reader readerIn(String name, String group) {
        Reader reader = reader(name);
        history.joined(name, group, join(reader.client(), group));
        return reader;
    }

    private long sendSized(Audience audience) {
        long id = provider.sendMessage(audience, sized(SIZE));
        history.accepted(id, audience);
        return id;
    }

    private void assertExact(List<Reader> readers) {
        readers.forEach(Reader::readAll);
        assertThat(history.checkExactGaps().faults()).isEmpty();
    }

    private static long bytes(List<CometMessage> messages) {
        return messages.stream().mapToLong(m -> m.encoded().sizeInBytes()).sum();
    }

    // ---- shared logs

    @Test
    @DisplayName("M13 many groups: all together stay within the total, the oldest go, announced")
    void sendMessage_groupsTakeAll_oldestGoAnnounced() {
        restart(REJECT);
        List<Reader> members = new ArrayList<>();
        for (int i = 0; i < SOME; i++) {
            members.add(readerIn("member" + i, "group" + i));
        }
        long newest = 0;
        for (int i = 0; i < 10 * SOME; i++) {
            newest = sendSized(new Audience.Group("group" + i % SOME, null));
        }
        List<CometMessage> kept = new ArrayList<>();
        for (int i = 0; i < SOME; i++) {
            kept.addAll(provider.groupHistory("group" + i, Long.MAX_VALUE, 1_000));
        }

        assertThat(bytes(kept)).isLessThanOrEqualTo(TOTAL);
        List<Long> ids = new ArrayList<>(ids(kept));
        ids.sort(null);
        assertThat(ids.get(ids.size() - 1)).isEqualTo(newest);
        assertThat(newest - ids.get(0)).as("no gap among what is kept").isEqualTo(ids.size() - 1);
        assertExact(members);
    }

    @Test
    @DisplayName("M13 what waits for named clients stays: messages of shared logs give way to it")
    void sendMessage_sharedTakeAll_ownLogsLoseNothing() {
        restart(REJECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(bob, ROOM);
        long first = provider.sendMessage(to(ada), sized(SIZE));
        for (int i = 0; i < 3 * SOME; i++) {
            provider.sendMessage(i % 2 == 0 ? TO_ROOM : everyoneBut(ada), sized(SIZE));
        }
        List<Long> sent = new ArrayList<>(List.of(first));
        for (int i = 1; i < SOME; i++) {
            sent.add(provider.sendMessage(to(ada), sized(SIZE)));
        }

        assertThat(received(ada)).isEqualTo(sent);
        CometBatch bobs = read(bob, 0);
        assertThat(bobs.gaps()).isNotEmpty();
        assertThat(bytes(bobs.messages())).isLessThanOrEqualTo(TOTAL - (long) SOME * SIZE);
    }

    @Test
    @DisplayName("M13 a group that is dropped with its history gives its room back")
    void joinGroup_groupsComeAndGo_theirRoomIsFree() {
        restart(CometLimits.builder().totalBytes(TOTAL).groups(2).build());
        Reader ada = reader("ada");
        for (int i = 0; i < 10 * SOME; i++) {
            String group = "group" + i;
            history.joined("ada", group, join(ada.client(), group));
            long id = sendSized(new Audience.Group(group, null));
            ada.readAll();
            leave(ada.client(), group);
            history.left("ada", group, id, id);
        }
        List<Long> sent = new ArrayList<>();
        CometClient bob = client("bob");
        for (int i = 0; i < SOME; i++) {
            sent.add(sendSized(to(bob)));
        }

        assertThat(received(bob)).isEqualTo(sent);
    }

    // ---- own logs

    private List<Long> fill(CometClient... clients) {
        List<Long> sent = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                sent.add(provider.sendMessage(to(clients[i % clients.length]), sized(SIZE)));
            }
        } catch (CometException e) {
            assertThat(e.reason()).isEqualTo(QUEUE_FULL);
        }
        assertThat(sent).hasSizeBetween(SOME, 20);
        return sent;
    }

    @Test
    @DisplayName("M13 REJECT: own logs take all, every send is refused, until somebody confirms")
    void sendMessage_ownTakeAllAndReject_isRefused() {
        restart(REJECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(bob, ROOM);
        List<Long> sent = fill(ada);

        for (Audience audience : List.of(to(bob), TO_ROOM, EVERYONE)) {
            CometException refusal =
                    assertRefused(QUEUE_FULL, () -> provider.sendMessage(audience, sized(SIZE)));
            assertThat(refusal.fullClients()).isEmpty();
        }
        assertThat(received(ada)).isEqualTo(sent);
        assertThat(received(bob)).isEmpty();
        provider.confirmMessages(ada, sent.get(0));
        long id = provider.sendMessage(to(bob), sized(SIZE));
        assertThat(received(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M13 a refused send drops nothing from shared logs")
    void sendMessage_ownTakeAll_sharedKeepTheirs() {
        restart(REJECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        long shared = provider.sendMessage(everyoneBut(ada), message("short"));
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < SOME; i++) {
            sent.add(provider.sendMessage(to(ada), sized(SIZE)));
        }

        assertRefused(QUEUE_FULL, () -> provider.sendMessage(to(ada), sized(15 * SIZE)));

        assertThat(received(bob)).containsExactly(shared);
        assertThat(received(ada)).isEqualTo(sent);
    }

    @Test
    @DisplayName("M13 DROP_OLDEST: the oldest messages of all own logs go, announced")
    void sendMessage_ownTakeAllAndDropOldest_oldestGoAnnounced() {
        restart(DROP_OLDEST);
        List<Reader> readers = new ArrayList<>();
        for (int i = 0; i < SOME; i++) {
            readers.add(reader("client" + i));
        }
        for (int i = 0; i < 10 * SOME; i++) {
            int first = i % SOME;
            if (i % 7 == 0) {
                Reader next = readers.get((first + 1) % SOME);
                sendSized(to(readers.get(first).client(), next.client()));
            } else {
                sendSized(to(readers.get(first).client()));
            }
        }
        List<CometMessage> kept = new ArrayList<>();
        for (Reader reader : readers) {
            kept.addAll(read(reader.client(), 0).messages());
        }

        assertThat(bytes(kept.stream().distinct().toList())).isLessThanOrEqualTo(TOTAL);
        assertThat(kept).hasSizeGreaterThanOrEqualTo(SOME);
        assertExact(readers);
    }

    @Test
    @DisplayName(
            "M13 DISCONNECT: the refusal names the client whose own log has the oldest message")
    void sendMessage_ownTakeAllAndDisconnect_namesTheOldest() {
        restart(DISCONNECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        List<Long> sent = fill(ada, bob);
        provider.confirmMessages(ada, sent.get(0));
        provider.sendMessage(to(ada), sized(SIZE));

        CometException refusal =
                assertRefused(QUEUE_FULL, () -> provider.sendMessage(to(eve), sized(SIZE)));

        assertThat(refusal.fullClients()).containsExactly(bob);
        provider.removeClient(bob);
        assertThat(provider.sendMessage(to(eve), sized(SIZE))).isPositive();
    }

    @Test
    @DisplayName("M13 a client that ends gives its room back")
    void removeClient_itsLogTookAll_roomIsFree() {
        restart(REJECT);
        CometClient bob = client("bob");
        for (int i = 0; i < 3; i++) {
            CometClient ada = client("ada");
            List<Long> sent = fill(ada);
            read(ada, sent.get(1));
            provider.sendMessage(to(ada), sized(SIZE));
            assertRefused(
                    QUEUE_FULL,
                    () -> {
                        provider.sendMessage(to(bob), sized(SIZE));
                        provider.sendMessage(to(bob), sized(SIZE));
                    });
            provider.removeClient(ada);
            provider.confirmMessages(bob, provider.sendMessage(to(bob), sized(SIZE)));
        }
    }

    @Test
    @DisplayName("M13 what a stream has carried gives way before a send is refused")
    void sendMessage_streamsTakeAll_isAccepted() {
        restart(REJECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        List<Long> sent = fill(ada);
        provider.peekMessages(ada, sent.get(sent.size() - 1), 1_000, Integer.MAX_VALUE);
        pass(Duration.ofSeconds(1)); // a provider need not look for that all the time

        long id = provider.sendMessage(to(bob), sized(SIZE));

        assertThat(received(bob)).containsExactly(id);
        assertThat(read(ada, sent.get(sent.size() - 1)).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("M13 a message for many clients counts once, and is there until the last has it")
    void sendMessage_manyRecipients_countsOnce() {
        restart(REJECT);
        List<CometClient> many = manyClients();
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            sent.add(provider.sendMessage(to(many), sized(SIZE)));
        }
        many.forEach(client -> assertThat(received(client)).isEqualTo(sent));
        for (CometClient client : many.subList(1, many.size())) {
            provider.confirmMessages(client, sent.get(2));
        }
        CometClient bob = client("bob");

        int more = 0;
        CometException refusal = null;
        while (refusal == null && more < 100) {
            try {
                provider.sendMessage(to(bob), sized(SIZE));
                more++;
            } catch (CometException e) {
                refusal = e;
            }
        }

        assertThat(more).isBetween(SOME, 17);
        assertThat(received(many.get(0))).isEqualTo(sent);
    }
}
