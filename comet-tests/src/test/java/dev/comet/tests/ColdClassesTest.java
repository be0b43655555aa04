package dev.comet.tests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A class that is initialised for the first time while memory is short is broken for good (row
 * W16).
 */
class ColdClassesTest {

    @Test
    @Timeout(60)
    @DisplayName("W16: what a manager needs later is initialised when it is built")
    void manager_isBuilt_initialisesNoClassLater() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx64m",
                                "-Xlog:class+init=info",
                                "-cp",
                                System.getProperty("java.class.path"),
                                ColdClassesMain.class.getName())
                        .redirectErrorStream(true)
                        .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
            int built = output.indexOf(ColdClassesMain.BUILT);
            assertThat(output.substring(0, built)).contains("'dev/comet/CometStateManager'");
            assertThat(output.substring(built).lines())
                    .filteredOn(line -> line.contains("Initializing 'dev/comet/"))
                    .filteredOn(line -> !line.contains("'dev/comet/tests/"))
                    .filteredOn(line -> !line.contains("(no method)"))
                    .isEmpty();
        } finally {
            process.destroyForcibly();
        }
    }
}
