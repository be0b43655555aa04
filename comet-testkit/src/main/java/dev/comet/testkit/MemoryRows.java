package dev.comet.testkit;

import static dev.comet.CometException.Reason.QUEUE_FULL;
import static dev.comet.OverflowPolicy.DISCONNECT;
import static dev.comet.OverflowPolicy.DROP_OLDEST;
import static dev.comet.OverflowPolicy.REJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.HistoryChecker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * All logs together have room for less than twenty of these messages, each log for more. One
 * client's log alone gets half of that at most; many with a message each take all of it.
 */
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
        restart(CometLimits.builder().maxTotalBytes(TOTAL).overflow(overflow).build());
    }

    private ReadingClient reader(String name) {
        return new ReadingClient(provider, client(name), history, 1);
    }

    private ReadingClient readerIn(String name, String group) {
        ReadingClient reader = reader(name);
        history.joined(name, group, join(reader.client(), group));
        return reader;
    }

    private long sendSized(Audience audience) {
        long id = provider.sendMessage(audience, sized(SIZE));
        history.accepted(id, audience);
        return id;
    }

    private void assertExact(List<ReadingClient> readers) {
        readers.forEach(ReadingClient::readAll);
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
        List<ReadingClient> members = new ArrayList<>();
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
            provider.sendMessage(i % 2 == 0 ? TO_ROOM : everyoneExcept(ada), sized(SIZE));
        }
        CometClient eve = client("eve");
        List<Long> sent = new ArrayList<>(List.of(first));
        List<Long> sentToEve = new ArrayList<>();
        for (int i = 1; i < SOME; i++) {
            boolean isForAda = i % 2 == 0;
            long id = provider.sendMessage(to(isForAda ? ada : eve), sized(SIZE));
            (isForAda ? sent : sentToEve).add(id);
        }

        assertThat(received(ada)).isEqualTo(sent);
        assertThat(received(eve)).isEqualTo(sentToEve);
        CometBatch bobs = read(bob, 0);
        assertThat(bobs.gaps()).isNotEmpty();
        assertThat(bytes(bobs.messages())).isLessThanOrEqualTo(TOTAL - (long) SOME * SIZE);
    }

    @Test
    @DisplayName("M13 a group that is dropped with its history gives its room back")
    void joinGroup_groupsComeAndGo_theirRoomIsFree() {
        restart(CometLimits.builder().maxTotalBytes(TOTAL).maxGroups(2).build());
        ReadingClient ada = reader("ada");
        for (int i = 0; i < 10 * SOME; i++) {
            String group = "group" + i;
            history.joined("ada", group, join(ada.client(), group));
            long id = sendSized(new Audience.Group(group, null));
            ada.readAll();
            leave(ada.client(), group);
            history.left("ada", group, id, id);
        }
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        List<Long> sent = new ArrayList<>();
        List<Long> sentToEve = new ArrayList<>();
        for (int i = 0; i < SOME / 2; i++) {
            sent.add(sendSized(to(bob)));
            sentToEve.add(sendSized(to(eve)));
        }

        assertThat(received(bob)).isEqualTo(sent);
        assertThat(received(eve)).isEqualTo(sentToEve);
    }

    // ---- own logs

    /** More than there is room for a message each. */
    private List<CometClient> crowd() {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < 3 * SOME; i++) {
            clients.add(client("one-of-the-crowd" + i));
        }
        return clients;
    }

    /** One message to each, in this order, until all is taken. */
    private List<Long> fill(List<CometClient> clients) {
        List<Long> sent = new ArrayList<>();
        try {
            for (CometClient client : clients) {
                sent.add(provider.sendMessage(to(client), sized(SIZE)));
            }
        } catch (CometException e) {
            assertThat(e.reason()).isEqualTo(QUEUE_FULL);
        }
        assertThat(sent).hasSizeBetween(SOME, 20);
        return sent;
    }

    private static List<CometClient> before(List<CometClient> others, CometClient... first) {
        List<CometClient> all = new ArrayList<>(List.of(first));
        all.addAll(others);
        return all;
    }

    @Test
    @DisplayName("M13 REJECT: own logs take all, every send is refused, until somebody confirms")
    void sendMessage_ownTakeAllAndReject_isRefused() {
        restart(REJECT);
        CometClient bob = client("bob");
        join(bob, ROOM);
        List<CometClient> crowd = crowd();
        List<Long> sent = fill(crowd);

        for (Audience audience : List.of(to(bob), TO_ROOM, EVERYONE)) {
            CometException refusal =
                    assertRefused(QUEUE_FULL, () -> provider.sendMessage(audience, sized(SIZE)));
            assertThat(refusal.fullClients()).isEmpty();
        }
        for (int i = 0; i < sent.size(); i++) {
            assertThat(received(crowd.get(i))).containsExactly(sent.get(i));
        }
        assertThat(received(bob)).isEmpty();
        provider.confirmMessages(crowd.get(0), sent.get(0));
        long id = provider.sendMessage(to(bob), sized(SIZE));
        assertThat(received(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M13 a refused send drops nothing from shared logs")
    void sendMessage_ownTakeAll_sharedKeepTheirs() {
        restart(REJECT);
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        long shared = provider.sendMessage(EVERYONE, message("short"));
        List<Long> sent = new ArrayList<>(List.of(shared));
        List<Long> sentToEve = new ArrayList<>(List.of(shared));
        for (int i = 0; i < SOME / 2; i++) {
            sent.add(provider.sendMessage(to(ada), sized(SIZE)));
            sentToEve.add(provider.sendMessage(to(eve), sized(SIZE)));
        }

        for (CometClient client : List.of(ada, bob)) { // beyond its share, and the total
            assertRefused(QUEUE_FULL, () -> provider.sendMessage(to(client), sized(15 * SIZE)));
        }

        assertThat(received(bob)).containsExactly(shared);
        assertThat(received(ada)).isEqualTo(sent);
        assertThat(received(eve)).isEqualTo(sentToEve);
    }

    @Test
    @DisplayName("M13 DROP_OLDEST: the oldest messages of all own logs go, announced")
    void sendMessage_ownTakeAllAndDropOldest_oldestGoAnnounced() {
        restart(DROP_OLDEST);
        List<ReadingClient> readers = new ArrayList<>();
        int clients = 3 * SOME; // a message for each is more than there is room for
        for (int i = 0; i < clients; i++) {
            readers.add(reader("client" + i));
        }
        for (int i = 0; i < 10 * clients; i++) {
            int first = i % clients;
            if (i % 7 == 0) {
                ReadingClient next = readers.get((first + 1) % clients);
                sendSized(to(readers.get(first).client(), next.client()));
            } else {
                sendSized(to(readers.get(first).client()));
            }
        }
        List<CometMessage> kept = new ArrayList<>();
        for (ReadingClient reader : readers) {
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
        List<Long> sent = fill(before(crowd(), ada, bob));
        provider.confirmMessages(ada, sent.get(0));
        provider.sendMessage(to(ada), sized(SIZE));

        CometException refusal =
                assertRefused(QUEUE_FULL, () -> provider.sendMessage(to(eve), sized(SIZE)));

        assertThat(refusal.fullClients()).containsExactly(bob);
        provider.removeClient(bob, EndReason.DISCONNECTED);
        assertThat(provider.sendMessage(to(eve), sized(SIZE))).isPositive();
    }

    @Test
    @DisplayName("M13 a client that ends gives its room back")
    void removeClient_itsLogTookAll_roomIsFree() {
        restart(REJECT);
        CometClient bob = client("bob");
        for (int i = 0; i < 3; i++) {
            CometClient ada = client("ada");
            List<CometClient> crowd = crowd();
            List<Long> sent = fill(before(crowd, ada, ada));
            read(ada, sent.get(0));
            provider.sendMessage(to(crowd.get(crowd.size() - 1)), sized(SIZE));
            assertRefused(
                    QUEUE_FULL,
                    () -> {
                        provider.sendMessage(to(bob), sized(SIZE));
                        provider.sendMessage(to(bob), sized(SIZE));
                    });
            provider.removeClient(ada, EndReason.DISCONNECTED);
            provider.confirmMessages(bob, provider.sendMessage(to(bob), sized(SIZE)));
            crowd.forEach(client -> provider.removeClient(client, EndReason.DISCONNECTED));
        }
    }

    @Test
    @DisplayName("M13 what a stream has carried gives way before a send is refused")
    void sendMessage_streamsTakeAll_isAccepted() {
        restart(REJECT);
        CometClient bob = client("bob");
        List<CometClient> crowd = crowd();
        List<Long> sent = fill(crowd);
        for (int i = 0; i < sent.size(); i++) {
            provider.peekMessages(crowd.get(i), sent.get(i), 1_000, Integer.MAX_VALUE);
        }
        pass(Duration.ofSeconds(1)); // a provider need not look for that all the time

        long id = provider.sendMessage(to(bob), sized(SIZE));

        assertThat(received(bob)).containsExactly(id);
        for (int i = 0; i < sent.size(); i++) {
            assertThat(read(crowd.get(i), sent.get(i)).isEmpty()).isTrue();
        }
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

        assertThat(fill(crowd())).hasSizeBetween(SOME, 17);
        assertThat(received(many.get(0))).isEqualTo(sent);
    }

    // ---- what one client's log may take

    /** A tenth: even what is left free beside many hogs is room for some. */
    private static final int SMALL = SIZE / 10;

    private List<CometClient> hogs(int count) {
        List<CometClient> hogs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            hogs.add(client("hog" + i));
        }
        return hogs;
    }

    /** One message to each, by turns, until none can take more. Returns what each has. */
    private List<List<Long>> fillTheirShares(List<CometClient> hogs) {
        List<List<Long>> sent = new ArrayList<>();
        hogs.forEach(hog -> sent.add(new ArrayList<>()));
        boolean someCan = true;
        while (someCan) {
            someCan = false;
            for (int i = 0; i < hogs.size(); i++) {
                try {
                    sent.get(i).add(provider.sendMessage(to(hogs.get(i)), sized(SMALL)));
                    someCan = true;
                } catch (CometException e) {
                    assertThat(e.reason()).isEqualTo(QUEUE_FULL);
                }
            }
        }
        return sent;
    }

    private CometException assertFull(Audience audience) {
        return assertRefused(QUEUE_FULL, () -> provider.sendMessage(audience, sized(SMALL)));
    }

    @Test
    @DisplayName(
            "M13 REJECT: clients who confirm nothing cannot keep the others' messages out, only their own")
    void sendMessage_hogsAndReject_othersGetTheirs() {
        restart(REJECT);
        List<CometClient> hogs = hogs(12);
        List<List<Long>> sent = fillTheirShares(hogs);
        CometClient ada = client("ada");
        join(ada, ROOM);

        long cursor = 0;
        for (int i = 0; i < SOME; i++) {
            List<Long> hers = new ArrayList<>();
            for (Audience audience : List.of(to(ada), TO_ROOM, EVERYONE)) {
                hers.add(provider.sendMessage(audience, sized(SMALL)));
            }
            assertThat(ids(read(ada, cursor))).isEqualTo(hers);
            cursor = hers.get(2);
            for (CometClient hog : hogs) {
                assertThat(assertFull(to(hog)).fullClients()).containsExactly(hog);
            }
        }
        for (int i = 0; i < hogs.size(); i++) {
            assertThat(ids(read(hogs.get(i), 0))).startsWith(sent.get(i).toArray(Long[]::new));
        }
        CometClient hog = hogs.get(0);
        List<Long> confirmed = sent.get(0);
        provider.confirmMessages(hog, confirmed.get(confirmed.size() - 1));
        long id = provider.sendMessage(to(hog), sized(SMALL));
        assertThat(ids(read(hog, 0))).endsWith(id);
    }

    @Test
    @DisplayName("M13 DROP_OLDEST: who has little does not pay for clients who confirm nothing")
    void sendMessage_hogsAndDropOldest_theOldestPay() {
        restart(DROP_OLDEST);
        List<ReadingClient> hogs = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            hogs.add(reader("hog" + i));
        }
        for (int i = 0; i < 50 * hogs.size(); i++) {
            Audience hog = to(hogs.get(i % hogs.size()).client());
            history.accepted(provider.sendMessage(hog, sized(SMALL)), hog);
        }
        CometClient ada = client("ada");
        List<Long> hers = new ArrayList<>();
        for (int i = 0; i < 3 * SOME; i++) {
            hers.add(provider.sendMessage(to(ada), sized(SMALL)));
        }

        assertThat(received(ada)).isEqualTo(hers);
        assertExact(hogs);
    }

    @Test
    @DisplayName("M13 DISCONNECT: who has little is not ended for clients who confirm nothing")
    void sendMessage_hogsAndDisconnect_theOldestAreNamed() {
        restart(DISCONNECT);
        List<CometClient> hogs = hogs(12);
        fillTheirShares(hogs);
        CometClient ada = client("ada");
        List<Long> hers = new ArrayList<>();
        for (int i = 0; i < 3 * SOME; i++) {
            try {
                hers.add(provider.sendMessage(to(ada), sized(SMALL)));
            } catch (CometException e) {
                assertThat(e.fullClients()).containsExactly(hogs.get(0));
                provider.removeClient(hogs.remove(0), EndReason.DISCONNECTED);
                hers.add(provider.sendMessage(to(ada), sized(SMALL)));
            }
        }

        assertThat(received(ada)).isEqualTo(hers);
        assertThat(hogs).hasSizeLessThan(12);
    }

    @Test
    @DisplayName(
            "M13 REJECT: a list is refused because of those who confirm nothing, and names them")
    void sendMessage_listWithHogsAndReject_namesThem() {
        restart(REJECT);
        List<CometClient> hogs = hogs(3);
        fillTheirShares(hogs);
        List<CometClient> many = manyClients();
        List<CometClient> few = many.subList(0, 3);

        for (List<CometClient> others : List.of(few, many)) {
            List<CometClient> all = before(others, hogs.get(2), hogs.get(0));
            assertThat(assertFull(to(all)).fullClients())
                    .containsExactlyInAnyOrder(hogs.get(0), hogs.get(2));
            others.forEach(client -> assertThat(received(client)).isEmpty());
        }
        long toFew = provider.sendMessage(to(few), message("short"));
        long toMany = provider.sendMessage(to(many), message("short"));
        assertThat(received(many.get(0))).containsExactly(toFew, toMany);
        assertThat(received(many.get(199))).containsExactly(toMany);
    }

    @Test
    @DisplayName("M13 what a stream has carried makes room in its client's share")
    void sendMessage_hogHasAStream_isAccepted() {
        restart(REJECT);
        CometClient ada = client("ada");
        List<Long> sent = fillTheirShares(List.of(ada)).get(0);
        long last = sent.get(sent.size() - 1);
        assertThat(assertFull(to(ada)).fullClients()).containsExactly(ada);
        provider.peekMessages(ada, last, 1_000, Integer.MAX_VALUE);

        List<Long> more = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            more.add(provider.sendMessage(to(ada), sized(SMALL)));
        }

        assertThat(ids(read(ada, last))).isEqualTo(more);
        assertFull(to(ada));
    }
}
