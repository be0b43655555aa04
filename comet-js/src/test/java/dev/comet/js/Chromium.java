package dev.comet.js;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * The Chromium that is installed on this machine, without a window. Nothing is downloaded.
 *
 * <p>Playwright objects belong to the thread that launched the browser.
 */
public final class Chromium implements AutoCloseable {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    private static final List<String> ARGUMENTS =
            List.of(
                    "--no-sandbox", // containers run as root
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync");

    private final Playwright playwright;
    private final Browser browser;

    private Chromium(Playwright playwright, Browser browser) {
        this.playwright = playwright;
        this.browser = browser;
    }

    /**
     * Starts it.
     *
     * @param tests what does not run without a browser, for the report
     * @throws TestAbortedException if there is no Chromium on the PATH: the test is reported as
     *     skipped, with this reason
     * @throws AssertionError in place of that, if the environment variable {@code
     *     COMET_REQUIRE_BROWSER} is {@code true}
     */
    public static Chromium launch(String tests) {
        Path executable = find().orElseThrow(() -> missing(tests));
        Playwright playwright =
                Playwright.create(
                        new Playwright.CreateOptions()
                                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        return new Chromium(
                playwright,
                playwright
                        .chromium()
                        .launch(
                                new BrowserType.LaunchOptions()
                                        .setExecutablePath(executable)
                                        .setArgs(ARGUMENTS)));
    }

    /** A page of its own: no cookies, cache or storage shared with any other. */
    public Page open(String url) {
        Page page = browser.newContext().newPage();
        page.navigate(url);
        return page;
    }

    @Override
    public void close() {
        playwright.close();
    }

    private static Optional<Path> find() {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(path.split(Pattern.quote(File.pathSeparator)))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static RuntimeException missing(String tests) {
        String reason = "no Chromium on the PATH: " + tests + " not run";
        if ("true".equals(System.getenv("COMET_REQUIRE_BROWSER"))) {
            throw new AssertionError(
                    reason + "; install one of " + NAMES + ", or unset COMET_REQUIRE_BROWSER");
        }
        return new TestAbortedException(reason);
    }
}
