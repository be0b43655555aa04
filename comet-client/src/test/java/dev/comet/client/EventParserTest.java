package dev.comet.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class EventParserTest {

    private static final String TEXT =
            String.join(
                    "",
                    "\uFEFF: hello\r\n\r\n",
                    "id: 7\rdata: {\"a\":1}\r\r",
                    "data:no blank\ndata:  two\n\n",
                    "event: x\ndata\n\n",
                    "retry: 5\n\n",
                    "data: äöü€😀\r\n\r\n",
                    "data: unfinished\n");
    private static final List<String> EVENTS = List.of("{\"a\":1}", "no blank\n two", "", "äöü€😀");

    @Test
    @DisplayName("L6 however the bytes are cut: the same events")
    void push_everySplit_sameEvents() {
        byte[] bytes = TEXT.getBytes(UTF_8);
        for (int first = 0; first <= bytes.length; first++) {
            for (int second = first; second <= bytes.length; second += 7) {
                EventParser parser = new EventParser();
                List<String> events = new ArrayList<>();
                events.addAll(parser.push(Arrays.copyOfRange(bytes, 0, first)));
                events.addAll(parser.push(Arrays.copyOfRange(bytes, first, second)));
                events.addAll(parser.push(Arrays.copyOfRange(bytes, second, bytes.length)));
                assertThat(events).as("cut at %d and %d", first, second).isEqualTo(EVENTS);
            }
        }
    }

    @Test
    void push_byteByByte_sameEvents() {
        EventParser parser = new EventParser();
        List<String> events = new ArrayList<>();
        for (byte b : TEXT.getBytes(UTF_8)) {
            events.addAll(parser.push(new byte[] {b}));
        }
        assertThat(events).isEqualTo(EVENTS);
    }
}
