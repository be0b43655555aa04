package dev.comet.js;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/**
 * Runs the JavaScript tests, {@code src/test/js/*.test.js}, in Chromium: each of them is a test
 * here, by its own name.
 */
class CometJsTest {
    private static final Path SOURCES = Path.of("src").toAbsolutePath();

    /** Far below what there is; only tells that the tests were found. */
    private static final int FEWEST = 100;

    private static final String LOAD =
            """
            async files => {
              const { outcome, tests } = await import("/test/js/harness.js");
              for (const file of files) await import(file);
              globalThis.cometTests = { run: index => outcome(tests[index]) };
              return tests.map(({ name }) => name);
            }
            """;

    private Chromium chromium;
    private FaultyServer server;

    @TestFactory
    Stream<DynamicTest> tests() throws IOException {
        try {
            chromium = Chromium.launch("comet-js browser tests");
        } catch (TestAbortedException missing) {
            // in a test of its own: Surefire is silent about a factory that is aborted
            return Stream.of(
                    DynamicTest.dynamicTest(
                            "browser tests",
                            () -> {
                                throw missing;
                            }));
        }
        server = new FaultyServer(SOURCES);
        Page page = chromium.open(server.url());
        List<?> names = (List<?>) page.evaluate(LOAD, files());
        assertThat(names).hasSizeGreaterThan(FEWEST).doesNotHaveDuplicates();
        return IntStream.range(0, names.size()).mapToObj(i -> test(page, (String) names.get(i), i));
    }

    @AfterEach
    void close() throws IOException {
        if (server != null) {
            server.close();
        }
        if (chromium != null) {
            chromium.close();
        }
    }

    private static DynamicTest test(Page page, String name, int index) {
        return DynamicTest.dynamicTest(
                name,
                () -> {
                    Object wrong = page.evaluate("index => cometTests.run(index)", index);
                    if (wrong != null) {
                        fail(name + "\n" + wrong);
                    }
                });
    }

    private static List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES.resolve("test/js"))) {
            return files.map(file -> "/test/js/" + file.getFileName())
                    .filter(file -> file.endsWith(".test.js"))
                    .sorted()
                    .toList();
        }
    }
}
