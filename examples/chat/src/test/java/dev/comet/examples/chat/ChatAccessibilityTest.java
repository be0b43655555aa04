package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** axe looks at everything that the page can show. */
class ChatAccessibilityTest extends ChatInBrowser {

    @ParameterizedTest
    @DisplayName("E3 axe finds nothing serious, contrast included, in both themes and on a phone")
    @CsvSource({"LIGHT, false", "DARK, false", "LIGHT, true", "DARK, true"})
    void page_everythingItShows_passesAxe(ColorScheme theme, boolean isPhone) {
        NewContextOptions options =
                (isPhone ? ChatBrowser.phone(390, 844) : ChatBrowser.desktop())
                        .setColorScheme(theme);
        List<String> problems = new ArrayList<>();
        Page ada = browser.window(browser.person(options), server);
        Visitor bob = Visitor.named(server, "Bob").in("lobby").in("trains");

        assertThat(ada.locator("#sign-in")).isVisible();
        ada.locator("#nickname").fill("Bob");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#sign-in-problem")).not().isEmpty();
        problems.addAll(Axe.problems(ada, "signing in"));

        ada.locator("#nickname").fill("Ada");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#status-text")).hasText("Connected by event stream");
        for (char c = 'a'; c <= 'l'; c++) { // avatars of many hues
            Visitor.named(server, c + " visitor " + c).in("lobby").say("lobby", "I am " + c);
        }
        assertThat(messages(ada)).hasCount(12);
        say(ada, "Good morning!");
        assertThat(messages(ada)).hasCount(13);
        bob.whisper("ada", "psst");
        bob.send("chat.typing", Map.of("room", "lobby"));
        ada.route("**/comet/send", route -> route.abort());
        say(ada, "I have an idea, but the network has not.");
        assertThat(ada.locator(".failed")).hasCount(1);
        ada.unroute("**/comet/send");
        ada.locator("#text").fill("x".repeat(2_003));
        assertThat(ada.locator("#privates .badge")).hasText("1");
        problems.addAll(Axe.problems(ada, "a conversation"));

        if (isPhone) {
            ada.locator("[data-action=open-people]").tap();
            problems.addAll(Axe.problems(ada, "the people"));
            ada.keyboard().press("Escape");
            ada.locator("[data-action=open-places]").tap();
            problems.addAll(Axe.problems(ada, "the places"));
        }
        ada.locator("[data-action=join-room]").click();
        assertThat(ada.locator("#open-rooms li")).hasCount(1);
        problems.addAll(Axe.problems(ada, "joining a room"));
        ada.locator("#join-cancel").click();
        ada.locator("#privates button").click();
        assertThat(ada.locator("#title")).hasText("Bob");
        problems.addAll(Axe.problems(ada, "a private conversation"));

        ada.route("**/comet/{poll,stream}*", route -> route.abort());
        if (isPhone) {
            ada.locator("[data-action=open-places]").tap();
        }
        ada.locator("#transport").selectOption("poll");
        assertThat(ada.locator("#status[data-state=disconnected]")).isAttached();
        ada.keyboard().press("Escape");
        problems.addAll(Axe.problems(ada, "trouble"));

        assertThat(problems).isEmpty();
    }
}
