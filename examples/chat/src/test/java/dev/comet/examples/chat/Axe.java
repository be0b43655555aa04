package dev.comet.examples.chat;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Deque's axe-core, which looks in a page for what keeps people with disabilities out. */
final class Axe {

    private static final String SCRIPT = script();

    /** Whatever counts as critical, serious or moderate, with the elements that it is about. */
    private static final String RUN =
            "async () => (await axe.run(document, {resultTypes:"
                    + " ['violations']})).violations.filter(({impact}) => impact !== 'minor').map(({id,"
                    + " impact, nodes}) => `${impact} ${id}: ${nodes.slice(0, 4).map(n => n.html + ' '"
                    + " + n.failureSummary).join('; ')}`)";

    private Axe() {}

    /** What is on the screen now, in the theme and size of the page. */
    static List<String> problems(Page page, String screen) {
        // Half-transparent while it fades in, text has less contrast than it will have.
        page.evaluate(
                "() => Promise.all(document.getAnimations().filter(a =>"
                        + " a.effect.getTiming().iterations !== Infinity).map(a => a.finished))");
        page.evaluate(SCRIPT);
        return ((List<?>) page.evaluate(RUN)).stream().map(found -> screen + ": " + found).toList();
    }

    private static String script() {
        try (InputStream script = Axe.class.getResourceAsStream("/axe.min.js")) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
