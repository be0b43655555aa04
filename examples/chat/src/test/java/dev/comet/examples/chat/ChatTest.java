package dev.comet.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.examples.chat.Visitor.Answer;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The chat's rules, over HTTP. */
class ChatTest {

    /** As many as a manager has by default. */
    private static final int WAIT_THREADS =
            Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors() / 2));

    /** Of the manual clock: so the real bound of a drain is far away, and no test waits for it. */
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final ManualClock clock = new ManualClock();
    private ChatServer server;

    @BeforeEach
    void start() throws Exception {
        server = ChatServer.start("127.0.0.1", 0, new InProcCometStateProvider(), clock, DRAIN);
    }

    @AfterEach
    void stop() {
        // Draining takes time, and time stands still.
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(server::close);
        Awaitility.await()
                .until(
                        () -> {
                            clock.advance(Duration.ofSeconds(1));
                            return stopped.isDone();
                        });
    }

    /** Time passes, once the wait threads know of those who are there. */
    private void pass(Duration duration) {
        clock.awaitAllParked(WAIT_THREADS);
        clock.advance(duration);
    }

    // ---- nicknames

    @Test
    void connect_nicknameWithSpaces_hasOneBetweenWords() {
        JsonNode client = Visitor.knock(server, "  Ada \u00a0 Lovelace ").body();

        assertThat(client.get("displayName").stringValue()).isEqualTo("Ada Lovelace");
        assertThat(client.get("publicToken").stringValue()).isEqualTo("ada lovelace");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "a\nb", "a\ue000b", "abcdefghijklmnopqrstuvwxy"})
    void connect_nicknameAgainstTheRule_isRefused(String nickname) {
        Answer answer = Visitor.knock(server, nickname);

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.error().get("code").stringValue()).isEqualTo("refused");
        assertThat(answer.error().get("reason").stringValue()).contains("1 to 24");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "abcdefghijklmnopqrstuvwx", "Zoë", "李雷", "O'Neil-3 (hi)"})
    void connect_nicknameWithinTheRule_isAccepted(String nickname) {
        assertThat(Visitor.knock(server, nickname).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @DisplayName("C2: one nickname, one person")
    @ValueSource(strings = {"Ada", "ADA", " ada ", "Ａda"})
    void connect_nicknameOfSomebodyWhoIsHere_isRefusedWhateverItsCase(String nickname) {
        Visitor.named(server, "Ada");

        Answer answer = Visitor.knock(server, nickname);

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.error().get("code").stringValue()).isEqualTo("client-already-exists");
    }

    @Test
    @DisplayName("C10: who leaves frees the nickname at once")
    void connect_nicknameOfSomebodyWhoLeft_isAccepted() {
        Visitor.named(server, "Ada").disconnect();

        assertThat(Visitor.knock(server, "Ada").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("C9: who stays away frees the nickname after the idle time")
    void connect_nicknameOfSomebodyWhoStayedAway_isAccepted() {
        Visitor.named(server, "Ada");

        pass(Duration.ofSeconds(61));

        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(Visitor.knock(server, "Ada").status()).isEqualTo(200));
    }

    @Test
    @DisplayName(
            "Who connects again because the answer was lost gets the nickname back; others do not")
    void connect_nicknameTakenWithTheSameSecret_replacesTheOlderClient() {
        Map<String, String> first = Map.of("displayName", "Ada", "secret", "s-1");
        assertThat(Visitor.knock(server, first).status()).isEqualTo(200);

        assertThat(Visitor.knock(server, Map.of("displayName", "Ada", "secret", "s-2")).status())
                .isEqualTo(409);
        assertThat(Visitor.knock(server, first).status()).isEqualTo(200);
    }

    // ---- rooms

    @Test
    void join_roomWithPeopleAndMessages_tellsOfBoth() {
        Visitor ada = Visitor.named(server, "Ada").in("trains");
        ada.say("trains", "first");
        ada.say("trains", "second");

        JsonNode room = Visitor.named(server, "Bob").join("trains").body();

        assertThat(room.get("people").findValuesAsString("name")).containsExactly("Ada", "Bob");
        assertThat(room.get("history").findValuesAsString("text"))
                .containsExactly("first", "second");
    }

    @Test
    @DisplayName("M12: history and what arrives meet without a hole and without overlap")
    void join_whileOthersTalk_historyAndPollsTogetherHaveEverythingOnce() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor bob = Visitor.named(server, "Bob");
        CompletableFuture<Void> talking =
                CompletableFuture.runAsync(
                        () -> IntStream.range(0, 40).forEach(i -> ada.say("lobby", "m" + i)));

        JsonNode history = bob.join("lobby").body().get("history");
        List<String> heard = new ArrayList<>(history.findValuesAsString("text"));
        talking.join();
        while (heard.size() < 40) {
            heard.add(bob.next("chat.said").get("text").stringValue());
        }

        assertThat(heard)
                .containsExactlyElementsOf(IntStream.range(0, 40).mapToObj(i -> "m" + i).toList());
    }

    @Test
    @DisplayName("A page that was reloaded is told again what it had forgotten, up to its cursor")
    void join_again_historyReachesUpToTheCursor() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor bob = Visitor.named(server, "Bob").in("lobby");
        ada.say("lobby", "before");
        bob.next("chat.said");
        ada.say("lobby", "after");

        JsonNode room = bob.send("room.join", Map.of("room", "lobby", "upTo", bob.cursor())).body();

        assertThat(room.get("history").findValuesAsString("text")).containsExactly("before");
        assertThat(bob.next("chat.said").get("text").stringValue()).isEqualTo("after");
    }

    @Test
    void join_room_othersAreTold() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        ada.next("room.joined");

        Visitor.named(server, "Bob").in("lobby");

        JsonNode joined = ada.next("room.joined");
        assertThat(joined.get("room").stringValue()).isEqualTo("lobby");
        assertThat(joined.get("person").get("name").stringValue()).isEqualTo("Bob");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Lobby", "a b", "a/b", "abcdefghijklmnopqrstuvwxyzabcdefg"})
    void join_roomNamedAgainstTheRule_isRefused(String room) {
        assertThat(Visitor.named(server, "Ada").join(room).status()).isEqualTo(403);
    }

    @Test
    void leave_room_othersAreToldAndNothingMoreArrives() {
        Visitor ada = Visitor.named(server, "Ada").in("buses").in("trains");
        Visitor bob = Visitor.named(server, "Bob").in("buses").in("trains");

        bob.send("room.leave", Map.of("room", "buses"));

        assertThat(ada.next("room.left").get("person").get("name").stringValue()).isEqualTo("Bob");
        ada.say("buses", "not for Bob");
        ada.say("trains", "for both");
        assertThat(bob.next("chat.said").get("text").stringValue()).isEqualTo("for both");
        assertThat(bob.say("buses", "hello?").status()).isEqualTo(403);
    }

    @Test
    @DisplayName("The lobby is where everybody is")
    void leave_lobby_isRefused() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");

        assertThat(ada.send("room.leave", Map.of("room", "lobby")).status()).isEqualTo(403);
        assertThat(ada.say("lobby", "still here").status()).isEqualTo(202);
    }

    @Test
    @DisplayName("One may be in sixteen rooms; one more is refused in words, and not half joined")
    void join_manyRooms_isRefusedBeyondSixteen() {
        Visitor ada = Visitor.named(server, "Ada");
        IntStream.range(0, 16).forEach(i -> ada.in("room-" + (char) ('a' + i)));

        Answer answer = ada.join("one-more");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.error().get("reason").stringValue()).contains("16").contains("leave one");
        assertThat(ada.send("room.list", Map.of()).body().findValuesAsString("room"))
                .hasSize(16)
                .doesNotContain("one-more");
    }

    @Test
    @DisplayName("E2 who is not in a room neither reads nor writes nor types in it")
    void everyMessage_ofSomebodyNotInTheRoom_isRefused() {
        Visitor ada = Visitor.named(server, "Ada").in("trains");
        Visitor eve = Visitor.named(server, "Eve").in("lobby");
        ada.next("room.joined");
        eve.next("room.joined");

        assertThat(eve.say("trains", "let me in").status()).isEqualTo(403);
        Answer typing = eve.send("chat.typing", Map.of("room", "trains"));
        assertThat(typing.status()).as("typing").isEqualTo(403);
        assertThat(typing.error().get("reason").stringValue()).contains("not in trains");
        assertThat(eve.send("room.leave", Map.of("room", "trains")).status())
                .as("leaving")
                .isEqualTo(403);
        ada.say("trains", "alone at last");
        eve.in("lobby");

        assertThat(ada.next("chat.said").get("text").stringValue()).isEqualTo("alone at last");
        assertThat(ada.passed()).isEmpty();
        eve.next("room.joined");
        assertThat(eve.passed()).doesNotContain("chat.said", "chat.typing", "room.left");
    }

    @Test
    void list_rooms_onlyThoseWithPeople() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby").in("trains");
        Visitor.named(server, "Bob").in("lobby");
        ada.in("empty").send("room.leave", Map.of("room", "empty"));

        JsonNode rooms = ada.send("room.list", Map.of()).body();

        assertThat(rooms.findValuesAsString("room")).containsExactly("lobby", "trains");
        assertThat(rooms.get(0).get("people").intValue()).isEqualTo(2);
    }

    // ---- presence

    @Test
    void disconnect_inRooms_everybodyIsTold() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor.named(server, "Bob").in("lobby").disconnect();

        assertThat(ada.next("person.gone").get("person").get("name").stringValue())
                .isEqualTo("Bob");
    }

    @Test
    @DisplayName("C6: who stays away is gone for the others too, once")
    void stayAway_beyondTheIdleTime_everybodyIsTold() {
        Visitor.named(server, "Bob").in("lobby");
        pass(Duration.ofSeconds(50));
        Visitor ada = Visitor.named(server, "Ada").in("lobby");

        pass(Duration.ofSeconds(11));

        assertThat(ada.next("person.gone").get("person").get("name").stringValue())
                .isEqualTo("Bob");
        assertThat(ada.join("lobby").body().get("people").findValuesAsString("name"))
                .containsExactly("Ada");
    }

    // ---- talking

    @Test
    void say_inRoom_reachesEverybodyThereAndTheSpeaker() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor bob = Visitor.named(server, "Bob").in("lobby");

        ada.say("lobby", " <b>hello</b> ");

        for (Visitor visitor : new Visitor[] {ada, bob}) {
            JsonNode said = visitor.next("chat.said");
            assertThat(said.get("text").stringValue()).isEqualTo(" <b>hello</b> ");
            assertThat(said.get("from").get("token").stringValue()).isEqualTo("ada");
            assertThat(said.get("room").stringValue()).isEqualTo("lobby");
            assertThat(said.get("key").stringValue()).isEqualTo("<b>hello</b>!");
        }
    }

    @Test
    void say_blankOrTooLong_isRefused() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");

        assertThat(ada.say("lobby", " ").status()).isEqualTo(403);
        assertThat(ada.send("chat.say", Map.of("room", "lobby", "key", "k")).status())
                .isEqualTo(403);
        assertThat(
                        ada.send(
                                        "chat.say",
                                        Map.of(
                                                "room",
                                                "lobby",
                                                "text",
                                                "x".repeat(2001),
                                                "key",
                                                "k"))
                                .status())
                .isEqualTo(403);
        assertThat(
                        ada.send(
                                        "chat.say",
                                        Map.of(
                                                "room",
                                                "lobby",
                                                "text",
                                                "x".repeat(2000),
                                                "key",
                                                "k"))
                                .status())
                .isEqualTo(202);
    }

    @Test
    void whisper_toSomebody_reachesTheTwoAndNobodyElse() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor bob = Visitor.named(server, "Bob").in("lobby");
        Visitor eve = Visitor.named(server, "Eve").in("lobby");

        ada.whisper("Bob", "psst");
        ada.say("lobby", "to all");

        assertThat(bob.next("chat.whispered").get("text").stringValue()).isEqualTo("psst");
        assertThat(ada.next("chat.whispered").get("to").get("name").stringValue()).isEqualTo("Bob");
        assertThat(eve.next("chat.said").get("text").stringValue()).isEqualTo("to all");
        assertThat(eve.passed()).doesNotContain("chat.whispered");
    }

    @Test
    void whisper_toNobody_isRefusedAndSaysWho() {
        Answer answer = Visitor.named(server, "Ada").whisper("Bob", "psst");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.error().get("reason").stringValue()).isEqualTo("Bob is not here.");
    }

    @Test
    void type_inRoom_reachesOthersButNotTheTypist() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        Visitor bob = Visitor.named(server, "Bob").in("lobby");

        ada.send("chat.typing", Map.of("room", "lobby"));
        bob.send("chat.typing", Map.of("room", "lobby"));

        assertThat(ada.next("chat.typing").get("person").get("name").stringValue())
                .isEqualTo("Bob");
        assertThat(bob.next("chat.typing").get("person").get("name").stringValue())
                .isEqualTo("Ada");
    }

    @Test
    void type_inPrivate_reachesTheOtherWithoutARoom() {
        Visitor ada = Visitor.named(server, "Ada");
        Visitor bob = Visitor.named(server, "Bob");

        ada.send("chat.typing", Map.of("to", "Bob"));

        JsonNode typing = bob.next("chat.typing");
        assertThat(typing.get("room").isNull()).isTrue();
        assertThat(typing.get("person").get("token").stringValue()).isEqualTo("ada");
    }

    @Test
    void type_inRoom_isNoPartOfTheHistory() {
        Visitor ada = Visitor.named(server, "Ada").in("lobby");
        IntStream.range(0, 60).forEach(i -> ada.send("chat.typing", Map.of("room", "lobby")));
        ada.say("lobby", "still here");

        JsonNode history = Visitor.named(server, "Bob").join("lobby").body().get("history");

        assertThat(history.findValuesAsString("text")).containsExactly("still here");
    }

    // ---- the end

    @Test
    @DisplayName("L2 a chat that stops tells who has a stream to come back; it sent an error")
    void close_streamIsOpen_saysReconnect() throws Exception {
        CompletableFuture<List<String>> stream = Visitor.named(server, "Ada").stream();
        Awaitility.await().until(() -> server.manager().statistics().held().streams() == 1);

        stop();

        assertThat(stream.get(20, TimeUnit.SECONDS).toString())
                .contains("comet.reconnect")
                .doesNotContain("comet.error");
    }

    @Test
    @DisplayName("L2 and who polls")
    void close_pollIsHeld_saysReconnect() throws Exception {
        Visitor ada = Visitor.named(server, "Ada");
        CompletableFuture<Answer> poll = CompletableFuture.supplyAsync(ada::poll);
        Awaitility.await().until(() -> server.manager().statistics().held().polls() == 1);

        stop();

        Answer answer = poll.get(20, TimeUnit.SECONDS);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().findValuesAsString("name")).containsExactly("comet.reconnect");
    }

    // ---- the page's files

    @Test
    @DisplayName(
            "The page may load nothing but what comes from here, and is asked for anew each time")
    void page_headers_forbidWhatItDoesNotNeed() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.uri()).build();
        HttpResponse<String> page =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type").orElse("").toLowerCase(Locale.ROOT))
                .startsWith("text/html");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
                .startsWith("default-src 'none'")
                .doesNotContain("unsafe");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(page.headers().firstValue("Referrer-Policy")).contains("same-origin");
        assertThat(page.headers().firstValue("Cache-Control")).contains("no-cache");
        assertThat(page.headers().firstValue("ETag")).isPresent();
        assertThat(page.body()).doesNotContain("style=").doesNotContain("onclick");
    }
}
