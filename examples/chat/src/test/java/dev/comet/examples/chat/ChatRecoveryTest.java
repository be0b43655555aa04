package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.PlaywrightException;
import com.microsoft.playwright.assertions.LocatorAssertions.HasTextOptions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The page when something goes wrong. */
class ChatRecoveryTest extends ChatInBrowser {

    @Test
    @DisplayName("M2: a browser killed in mid-poll comes back to everything that was said, once")
    void kill_inMidPoll_comesBackWithoutLoss() {
        BrowserContext grace = browser.person();
        Page killed = signIn(browser.window(grace, server), "Grace");
        Page bob = signedIn("Bob");
        say(bob, "before");
        person(bob, "Grace").click();
        say(bob, "private before");
        assertThat(killed.locator("#privates .badge")).hasText("1");
        crash(killed);

        say(bob, "private meanwhile");
        bob.locator("#rooms").getByText("lobby").click();
        say(bob, "meanwhile");
        Page back = browser.window(grace, server);

        assertThat(back.locator("#my-name")).hasText("Grace");
        assertThat(messages(back)).hasText(new String[] {"before", "meanwhile"});
        back.locator("#privates").getByText("Bob").click();
        assertThat(messages(back)).hasText(new String[] {"private before", "private meanwhile"});
        assertThat(back.locator(".warning")).hasCount(0);
        say(bob, "and after");
        back.locator("#rooms").getByText("lobby").click();
        assertThat(messages(back)).hasText(new String[] {"before", "meanwhile", "and after"});
        assertThat(bob.locator(".log:visible .notice")).hasCount(0);
    }

    @Test
    @DisplayName("A reload keeps the session, the rooms, the conversation and what was whispered")
    void reload_goesOnWhereItWas() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        joinRoom(ada, "trains");
        person(bob, "Ada").click();
        say(bob, "psst");
        ada.locator("#privates").getByText("Bob").click();

        ada.reload();

        assertThat(ada.locator("#title")).hasText("Bob");
        assertThat(messages(ada)).hasText(new String[] {"psst"});
        assertThat(ada.locator("#rooms .name")).hasText(new String[] {"lobby", "trains"});
    }

    @Test
    @DisplayName("A reload keeps what is being written, in each conversation; leaving does not")
    void reload_whileWriting_keepsTheDrafts() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        joinRoom(ada, "trains");
        ada.locator("#text").fill("to the trains");
        person(ada, "Ada").waitFor();
        ada.locator("#rooms").getByText("lobby").click();
        ada.locator("#text").fill("to the lobby");

        ada.reload();

        assertThat(ada.locator("#text")).hasValue("to the lobby");
        assertThat(ada.locator("#send")).isEnabled();
        ada.locator("#rooms").getByText("trains").click();
        assertThat(ada.locator("#text")).hasValue("to the trains");
        say(ada, "sent now");
        assertThat(messages(ada)).hasText(new String[] {"sent now"});
        ada.reload();
        assertThat(ada.locator("#title")).hasText("#trains");
        assertThat(ada.locator("#text")).hasValue("");

        ada.locator("[data-action=sign-out]").click();
        signIn(ada, "Grace");
        assertThat(ada.locator("#text")).hasValue("");
        assertThat(bob.locator("#people-list .name")).hasText(new String[] {"Bob", "Grace"});
    }

    @Test
    @DisplayName("A reload keeps a message that was not sent, to be tried again")
    void reload_withAMessageThatWasNotSent_keepsIt() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        ada.route("**/comet/send", route -> route.abort());
        say(ada, "hello?");
        assertThat(ada.locator(".failed .text")).hasText("hello?");
        ada.unroute("**/comet/send");

        ada.reload();

        assertThat(ada.locator(".failed .text")).hasText("hello?");
        ada.getByText("Try again").click();
        assertThat(messages(bob)).hasText(new String[] {"hello?"});
        assertThat(messages(ada)).hasText(new String[] {"hello?"});
        ada.reload();
        assertThat(messages(ada)).hasText(new String[] {"hello?"});
        assertThat(ada.locator(".failed")).hasCount(0);
    }

    @Test
    @DisplayName("Who leaves the chat leaves nothing behind: no whisper, no draft, no session")
    void signOut_afterWhispers_leavesNothingInTheBrowser() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        person(bob, "Ada").click();
        say(bob, "psst");
        ada.locator("#privates").getByText("Bob").click();
        assertThat(messages(ada)).hasText(new String[] {"psst"});
        ada.locator("#text").fill("half a secr");
        // A message is on its way while Ada leaves.
        ada.route(
                "**/comet/disconnect",
                route -> {
                    say(bob, "psst again");
                    assertThat(messages(bob)).hasCount(2);
                    route.resume();
                });

        ada.locator("[data-action=sign-out]").click();
        assertThat(bob.locator(".log:visible .notice")).hasText("Ada left");

        assertThat(stored(ada)).isEqualTo("[]");
        assertThat(ada.locator("body")).not().containsText("psst");
        assertThat(ada.locator("#text")).hasValue("");
        assertThat(ada.locator("#privates li")).hasCount(0);
        ada.reload();
        assertThat(ada.locator("#sign-in")).isVisible();
        assertThat(stored(ada)).isEqualTo("[]");
    }

    @Test
    @DisplayName("What a window left that was closed is not kept for longer than it is of use")
    void open_recordOfAnEarlierDay_isForgotten() {
        BrowserContext browserOfAda = browser.person();
        Page ada = signIn(browser.window(browserOfAda, server), "Ada");
        ada.close();
        Page disk = browserOfAda.newPage();
        disk.navigate(server.uri().resolve("icon.svg").toString());
        disk.evaluate(
                "const key = 'comet-chat/session/ada', record ="
                        + " JSON.parse(localStorage[key]);localStorage[key] ="
                        + " JSON.stringify({...record, savedAt: Date.now() - 90_000_000})");

        Page back = browser.window(browserOfAda, server);

        assertThat(back.locator("#sign-in")).isVisible();
        assertThat(stored(back)).isEqualTo("[]");
    }

    /** The names of what the page has stored of people, as text. */
    private static String stored(Page page) {
        return page.evaluate(
                        "JSON.stringify([...Object.keys(localStorage),"
                                + " ...Object.keys(sessionStorage)])")
                .toString();
    }

    @Test
    @DisplayName(
            "L2, L3: the server stops and starts under an open page, which says so and goes on")
    void restartServer_underOpenPage_saysSoAndRecovers() throws Exception {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        joinRoom(ada, "trains");
        ada.locator("#rooms").getByText("lobby").click();
        say(ada, "before");
        assertThat(messages(bob)).hasText(new String[] {"before"});
        int port = server.uri().getPort();

        server.close();
        assertThat(ada.locator("#status-text"))
                .hasText(Pattern.compile("No connection, trying again.*"));
        ada.locator("#text").fill("written while away");
        assertThat(ada.locator("#send")).isDisabled();
        server = ChatOnLoopback.start(port);

        for (Page page : new Page[] {ada, bob}) {
            assertThat(page.locator("#status-text"))
                    .hasText(Pattern.compile("(Back|Connected) by event stream"), patient());
            assertThat(page.locator(".log:visible .warning"))
                    .hasText(Pattern.compile("Messages may be missing here: .*joined again\\."));
            assertThat(page.locator("#people-list .name"))
                    .hasText(new String[] {"Ada", "Bob"}, patient());
        }
        ada.locator("#send").click();
        assertThat(messages(bob)).hasText(new String[] {"before", "written while away"});
        assertThat(messages(ada)).hasText(new String[] {"before", "written while away"});
        ada.locator("#rooms").getByText("trains").click();
        say(ada, "here too");
        assertThat(messages(ada)).hasText(new String[] {"here too"});
    }

    @Test
    void send_withoutAnswer_staysMarkedUntilItIsTriedAgain() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        ada.route("**/comet/send", route -> route.abort());

        say(ada, "hello?");
        assertThat(ada.locator(".failed .text")).hasText("hello?");
        ada.unroute("**/comet/send");
        ada.getByText("Try again").click();

        assertThat(messages(bob)).hasText(new String[] {"hello?"});
        assertThat(messages(ada)).hasText(new String[] {"hello?"});
        assertThat(ada.locator(".failed")).hasCount(0);
    }

    @Test
    @DisplayName(
            "A message that was tried again although the first attempt had arrived is shown once")
    void arrive_twiceUnderOneKey_isShownOnce() {
        Page ada = signedIn("Ada");
        Visitor bob = Visitor.named(server, "Bob").in("lobby");

        bob.say("lobby", "once");
        bob.say("lobby", "once");
        bob.say("lobby", "end");

        assertThat(messages(ada)).hasText(new String[] {"once", "end"});
    }

    @Test
    @DisplayName("M9: what the server may no longer have is announced in the conversation")
    void comeBack_withACursorThatIsTooOld_announcesTheGap() {
        BrowserContext browserOfAda = browser.person();
        Page ada = signIn(browser.window(browserOfAda, server), "Ada");
        ada.locator("#transport").selectOption("poll");
        Page bob = signedIn("Bob");
        say(bob, "one");
        assertThat(messages(ada)).hasCount(1);
        Object early = ada.evaluate("localStorage['comet-chat/session/ada']");
        person(bob, "Ada").click();
        say(bob, "psst");
        assertThat(ada.locator("#privates .badge")).hasText("1");
        bob.locator("#rooms").getByText("lobby").click();
        say(bob, "two"); // arrives in a poll that confirms the whisper
        assertThat(messages(ada)).hasCount(2);
        crash(ada);

        // As if the browser had been killed before it wrote to disk what it had shown.
        Page disk = browserOfAda.newPage();
        disk.navigate(server.uri().resolve("icon.svg").toString());
        disk.evaluate("record => localStorage['comet-chat/session/ada'] = record", early);
        Page back = browser.window(browserOfAda, server);

        assertThat(back.locator(".log:visible .warning"))
                .hasText(
                        "Messages may be missing here: this window was closed before it had shown"
                                + " everything.");
        assertThat(messages(back)).hasText(new String[] {"one", "two"});
    }

    @Test
    @DisplayName("W5: a second window does not take the first one's session; who does is told")
    void secondWindow_ofTheSameBrowser_isSomebodyElse() {
        BrowserContext browserOfAda = browser.person();
        Page first = signIn(browser.window(browserOfAda, server), "Ada");

        Page second = browser.window(browserOfAda, server);
        second.locator("#nickname").fill("ada");
        second.keyboard().press("Enter");
        assertThat(second.locator("#sign-in-problem"))
                .hasText("ada is open in another window of this browser.");
        signIn(second, "Ada's other self");

        assertThat(first.locator("#status-text")).hasText("Connected by event stream");
        assertThat(first.locator("#people-list .name"))
                .hasText(new String[] {"Ada", "Ada's other self"});
    }

    @Test
    @DisplayName("W5: superseded is shown, and can be taken back")
    void supersede_byAnotherWindow_isShownAndTakenBack() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        String record = "JSON.parse(localStorage['comet-chat/session/ada']).session";
        String token = (String) ada.evaluate(record + ".privateToken");
        long cursor = ((Number) ada.evaluate(record + ".lastMessageId")).longValue();

        Visitor thief = Visitor.withToken(server, token, cursor);
        var polling = CompletableFuture.runAsync(thief::poll);

        assertThat(ada.locator("#status-text")).hasText("Open in another window");
        say(bob, "can you hear me?");
        polling.join();
        ada.getByText("Use it here").click();
        assertThat(ada.locator("#banner")).isHidden();
        assertThat(messages(ada)).hasText(new String[] {"can you hear me?"});
    }

    /** As if the system had killed the page's process: nothing of it runs any more. */
    private static void crash(Page page) {
        AtomicBoolean crashed = new AtomicBoolean();
        page.onCrash(any -> crashed.set(true));
        try {
            page.navigate("chrome://crash");
        } catch (PlaywrightException e) {
            // Nobody is left to answer.
        }
        page.context().waitForCondition(crashed::get);
    }

    private static HasTextOptions patient() {
        return new HasTextOptions().setTimeout(20_000);
    }
}
