package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import org.junit.jupiter.api.Test;

/** The page without a mouse, without much room, and for those who do not see it. */
class ChatReachTest extends ChatInBrowser {

    @Test
    void keyboard_alone_isEnough() {
        Page ada = browser.window(browser.person(), server);
        Page bob = signedIn("Bob");

        ada.keyboard().type("Ada");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#text")).isFocused();
        ada.keyboard().type("first");
        ada.keyboard().press("Shift+Enter");
        ada.keyboard().type("second");
        // Can be written before the connection and the room are there, but not sent.
        assertThat(ada.locator("#send")).isEnabled();
        assertThat(person(ada, "Ada")).isAttached();
        ada.keyboard().press("Enter");
        assertThat(messages(bob)).hasText(new String[] {"first\nsecond"});

        ada.locator("[data-action=join-room]").focus();
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#room-name")).isFocused();
        ada.keyboard().type("trains");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#title")).hasText("#trains");
        assertThat(ada.locator("#text")).isFocused();

        ada.keyboard().press("Alt+ArrowUp");
        assertThat(ada.locator("#title")).hasText("#lobby");
        tabTo(ada, person(ada, "Bob"));
        assertThat((String) ada.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
                .isEqualTo("solid");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#title")).hasText("Bob");
        ada.keyboard().type("psst");
        ada.keyboard().press("Enter");
        assertThat(messages(ada)).hasText(new String[] {"psst"});
        ada.keyboard().press("Escape");
        assertThat(ada.locator("#title")).hasText("#lobby");
    }

    @Test
    void narrow_320Pixels_everythingIsReachableAndNothingIsCutOff() {
        Page bob = signedIn("Bob");
        Page ada =
                signIn(
                        browser.window(browser.person(ChatBrowser.phone(320, 568)), server),
                        "Ada with a long nickname");
        say(ada, "a".repeat(400) + " https://example.org/" + "b".repeat(200));
        assertThat(messages(bob)).hasCount(1);

        assertThat((Boolean) ada.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                .isTrue();
        ada.locator("[data-action=open-people]").tap();
        person(ada, "Bob").tap();
        assertThat(ada.locator("#title")).hasText("Bob");
        ada.locator("[data-action=open-places]").tap();
        assertThat(ada.locator("#places [data-action=close-drawer]")).isFocused();
        ada.keyboard().press("Escape");
        assertThat(ada.locator("#places")).isHidden();
        assertThat(ada.locator("[data-action=open-places]")).isFocused();
        ada.locator("[data-action=open-places]").tap();
        ada.locator("[data-action=join-room]").tap();
        ada.locator("#room-name").fill("trains");
        ada.locator("#join-form .primary").tap();
        assertThat(ada.locator("#title")).hasText("#trains");
        assertThat(ada.locator("#places")).isHidden();
    }

    @Test
    void theme_chosen_isKept() {
        Page ada = signedIn("Ada");
        String ground = "getComputedStyle(document.body).backgroundColor";
        Object light = ada.evaluate(ground);

        ada.locator("[data-action=toggle-theme]").click();
        Object dark = ada.evaluate(ground);
        ada.reload();

        assertThat(dark).isNotEqualTo(light);
        assertThat(ada.evaluate(ground)).isEqualTo(dark);
    }

    @Test
    void log_forScreenReaders_isALogWithALabel() {
        Page ada = signedIn("Ada");
        say(ada, "hello");

        assertThat(
                        ada.getByRole(
                                AriaRole.LOG,
                                new Page.GetByRoleOptions().setName("Messages, lobby")))
                .containsText("hello");
        assertThat(ada.getByRole(AriaRole.TEXTBOX)).hasAccessibleName("Message #lobby");
        assertThat(ada.getByRole(AriaRole.MAIN)).isVisible();
    }

    private static void tabTo(Page page, Locator target) {
        for (int steps = 0; steps < 40; steps++) {
            if ((Boolean) target.evaluate("element => element === document.activeElement")) {
                return;
            }
            page.keyboard().press("Tab");
        }
        throw new AssertionError("not reached with Tab: " + target);
    }
}
