package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process whose memory is gone for seconds, and comes back (row W16). */
class OutOfMemoryTest {

    @Test
    @Timeout(120)
    @DisplayName("W16: after seconds without memory every poll is answered and none is deaf")
    void poll_memoryIsGoneForSeconds_isAnswered() throws Exception {
        String output =
                ChildJvm.output(
                        OutOfMemoryMain.class, "-Xmx48m", "-XX:+UseSerialGC", "-XX:-UsePerfData");
        assertThat(output).contains("shortage:");
        String last = output.substring(output.lastIndexOf("shortage:"));
        System.out.println(last.strip());
        assertThat(last).contains(" 0 of 200 polls unanswered, 0 of 200 clients deaf");
    }
}
