package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Pictures of the page for people to look at, in target/screenshots. A machine judges only that
 * nothing sticks out at the side.
 */
class ChatScreenshotsTest {

    private static final Path FOLDER = Path.of("target", "screenshots");

    @Test
    void conversation_onDesktopsAndPhones_fits() throws Exception {
        try (ChatBrowser browser = ChatBrowser.launch();
                ChatServer server = ChatOnLoopback.start(0)) {
            Page ada = enter(browser, server, "Ada Lovelace", ChatBrowser.desktop());
            Page bob = enter(browser, server, "Bob", dark(ChatBrowser.desktop()));
            Page grace = enter(browser, server, "Grace Hopper", ChatBrowser.phone(390, 844));
            Page zoe = enter(browser, server, "Zoë", dark(ChatBrowser.phone(320, 568)));
            List<Page> everybody = List.of(ada, bob, grace, zoe);

            say(ada, "Good morning! Was the night train on time?");
            say(ada, "I left my notes on it.");
            say(bob, "Twenty minutes late, as ever.\nI found a grey notebook on seat 42. Yours?");
            say(
                    grace,
                    "https://trains.example/arrivals/2026-11-22/night/" + "0123456789".repeat(8));
            say(zoe, "I shall be there at ten, with coffee.");
            for (Page page : everybody) {
                assertThat(page.locator(".message:not(.pending)")).hasCount(5);
            }
            bob.locator(".person:has-text('Ada')").click();
            say(bob, "By the way: page 17 is brilliant.");
            assertThat(ada.locator("#privates .badge")).hasText("1");
            zoe.locator("#text").pressSequentially("And");
            assertThat(ada.locator("#typing-text")).hasText("Zoë is typing");

            shoot(ada, "desktop-light");
            shoot(bob, "desktop-dark-private");
            bob.locator("#rooms button").first().click();
            shoot(bob, "desktop-dark");
            shoot(grace, "phone-light");
            grace.locator("[data-action=open-people]").tap();
            shoot(grace, "phone-light-people");
            grace.keyboard().press("Escape");
            grace.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
            shoot(grace, "phone-dark");
            shoot(zoe, "phone-320-dark");
            zoe.locator("[data-action=open-places]").tap();
            shoot(zoe, "phone-320-dark-places");

            ada.locator("[data-action=join-room]").click();
            shoot(ada, "desktop-light-join-no-rooms");
            ada.locator("#join-cancel").click();
            Visitor.named(server, "Edsger").in("trains").in("semaphores");
            ada.locator("[data-action=join-room]").click();
            assertThat(ada.locator("#open-rooms li")).hasCount(2);
            shoot(ada, "desktop-light-join");
            ada.locator("#room-name").fill("timetables");
            ada.locator("#room-name").press("Enter");
            shoot(ada, "desktop-light-empty-room");
            ada.setViewportSize(860, 700);
            shoot(ada, "tablet-light");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ColorScheme.class,
            names = {"LIGHT", "DARK"})
    void trouble_inBothThemes_fits(ColorScheme theme) throws Exception {
        String name = theme.name().toLowerCase(Locale.ROOT);
        try (ChatBrowser browser = ChatBrowser.launch();
                ChatServer server = ChatOnLoopback.start(0)) {
            NewContextOptions desktop = ChatBrowser.desktop().setColorScheme(theme);
            Page newcomer = browser.window(browser.person(desktop), server);
            assertThat(newcomer.locator("#sign-in")).isVisible();
            shoot(newcomer, "desktop-" + name + "-sign-in");
            Page ada = enter(browser, server, "Ada Lovelace", desktop);
            newcomer.locator("#nickname").fill("Ada Lovelace");
            newcomer.keyboard().press("Enter");
            assertThat(newcomer.locator("#sign-in-problem")).not().isEmpty();
            shoot(newcomer, "desktop-" + name + "-sign-in-taken");
            say(ada, "Is anybody here?");
            assertThat(ada.locator(".message:not(.pending)")).hasCount(1);

            ada.route("**/comet/send", route -> route.abort());
            say(ada, "I have an idea, but the network has not.");
            assertThat(ada.locator(".failed")).hasCount(1);
            ada.route("**/comet/{poll,stream}*", route -> route.abort());
            ada.locator("#transport").selectOption("poll");
            assertThat(ada.locator("#status[data-state=disconnected]")).isVisible();
            shoot(ada, "desktop-" + name + "-trouble");
            ada.setViewportSize(390, 844);
            shoot(ada, "phone-" + name + "-trouble");
        }
    }

    private static NewContextOptions dark(NewContextOptions options) {
        return options.setColorScheme(ColorScheme.DARK);
    }

    private static Page enter(
            ChatBrowser browser, ChatServer server, String nickname, NewContextOptions options) {
        Page page = browser.window(browser.person(options), server);
        page.locator("#nickname").fill(nickname);
        page.keyboard().press("Enter");
        assertThat(page.locator("#status-text")).hasText("Connected by event stream");
        return page;
    }

    private static void say(Page page, String text) {
        page.locator("#text").fill(text);
        page.locator("#text").press("Enter");
        assertThat(page.locator(".log:visible .message .text").last()).hasText(text);
    }

    private static void shoot(Page page, String name) {
        // After what moves has come to rest.
        page.evaluate(
                "() => Promise.all(document.getAnimations()"
                        + ".filter(a => a.effect.getTiming().iterations !== Infinity).map(a => a.finished))");
        page.screenshot(new Page.ScreenshotOptions().setPath(FOLDER.resolve(name + ".png")));
        assertThat((Boolean) page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                .as("%s fits", name)
                .isTrue();
    }
}
