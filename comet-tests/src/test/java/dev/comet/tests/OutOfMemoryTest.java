package dev.comet.tests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process whose memory is gone for seconds, and comes back (row W16). */
class OutOfMemoryTest {

    @Test
    @Timeout(120)
    @DisplayName("W16: after seconds without memory every poll is answered and none is deaf")
    void poll_memoryIsGoneForSeconds_isAnswered() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx48m",
                                "-XX:+UseSerialGC",
                                "-XX:-UsePerfData",
                                "-cp",
                                System.getProperty("java.class.path"),
                                OutOfMemoryMain.class.getName())
                        .redirectErrorStream(true)
                        .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(output).contains("shortage:");
            String last = output.substring(output.lastIndexOf("shortage:"));
            System.out.println(last.strip());
            assertThat(last).contains(" 0 of 200 polls unanswered, 0 of 200 clients deaf");
        } finally {
            process.destroyForcibly();
        }
    }
}
