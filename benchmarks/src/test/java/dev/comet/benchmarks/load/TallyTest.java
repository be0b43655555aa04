package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.benchmarks.Payload;
import org.junit.jupiter.api.Test;

/** A benchmark that would not notice a loss proves nothing. */
class TallyTest {

    private final Tally tally = new Tally();
    private final Conversation client = new CometConversation(1, 0, 1, "token");

    private void arrive(long... numbers) {
        StringBuilder body = new StringBuilder("[");
        for (long number : numbers) {
            body.append('"').append(Payload.text(0, number, 1)).append("\",");
        }
        take(body.append("]").toString());
    }

    private void take(String body) {
        byte[] bytes =
                ("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(ISO_8859_1);
        HttpAnswer answer = new HttpAnswer();
        assertThat(answer.parse(bytes, bytes.length)).isTrue();
        tally.take(answer, client);
    }

    private void expect(long deliveries, long skipped, long duplicated, long reordered) {
        assertThat(tally.deliveries()).as("deliveries").isEqualTo(deliveries);
        assertThat(tally.skipped()).as("skipped").isEqualTo(skipped);
        assertThat(tally.duplicated()).as("duplicated").isEqualTo(duplicated);
        assertThat(tally.reordered()).as("reordered").isEqualTo(reordered);
    }

    @Test
    void onceAndInOrderIsRight() {
        arrive(1);
        arrive(2, 3);
        expect(3, 0, 0, 0);
        assertThat(tally.answers()).isEqualTo(2);
    }

    @Test
    void whatIsLeftOutIsLost() {
        arrive(1);
        arrive(3);
        arrive(7);
        expect(3, 4, 0, 0);
    }

    @Test
    void theFirstIsMissedToo() {
        arrive(2);
        expect(1, 1, 0, 0);
    }

    @Test
    void whatComesLateIsOutOfOrderAndNotLost() {
        arrive(1, 3, 2, 4);
        expect(4, 0, 0, 1);
    }

    @Test
    void whatComesAgainIsADuplicateAtOnceOrLater() {
        arrive(1, 1);
        arrive(2);
        arrive(1);
        expect(4, 0, 2, 0);
    }

    @Test
    void whatComesLateTwiceIsBoth() {
        arrive(1, 3);
        arrive(2, 2);
        expect(4, 0, 1, 1);
    }

    @Test
    void whoComesLaterMissesNothing() {
        client.lastNumbers[0] = 40;
        arrive(41);
        expect(1, 0, 0, 0);
    }

    @Test
    void anAnnouncedLossIsCounted() {
        take("[{\"id\":0,\"name\":\"comet.gap\",\"contents\":{\"from\":1,\"to\":2}}]");
        assertThat(tally.announced()).isEqualTo(1);
        expect(0, 0, 0, 0);
    }

    @Test
    void anAnnouncementWithMessagesIsCountedToo() {
        arrive(1);
        String gap = "{\"id\":0,\"name\":\"comet.gap\",\"contents\":{\"from\":1,\"to\":2}}";
        take("[" + gap + ",\"" + Payload.text(0, 3, 1) + "\"]");
        assertThat(tally.announced()).isEqualTo(1);
        expect(2, 1, 0, 0);
    }
}
