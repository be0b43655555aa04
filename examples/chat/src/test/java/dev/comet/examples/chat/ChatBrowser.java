package dev.comet.examples.chat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import dev.comet.js.Chromium;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/**
 * The machine's Chromium, and what its pages complained about. Each {@link #person} is a browser
 * profile of its own. Not safe for use by several threads.
 */
final class ChatBrowser implements AutoCloseable {

    private final Chromium chromium;
    private final Browser browser;
    private final List<String> complaints = new ArrayList<>();

    private ChatBrowser(Chromium chromium) {
        this.chromium = chromium;
        this.browser = chromium.open("about:blank").context().browser();
    }

    /**
     * If the machine has none, the tests are reported as skipped, or fail where that is asked for.
     */
    static ChatBrowser launch() {
        return new ChatBrowser(Chromium.launch("the tests of the chat's page"));
    }

    /** Another person's browser. */
    BrowserContext person() {
        return person(desktop());
    }

    BrowserContext person(Browser.NewContextOptions options) {
        BrowserContext context = browser.newContext(options.setLocale("en-GB"));
        context.setDefaultTimeout(15_000);
        return context;
    }

    static Browser.NewContextOptions desktop() {
        return new Browser.NewContextOptions()
                .setViewportSize(1280, 800)
                .setColorScheme(ColorScheme.LIGHT);
    }

    static Browser.NewContextOptions phone(int width, int height) {
        return new Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setDeviceScaleFactor(2)
                .setIsMobile(true)
                .setHasTouch(true)
                .setColorScheme(ColorScheme.LIGHT);
    }

    /** A window whose uncaught errors and breaches of the content security policy are noted. */
    Page window(BrowserContext person, ChatServer server) {
        return window(person, server.uri());
    }

    /** As {@link #window(BrowserContext, ChatServer)}: the chat is there. */
    Page window(BrowserContext person, URI chat) {
        Page page = person.newPage();
        page.onPageError(error -> complaints.add("uncaught: " + error));
        page.onConsoleMessage(
                message -> {
                    // Chromium reports each failed request as an error of the page.
                    if (message.type().equals("error")
                            && !message.text().startsWith("Failed to load resource")) {
                        complaints.add("console: " + message.text());
                    }
                });
        page.addInitScript(
                "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))");
        page.navigate(chat.toString());
        return page;
    }

    List<String> complaints() {
        return complaints;
    }

    /** Closes all windows of all people. */
    void closeWindows() {
        List.copyOf(browser.contexts()).forEach(BrowserContext::close);
        complaints.clear();
    }

    @Override
    public void close() {
        chromium.close();
    }
}
