package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * People with the chat's page open in a real browser, before a real server. Each test also fails if
 * a page complains.
 */
abstract class ChatInBrowser {

    static ChatBrowser browser;

    ChatServer server;

    @BeforeAll
    static void launch() {
        browser = ChatBrowser.launch();
    }

    @AfterAll
    static void quit() {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        server = ChatOnLoopback.start(0);
    }

    @AfterEach
    void stop() {
        var complaints = List.copyOf(browser.complaints());
        browser.closeWindows();
        server.close();
        assertThat(complaints).isEmpty();
    }

    // ---- what people do

    Page signedIn(String nickname) {
        return signIn(browser.window(browser.person(), server), nickname);
    }

    static Page signIn(Page page, String nickname) {
        page.locator("#nickname").fill(nickname);
        page.keyboard().press("Enter");
        assertThat(page.locator("#status-text")).hasText("Connected by event stream");
        assertThat(person(page, nickname)).isAttached();
        return page;
    }

    static void say(Page page, String text) {
        page.locator("#text").fill(text);
        page.locator("#text").press("Enter");
    }

    static void joinRoom(Page page, String room) {
        page.locator("[data-action=join-room]").click();
        page.locator("#room-name").fill(room);
        page.locator("#room-name").press("Enter");
        assertThat(page.locator("#join-dialog")).isHidden();
    }

    /** What the server has, in the conversation on the screen. */
    static Locator messages(Page page) {
        return page.locator(".log:visible .message:not(.pending, .failed) .text");
    }

    static Locator person(Page page, String name) {
        return page.locator("#people-list .person")
                .filter(
                        new Locator.FilterOptions()
                                .setHas(
                                        page.getByText(
                                                name, new Page.GetByTextOptions().setExact(true))));
    }
}
