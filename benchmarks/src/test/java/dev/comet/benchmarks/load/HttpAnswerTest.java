package dev.comet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class HttpAnswerTest {

    private static final String WITH_LENGTH =
            "HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\nETag: \"7\"\r\n\r\nhello";
    private static final String CHUNKED =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n3\r\n12}\r\n0\r\n\r\n";

    private final HttpAnswer answer = new HttpAnswer();

    private boolean parse(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        return answer.parse(bytes, bytes.length);
    }

    @Test
    void isCompleteWithItsLastByteAndNotBefore() {
        for (String text : new String[] {WITH_LENGTH, CHUNKED}) {
            for (int length = 0; length < text.length(); length++) {
                assertThat(parse(text.substring(0, length)))
                        .as(text + " cut at " + length)
                        .isFalse();
            }
            assertThat(parse(text)).isTrue();
        }
    }

    @Test
    void hasStatusBodyAndHeaders() {
        parse(WITH_LENGTH);
        assertThat(answer.status).isEqualTo(202);
        assertThat(answer.body()).isEqualTo("hello");
        assertThat(answer.header("etag")).isEqualTo("\"7\"");
        assertThat(answer.header("Date")).isNull();
        ByteBuffer copied = ByteBuffer.allocate(10);
        answer.putHeader("etag:".getBytes(ISO_8859_1), copied);
        assertThat(new String(copied.array(), 0, copied.position(), ISO_8859_1))
                .isEqualTo(" \"7\"");
    }

    @Test
    void chunksAreJoined() {
        parse(CHUNKED);
        assertThat(answer.body()).isEqualTo("{\"id\":12}");
        assertThat(answer.lastNumber("\"id\":".getBytes(ISO_8859_1))).isEqualTo(12);
    }

    @Test
    void moreThanOneAnswerIsAFault() {
        assertThatThrownBy(() -> parse(WITH_LENGTH + "HTTP"))
                .isInstanceOf(IllegalStateException.class);
    }
}
