package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("H20 answers that peers do not read have a budget")
class UnreadAnswersTest {

    private static final int BUDGET = 100_000;
    private static final String ECHO =
            "{\"name\":\"echo\",\"contents\":\"" + "x".repeat(30_000) + "\"}";

    private final Protocol protocol =
            new Protocol(
                    (comet, app) ->
                            app.unreadAnswerBytes(BUDGET)
                                    .onRequest("echo", (client, message) -> message.contents()));
    private final CometClient ada = protocol.client("ada");
    private final CometClient bob = protocol.client("bob");

    @AfterEach
    void close() {
        protocol.close();
    }

    private long unread() {
        return protocol.handler.statistics().unreadAnswerBytes();
    }

    /** A message of this client's own, in an answer that is a bit longer. */
    private void tell(CometClient client, int length) {
        protocol.comet.sendMessage(client.publicToken(), "n", "x".repeat(length));
    }

    private FakeExchange pollWithoutReading(CometClient client) {
        return pollWithoutReading(client, 0);
    }

    private FakeExchange pollWithoutReading(CometClient client, long cursor) {
        return protocol.handle(
                FakeExchange.get("/poll?lastMessageId=" + cursor)
                        .bearer(client.privateToken())
                        .readsLater());
    }

    private static void isRefused(FakeExchange poll) {
        poll.isError(429, "answers-unread");
        assertThat(poll.responseHeader("Retry-After")).isEqualTo("1");
    }

    @Test
    void poll_longAnswer_countsUntilItIsRead() {
        tell(ada, 30_000);

        FakeExchange poll = pollWithoutReading(ada);
        assertThat(poll.status()).isEqualTo(200);
        assertThat(unread()).isEqualTo(poll.response().body().length);

        poll.peerReads();
        assertThat(unread()).isZero();
    }

    @Test
    void poll_shortAnswer_isNeitherCountedNorRefused() {
        tell(ada, 200_000);
        pollWithoutReading(ada);
        long before = unread();
        tell(bob, 8_000);

        assertThat(before).isGreaterThan(BUDGET);
        assertThat(protocol.poll(bob, "?lastMessageId=0").status()).isEqualTo(200);
        assertThat(unread()).isEqualTo(before);
    }

    @Test
    @DisplayName("a client whose connection has broken gets its messages over another one")
    void poll_oneAnswerIsStuck_theNextIsGiven() {
        tell(ada, 60_000); // more than half of the budget

        assertThat(pollWithoutReading(ada).status()).isEqualTo(200);
        assertThat(pollWithoutReading(ada).status()).isEqualTo(200);
    }

    @Test
    void poll_muchIsUnread_theClientIsRefusedAndOthersAreNot() {
        tell(ada, 30_000);
        List<FakeExchange> polls = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            tell(ada, 1); // so that the bodies differ
            polls.add(pollWithoutReading(ada));
            assertThat(polls.get(i).status())
                    .as("%d unread", unread())
                    .isEqualTo(i < 2 ? 200 : 429);
        }
        isRefused(polls.get(2));

        tell(bob, 30_000);
        assertThat(pollWithoutReading(bob).status()).isEqualTo(200);

        polls.get(0).peerReads();
        assertThat(pollWithoutReading(ada).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("while nothing is free, a long answer is refused, and its messages stay")
    void poll_nothingIsFree_isRefusedAndLosesNothing(boolean held) {
        FakeExchange poll = held ? pollWithoutReading(bob) : null;
        tell(ada, BUDGET);
        FakeExchange stuck = pollWithoutReading(ada);
        tell(bob, 30_000);
        isRefused(held ? poll : pollWithoutReading(bob));
        assertThat(protocol.handler.statistics().refusals())
                .isEqualTo(Map.of("429 answers-unread", 1L));

        stuck.peerReads();

        FakeExchange again = pollWithoutReading(bob);
        assertThat(again.json().path(0).path("contents").stringValue()).hasSize(30_000);
        again.peerReads();
        assertThat(unread()).isZero();
    }

    @Test
    @DisplayName("while nothing is free, a client gets as many messages as a short answer holds")
    void poll_nothingIsFree_isAnsweredInShortPieces() {
        tell(ada, BUDGET);
        pollWithoutReading(ada);
        long before = unread();
        for (int i = 0; i < 30; i++) {
            tell(bob, 1_000);
        }

        List<Long> ids = new ArrayList<>();
        long cursor = 0;
        for (int i = 0; i < 5; i++) {
            FakeExchange poll = pollWithoutReading(bob, cursor);
            assertThat(poll.status()).isEqualTo(200);
            assertThat(poll.response().body().length).isBetween(2_000, 8_192);
            for (JsonNode message : poll.json()) {
                cursor = message.path("id").asLong();
                ids.add(cursor);
            }
        }
        assertThat(ids).hasSize(30).isSorted().doesNotHaveDuplicates();
        assertThat(unread()).isEqualTo(before);
        assertThat(protocol.handler.statistics().refusals()).isEmpty();
    }

    @Test
    @DisplayName("what a client has lost is said in a short piece, too")
    void poll_nothingIsFreeAndThereIsAGap_isAnnounced() {
        tell(ada, BUDGET);
        pollWithoutReading(ada);
        for (int i = 0; i < 30; i++) {
            tell(bob, 1_000);
        }

        FakeExchange poll = pollWithoutReading(bob, 999);
        assertThat(poll.json().path(0).path("name").stringValue()).isEqualTo("comet.gap");
        assertThat(poll.json().size()).isBetween(5, 9);
        assertThat(poll.response().body().length).isLessThanOrEqualTo(8_192);
    }

    @Test
    void poll_manySharedAnswers_countOnce() {
        protocol.comet.sendToAll("n", "x".repeat(30_000));
        FakeExchange first = pollWithoutReading(ada);
        FakeExchange second = pollWithoutReading(bob);
        byte[] body = first.response().body();
        assertThat(second.response().body()).as("shared").isSameAs(body);

        assertThat(unread()).isEqualTo(body.length);
        first.peerReads();
        assertThat(unread()).isEqualTo(body.length);
        second.peerReads();
        assertThat(unread()).isZero();
    }

    @Test
    void send_muchIsUnread_isRefusedBeforeItsHookRuns() {
        for (int i = 0; i < 3; i++) {
            FakeExchange send =
                    protocol.handle(
                            FakeExchange.post("/send")
                                    .bearer(ada.privateToken())
                                    .json(ECHO)
                                    .readsLater());
            assertThat(send.status()).isEqualTo(i < 2 ? 200 : 429);
        }
        assertThat(protocol.handler.statistics().hooks().calls()).isEqualTo(2);
        assertThat(protocol.send(bob, ECHO).status()).isEqualTo(200);
        assertThat(unread()).isBetween(60_000L, 61_000L);
    }

    @Test
    void poll_answerFails_countsNoMore() {
        tell(ada, 30_000);
        try {
            protocol.handle(
                    FakeExchange.get("/poll?lastMessageId=0")
                            .bearer(ada.privateToken())
                            .readsLater()
                            .afterAnswer(UnreadAnswersTest::fail));
        } catch (InternalError e) {
            assertThat(e).hasMessage("as the test wants");
        }
        assertThat(unread()).isZero();
    }

    private static void fail() {
        throw new InternalError("as the test wants");
    }

    @Test
    void poll_peerHasGone_countsNothing() {
        FakeExchange poll = pollWithoutReading(ada);
        poll.peerGoes();
        tell(ada, 30_000);
        assertThat(unread()).isZero();
    }

    @Test
    @DisplayName("whatever polls and readers do at the same time, each answer counts once")
    void poll_manyThreads_staysWithinTheBudgetAndEndsAtZero() throws Exception {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            CometClient client = protocol.client("client-" + i);
            tell(client, 10_000 + 3_000 * i);
            clients.add(client);
        }
        AtomicLong most = new AtomicLong();

        TestThreads.run(
                4,
                seed -> {
                    Random random = new Random(seed);
                    Deque<FakeExchange> stuck = new ArrayDeque<>();
                    for (int i = 0; i < 1_000; i++) {
                        FakeExchange poll =
                                pollWithoutReading(clients.get(random.nextInt(clients.size())));
                        assertThat(poll.status()).isIn(200, 409, 429); // 409: another thread polls
                        if (poll.status() == 200) {
                            stuck.add(poll);
                        }
                        most.accumulateAndGet(unread(), Math::max);
                        while (stuck.size() > random.nextInt(6)) {
                            stuck.remove().peerReads();
                        }
                    }
                    stuck.forEach(FakeExchange::peerReads);
                });

        assertThat(unread()).isZero();
        assertThat(most)
                .satisfies(peak -> assertThat(peak.get()).isBetween(BUDGET / 2L, BUDGET + 32_000L));
        assertThat(pollWithoutReading(clients.get(0)).status()).isEqualTo(200);
    }

    @Test
    @DisplayName("O3: whoever runs the server is told once a minute")
    void poll_refused_isLogged() {
        try (LogCapture log = new LogCapture(CometHttpHandler.class)) {
            tell(ada, BUDGET);
            pollWithoutReading(ada);
            tell(bob, 30_000);
            isRefused(pollWithoutReading(bob));
            isRefused(pollWithoutReading(bob));
            assertThat(log.lines()).hasSize(1);
            assertThat(log.lines().get(0)).contains("unreadAnswerBytes");
        }
    }
}
