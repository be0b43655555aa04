package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static dev.comet.CometException.Reason.QUEUE_FULL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Many operations in any order, judged as a whole: what was sent against what each client saw. */
abstract class HistoryRows extends ProviderRows {

    private static final List<String> GROUPS = List.of(ROOM, "other");

    private static final Audience NOBODY = new Audience.Group("nobody's", null);

    private static final CometLimits TINY =
            CometLimits.builder()
                    .clientLog(new LogLimits(4, Long.MAX_VALUE, LogLimits.ANY_AGE))
                    .sharedLog(new LogLimits(5, Long.MAX_VALUE, LogLimits.ANY_AGE))
                    .overflow(OverflowPolicy.DROP_OLDEST)
                    .build();

    private static final int BUSY = 10_000;

    private HistoryChecker history = new HistoryChecker();

    HistoryRows(CometStateProviderContract contract) {
        super(contract);
    }

    private void begin(CometLimits limits) {
        restart(limits);
        history = new HistoryChecker();
    }

    private ReadingClient newReader(String name, long seed) {
        return new ReadingClient(provider, client(name), history, seed);
    }

    private long sendRecorded(Audience audience) {
        long begun = history.sending();
        long id = send(audience);
        history.accepted(begun, id, audience);
        return id;
    }

    private void joinRecorded(CometClient client, String group) {
        if (!provider.groupsOf(client).contains(group)) {
            history.joined(client.publicToken(), group, join(client, group));
        }
    }

    /** Messages to a group that nobody is in tell which ids were before, and which after. */
    private void leaveRecorded(CometClient client, String group) {
        if (provider.groupsOf(client).contains(group)) {
            long before = sendRecorded(NOBODY);
            leave(client, group);
            history.left(client.publicToken(), group, before, sendRecorded(NOBODY));
        }
    }

    private static Audience anyAudience(Random random, List<CometClient> clients) {
        CometClient one = clients.get(random.nextInt(clients.size()));
        CometClient two = clients.get(random.nextInt(clients.size()));
        String group = GROUPS.get(random.nextInt(GROUPS.size()));
        return switch (random.nextInt(6)) {
            case 0 -> to(one);
            case 1 -> to(one, two);
            case 2 -> EVERYONE;
            case 3 -> everyoneExcept(one);
            case 4 -> new Audience.Group(group, null);
            default -> new Audience.Group(group, one.publicToken());
        };
    }

    private void assertClean(String about) {
        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.isClean()).as("%s: %s", about, verdict).isTrue();
        assertThat(verdict.accepted()).as("messages judged").isPositive();
    }

    // ---- one thread, tiny logs: every gap must be exact

    @Test
    @DisplayName("M1, M7, M11, M12 anything in any order: nothing lost in silence, no false gap")
    void anything_oneByOne_isExactlyAnnounced() {
        for (int seed = 0; seed < 40; seed++) {
            begin(TINY);
            new OneByOne(seed).run();
            assertClean("seed " + seed);
        }
    }

    private final class OneByOne {

        private final Random random;
        private final List<ReadingClient> readers = new ArrayList<>();
        private int born;

        OneByOne(long seed) {
            random = new Random(seed);
        }

        void run() {
            for (int i = 0; i < 4; i++) {
                bear();
            }
            for (int step = 0; step < 250; step++) {
                ReadingClient reader = readers.get(random.nextInt(readers.size()));
                String group = GROUPS.get(random.nextInt(GROUPS.size()));
                switch (random.nextInt(16)) {
                    case 0, 1 -> joinRecorded(reader.client(), group);
                    case 2 -> leaveRecorded(reader.client(), group);
                    case 3, 4 -> reader.read();
                    case 5 -> replace(reader);
                    default -> sendRecorded(anyAudience(random, clients()));
                }
            }
            readers.forEach(ReadingClient::readAll);
        }

        private void bear() {
            readers.add(newReader("client" + born++, random.nextLong()));
        }

        private void replace(ReadingClient reader) {
            if (random.nextInt(4) == 0) {
                readers.remove(reader);
                provider.removeClient(reader.client(), EndReason.DISCONNECTED);
                history.sessionLost(reader.client().publicToken());
                bear();
            }
        }

        private List<CometClient> clients() {
            return readers.stream().map(ReadingClient::client).toList();
        }
    }

    // ---- several threads

    @Test
    @DisplayName(
            "M6, W5 many senders, stale readers: everybody's order is that in which sends returned")
    void sendMessage_manySenders_everyReaderSeesAllInOrder() {
        begin(CometLimits.defaults());
        List<ReadingClient> readers =
                List.of(newReader("a", 1), newReader("b", 2), newReader("c", 3));
        readers.forEach(reader -> joinRecorded(reader.client(), ROOM));
        List<CometClient> clients = readers.stream().map(ReadingClient::client).toList();

        Random chance = new Random(4);
        AtOnce.run(
                List.of(
                        () -> sendAnything(250, 1, clients),
                        () -> sendAnything(250, 2, clients),
                        () -> sendAnything(250, 3, clients)),
                List.of(
                        readers.get(0)::read,
                        readers.get(1)::read,
                        readers.get(2)::read,
                        () -> readers.get(0).readStale(chance)));

        readers.forEach(ReadingClient::readAll);
        assertClean("many senders");
    }

    private void sendAnything(int times, long seed, List<CometClient> clients) {
        Random random = new Random(seed);
        for (int i = 0; i < times; i++) {
            sendRecorded(anyAudience(random, clients));
        }
    }

    @Test
    @DisplayName("M6, M11 a reader that looks at any moment is moved past nothing")
    void getMessages_whileOthersSend_skipsNothing() {
        begin(
                CometLimits.builder()
                        .clientLog(new LogLimits(2 * BUSY, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .sharedLog(new LogLimits(2 * BUSY, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .build());

        assertThat(readWhileSending().announced()).isZero();
    }

    @Test
    @DisplayName("M7 a reader that looks at any moment sees every loss announced, exactly")
    void getMessages_whileLogsTurnOver_saysExactlyWhatIsLost() {
        begin(TINY);

        assertThat(readWhileSending().received()).isPositive();
    }

    /** One thread sends to three logs as fast as it can, the other reads as fast as it can. */
    private Verdict readWhileSending() {
        ReadingClient reader = newReader("a", 1);
        joinRecorded(reader.client(), ROOM);
        List<Audience> logs = List.of(to(reader.client()), EVERYONE, TO_ROOM);

        AtOnce.run(
                List.of(
                        () -> {
                            for (int i = 0; i < BUSY; i++) {
                                Audience audience = logs.get(i % logs.size());
                                history.accepted(send(audience), audience);
                            }
                        }),
                List.of(reader::readPlainly));

        reader.readAll();
        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.isClean()).as("%s", verdict).isTrue();
        return verdict;
    }

    @Test
    @DisplayName("M6, M7, M12 joining, leaving, coming and going while logs turn over")
    void everything_atOnce_isAnnounced() {
        begin(TINY);
        List<ReadingClient> readers =
                List.of(newReader("a", 1), newReader("b", 2), newReader("c", 3));
        List<CometClient> clients = readers.stream().map(ReadingClient::client).toList();

        AtOnce.run(
                List.of(
                        () -> sendAnything(400, 1, clients),
                        () -> sendAnything(400, 2, clients),
                        this::comeAndGo),
                List.of(
                        new Restless(readers.get(0)),
                        new Restless(readers.get(1)),
                        new Restless(readers.get(2))));

        readers.forEach(ReadingClient::readAll);
        assertClean("everything at once");
    }

    /** Reads, and now and then joins or leaves a group. */
    private final class Restless implements AtOnce.Task {

        private final ReadingClient reader;
        private final Random random;

        Restless(ReadingClient reader) {
            this.reader = reader;
            this.random = new Random(reader.client().hashCode());
        }

        @Override
        public void run() {
            String group = GROUPS.get(random.nextInt(GROUPS.size()));
            switch (random.nextInt(8)) {
                case 0 -> joinRecorded(reader.client(), group);
                case 1 -> leaveRecorded(reader.client(), group);
                default -> reader.read();
            }
        }
    }

    private void comeAndGo() {
        for (int i = 0; i < 100; i++) {
            ReadingClient reader = newReader("visitor" + i, i);
            joinRecorded(reader.client(), ROOM);
            sendRecorded(to(reader.client()));
            reader.read();
            provider.removeClient(reader.client(), EndReason.DISCONNECTED);
            history.sessionLost(reader.client().publicToken());
        }
    }

    // ---- long lists

    @Test
    @DisplayName("M4, M6, M7 long lists among everything else, REJECT: nothing is lost at all")
    void sendMessage_longListsAtOnceAndReject_nothingIsLost() {
        assertThat(sendToLongLists(OverflowPolicy.REJECT).announced()).isZero();
    }

    @Test
    @DisplayName("M4, M6, M7 long lists among everything else, DISCONNECT: refused, as REJECT")
    void sendMessage_longListsAtOnceAndDisconnect_nothingIsLost() {
        assertThat(sendToLongLists(OverflowPolicy.DISCONNECT).announced()).isZero();
    }

    @Test
    @DisplayName("M4, M6, M7 long lists among everything else, DROP_OLDEST: exactly announced")
    void sendMessage_longListsAtOnceAndDropOldest_isExactlyAnnounced() {
        assertThat(sendToLongLists(OverflowPolicy.DROP_OLDEST).received()).isPositive();
    }

    /**
     * Two threads send to all, one to single ones, one has clients come and go that are on the
     * lists too; all others read, join and leave.
     */
    private Verdict sendToLongLists(OverflowPolicy overflow) {
        begin(
                CometLimits.builder()
                        .clientLog(new LogLimits(4, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .overflow(overflow)
                        .build());
        List<ReadingClient> readers = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            readers.add(newReader("member" + i, i));
        }
        List<CometClient> clients = readers.stream().map(ReadingClient::client).toList();
        AtomicReference<CometClient> visitor = new AtomicReference<>(clients.get(0));

        AtOnce.run(
                List.of(
                        () -> sendToAllOf(clients, visitor),
                        () -> sendToAllOf(clients.subList(2, 70), visitor),
                        () -> sendToSome(clients),
                        () -> comeAndGo(visitor)),
                List.of(
                        new Restless(readers.get(0)),
                        new Restless(readers.get(1)),
                        () -> readers.subList(2, 36).forEach(ReadingClient::readPlainly),
                        () -> readers.subList(36, 70).forEach(ReadingClient::read)));

        readers.forEach(ReadingClient::readAll);
        Verdict verdict = history.checkExactGaps();
        assertThat(verdict.isClean()).as("%s", verdict).isTrue();
        assertThat(verdict.accepted()).as("messages judged").isPositive();
        return verdict;
    }

    private void sendToAllOf(List<CometClient> clients, AtomicReference<CometClient> visitor) {
        for (int i = 0; i < 150; i++) {
            List<CometClient> list = new ArrayList<>(clients);
            list.add(visitor.get());
            sendIfAccepted(to(list));
        }
    }

    private void sendToSome(List<CometClient> clients) {
        Random random = new Random(5);
        for (int i = 0; i < 600; i++) {
            sendIfAccepted(anyAudience(random, clients));
        }
    }

    private void comeAndGo(AtomicReference<CometClient> visitor) {
        for (int i = 0; i < 100; i++) {
            ReadingClient reader = newReader("visitor" + i, i);
            visitor.set(reader.client());
            sendIfAccepted(to(reader.client()));
            reader.read();
            provider.removeClient(reader.client(), EndReason.DISCONNECTED);
            history.sessionLost(reader.client().publicToken());
        }
    }

    /** A log that is full, or a visitor that has gone, makes nobody get it. */
    private void sendIfAccepted(Audience audience) {
        try {
            sendRecorded(audience);
        } catch (CometException e) {
            assertThat(e.reason()).isIn(QUEUE_FULL, CLIENT_DOES_NOT_EXIST);
        }
    }
}
