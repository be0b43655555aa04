package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Talking, rooms and people, as the page shows them. */
class ChatPageTest extends ChatInBrowser {

    // ---- talking

    @Test
    void say_twoWindows_eachSeesWhatTheOtherWrites() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");

        say(ada, "Good morning");
        say(bob, "Good morning, Ada");

        for (Page page : new Page[] {ada, bob}) {
            assertThat(messages(page)).hasText(new String[] {"Good morning", "Good morning, Ada"});
            assertThat(page.locator(".log:visible .message .name"))
                    .hasText(new String[] {"Ada", "Bob"});
            assertThat(page.locator(".pending, .failed")).hasCount(0);
        }
    }

    @Test
    void say_markup_isShownAsText() {
        Page ada = signedIn("Ada");
        Page eve = signedIn("<img src=x>");
        String markup =
                "<img src=x"
                        + " onerror=\"document.title='hacked'\"><script>alert(1)</script><b>&amp;</b>";

        say(eve, markup);
        joinRoom(eve, "b-b");

        assertThat(messages(ada)).hasText(new String[] {markup});
        assertThat(ada.locator(".log b, .log script, .log img, .people img")).hasCount(0);
        assertThat(ada.locator(".log:visible .message .name")).hasText("<img src=x>");
        assertThat(ada).hasTitle("lobby – Comet Chat");
    }

    @Test
    void say_manyQuickly_allAppearOnceInOrder() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        String[] texts = IntStream.range(0, 30).mapToObj(i -> "m" + i).toArray(String[]::new);

        for (String text : texts) {
            say(ada, text);
        }

        // Sends at the same time may arrive in either order; but both pages show the same one.
        assertThat(messages(bob)).hasCount(30);
        assertThat(messages(ada)).hasText(messages(bob).allInnerTexts().toArray(String[]::new));
        assertThat(messages(bob).allInnerTexts()).containsExactlyInAnyOrder(texts);
    }

    @Test
    void whisper_fromTheListOfPeople_isReadByTheTwoAlone() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        Page eve = signedIn("Eve");

        person(ada, "Bob").click();
        say(ada, "psst");

        bob.locator("#privates").getByText("Ada").click();
        assertThat(messages(bob)).hasText(new String[] {"psst"});
        assertThat(messages(ada)).hasText(new String[] {"psst"});
        say(bob, "what?");
        assertThat(messages(ada)).hasText(new String[] {"psst", "what?"});
        assertThat(eve.locator("#privates li")).hasCount(0);
    }

    @Test
    @DisplayName("Who is not here is called what people see, not the address (it was dan)")
    void whisper_toSomebodyWhoHasLeft_saysWhoInWords() {
        Page ada = signedIn("Ada");
        Page dan = signedIn("Dan");
        person(ada, "Dan").click();
        dan.locator("[data-action=sign-out]").click();
        assertThat(ada.locator(".log:visible .notice .text")).hasText("Dan left");

        say(ada, "psst");

        assertThat(ada.locator(".failed .delivery span")).hasText("Not sent: Dan is not here.");
    }

    @Test
    void type_inRoom_isShownToOthersAndExpires() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        ada.clock().install();

        bob.locator("#text").pressSequentially("Hm");

        assertThat(ada.locator("#typing-text")).hasText("Bob is typing");
        assertThat(bob.locator("#typing-text")).hasText("");
        ada.clock().fastForward(7_000);
        assertThat(ada.locator("#typing-text")).hasText("");
    }

    @Test
    void write_nearTheLimit_isCountedAndBeyondItCannotBeSent() {
        Page ada = signedIn("Ada");

        ada.locator("#text").fill("x".repeat(1_950));
        assertThat(ada.locator("#counter")).hasText("50 left");
        ada.locator("#text").fill("x".repeat(2_003));
        assertThat(ada.locator("#counter")).hasText("3 too many");
        assertThat(ada.locator("#send")).isDisabled();
        ada.locator("#text").fill("x".repeat(2_000));
        ada.locator("#send").click();

        assertThat(messages(ada)).hasText("x".repeat(2_000));
    }

    // ---- rooms and people

    @Test
    void join_roomWithMessages_showsTheLastOnesAndWhoIsHere() {
        Page ada = signedIn("Ada");
        joinRoom(ada, "Night trains");
        say(ada, "the 22:40 is late");

        Page bob = signedIn("Bob");
        bob.locator("[data-action=join-room]").click();
        bob.locator("#open-rooms").getByText("night-trains").click();

        assertThat(messages(bob)).hasText(new String[] {"the 22:40 is late"});
        assertThat(bob.locator("#title")).hasText("#night-trains");
        assertThat(bob.locator("#people-list .name")).hasText(new String[] {"Ada", "Bob"});
        assertThat(ada.locator(".log:visible .notice")).hasText("Bob joined");
    }

    @Test
    @DisplayName("The dialog offers a choice of rooms only where there are some")
    void join_noOtherRooms_offersNoChoice() {
        Page ada = signedIn("Ada");
        ada.locator("[data-action=join-room]").click();
        assertThat(ada.locator("#room-name")).isFocused();
        assertThat(ada.locator("#join-dialog .lead").first())
                .hasText("Type a name: if there is no such room, it is opened.");
        assertThat(ada.locator("#open-rooms-title")).isHidden();

        Visitor.named(server, "Bob").in("trains");
        ada.locator("#join-cancel").click();
        ada.locator("[data-action=join-room]").click();
        assertThat(ada.locator("#open-rooms li")).hasCount(1);
        assertThat(ada.locator("#open-rooms-title")).isVisible();
    }

    @Test
    void leave_room_othersSeeItAndItIsOffTheList() {
        Page ada = signedIn("Ada");
        joinRoom(ada, "trains");
        Page bob = signedIn("Bob");
        joinRoom(bob, "trains");

        bob.locator("#close-conversation").click();

        assertThat(bob.locator("#rooms .name")).hasText(new String[] {"lobby"});
        assertThat(ada.locator("#people-list .name")).hasText(new String[] {"Ada"});
        assertThat(ada.locator(".log:visible .notice").last()).hasText("Bob left");
    }

    @Test
    void signOut_everybodySeesItAndTheNicknameIsFree() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");

        bob.locator("[data-action=sign-out]").click();

        assertThat(bob.locator("#nickname")).hasValue("Bob");
        assertThat(ada.locator("#people-list .name")).hasText(new String[] {"Ada"});
        bob.reload();
        assertThat(bob.locator("#sign-in")).isVisible();
        signIn(bob, "Bob");
        assertThat(ada.locator("#people-list .name")).hasText(new String[] {"Ada", "Bob"});
    }

    @Test
    void signIn_nicknameOfSomebodyWhoIsHere_isRefusedInWords() {
        signedIn("Ada");
        Page other = browser.window(browser.person(), server);

        other.locator("#nickname").fill("ADA");
        other.keyboard().press("Enter");

        assertThat(other.locator("#sign-in-problem"))
                .hasText(
                        "ADA is taken, or its owner closed the page a moment ago. Choose"
                                + " another nickname, or try again in a minute or two.");
    }

    @Test
    void unread_elsewhere_isCountedPerConversationAndInTheTitle() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        joinRoom(ada, "trains");

        say(bob, "one");
        say(bob, "two");
        person(bob, "Ada").click();
        say(bob, "three");

        assertThat(ada.locator("#rooms li:has-text('lobby') .badge")).hasText("2");
        assertThat(ada.locator("#privates li:has-text('Bob') .badge")).hasText("1");
        assertThat(ada).hasTitle("(3) trains – Comet Chat");
        ada.locator("#rooms").getByText("lobby").click();
        assertThat(ada.locator("#rooms li:has-text('lobby') .badge")).isHidden();
        assertThat(ada).hasTitle("(1) lobby – Comet Chat");
    }

    @Test
    void arrive_whileReadingFurtherUp_staysThereAndSaysHowMany() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        say(ada, "line\n".repeat(80) + "end");
        assertThat(messages(bob)).hasCount(1);
        bob.locator(".log:visible").evaluate("log => log.scrollTop = 0");

        say(ada, "news");

        assertThat(bob.locator("#more")).hasText("1 new message");
        assertThat(bob).hasTitle("(1) lobby – Comet Chat");
        bob.locator("#more").click();
        assertThat(bob.locator("#more")).isHidden();
        assertThat(messages(bob).last()).isInViewport();
        assertThat(bob).hasTitle("lobby – Comet Chat");
    }

    @Test
    @DisplayName("E1 a name that is refused is answered with what is wrong, in words")
    void signIn_nameThatLooksLikeAnothers_saysWhatIsWrong() {
        signedIn("ace");
        Page other = browser.window(browser.person(), server);

        other.locator("#nickname").fill("\u0430\u0441\u0435");
        other.keyboard().press("Enter");
        assertThat(other.locator("#sign-in-problem"))
                .hasText(
                        "“\u0430\u0441\u0435” looks like “ace”, who is here; choose another"
                                + " nickname.");
        other.locator("#nickname").fill("\u0430da");
        other.keyboard().press("Enter");
        assertThat(other.locator("#sign-in-problem"))
                .hasText("A nickname has one alphabet; this one mixes Cyrillic and Latin.");
        signIn(other, "Ada");
        other.locator("[data-action=join-room]").click();
        other.locator("#room-name").fill("1obby");
        other.locator("#room-name").press("Enter");
        assertThat(other.locator("#join-problem"))
                .hasText("“1obby” looks like “lobby”; join that one, or choose another name.");
    }

    // ---- what the server says for whoever runs it

    @Test
    @DisplayName("What Comet refuses, not the chat, is told for people: no word of options")
    void anything_refusedByComet_isToldForPeople() {
        Page ada = browser.window(browser.person(), server);
        refuse(ada, "connect", 403, "refused", "the origin is not that of this server; list it");
        ada.locator("#nickname").fill("Ada");
        ada.keyboard().press("Enter");
        assertThat(ada.locator("#sign-in-problem"))
                .hasText("The server does not let you in. Its log says why.");
        ada.unroute("**/comet/connect");
        signIn(ada, "Ada");
        refuse(ada, "send", 400, "parameters-invalid", "contents has not the form");

        say(ada, "hello?");
        assertThat(ada.locator(".failed .delivery span"))
                .hasText("Not sent: the server did not take it.");
        ada.locator("[data-action=join-room]").click();
        ada.locator("#room-name").fill("trains");
        ada.locator("#room-name").press("Enter");
        assertThat(ada.locator("#join-problem"))
                .hasText("The server does not take you there now. Try again.");
    }

    private static void refuse(Page page, String what, int status, String code, String reason) {
        String body =
                "[{\"id\":0,\"name\":\"comet.error\",\"contents\":{\"code\":\"%s\",\"reason\":\"%s\"}}]";
        page.route(
                "**/comet/" + what,
                route ->
                        route.fulfill(
                                new Route.FulfillOptions()
                                        .setStatus(status)
                                        .setContentType("application/json")
                                        .setBody(body.formatted(code, reason))));
    }

    // ---- the connection

    @Test
    @DisplayName("L6: the way in which messages come is shown, and changes under an open page")
    void transport_changed_isShownAndLosesNothing() {
        Page ada = signedIn("Ada");
        Page bob = signedIn("Bob");
        List<String> texts = new ArrayList<>();

        for (String way : new String[] {"poll", "stream", "poll", "auto"}) {
            ada.locator("#transport").selectOption(way);
            for (int i = 0; i < 5; i++) {
                texts.add(way + " " + texts.size());
                say(bob, texts.get(texts.size() - 1));
            }
            assertThat(ada.locator("#status-text"))
                    .hasText(
                            way.equals("poll")
                                    ? "Connected by long poll"
                                    : "Connected by event stream");
        }

        assertThat(messages(ada)).hasCount(texts.size());
        assertThat(messages(ada).allInnerTexts())
                .isEqualTo(messages(bob).allInnerTexts())
                .containsExactlyInAnyOrderElementsOf(texts);
        say(ada, "and back");
        assertThat(ada.locator("#status-detail")).hasText(Pattern.compile("round trip \\d+ ms"));
        assertThat(ada.locator("#status-detail"))
                .hasAttribute("title", Pattern.compile("from Enter .*, until .* came back"));
        ada.locator("#transport").selectOption("poll");
        ada.reload();
        assertThat(ada.locator("#transport")).hasValue("poll");
        assertThat(ada.locator("#status-text")).hasText("Connected by long poll");
    }
}
