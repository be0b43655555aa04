package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        return protocol.handle(
                FakeExchange.get("/poll?lastMessageId=0")
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
    void poll_manySharedAnswers_countOnce() {
        FakeExchange first = pollWithoutReading(ada);
        FakeExchange second = pollWithoutReading(bob);
        protocol.comet.sendToAll("n", "x".repeat(30_000));
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
