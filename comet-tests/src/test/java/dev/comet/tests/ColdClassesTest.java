package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

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
        String output = ChildJvm.output(ColdClassesMain.class, "-Xmx64m", "-Xlog:class+init=info");
        int built = output.indexOf(ColdClassesMain.BUILT);
        assertThat(output.substring(0, built)).contains("'dev/comet/CometStateManager'");
        assertThat(output.substring(built).lines())
                .filteredOn(line -> line.contains("Initializing 'dev/comet/"))
                .filteredOn(line -> !line.contains("'dev/comet/tests/"))
                .filteredOn(line -> !line.contains("(no method)"))
                .isEmpty();
    }
}
