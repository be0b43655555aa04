package dev.comet.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.examples.chat.Visitor.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody passes for somebody else: names that cannot be told apart by eye. */
class ChatNamesTest {

    private ChatServer server;

    @BeforeEach
    void start() throws Exception {
        server = ChatOnLoopback.start(0);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static String reason(Answer answer) {
        assertThat(answer.status()).as("%s", answer.body()).isEqualTo(403);
        assertThat(answer.error().get("code").stringValue()).isEqualTo("refused");
        return answer.error().get("reason").stringValue();
    }

    @ParameterizedTest
    @DisplayName("E1 a nickname that looks like that of somebody who is here is refused, and why")
    @CsvSource({
        "ace, \u0430\u0441\u0435", // all Cyrillic
        "Bill, BiII", // capital i
        "Ian, lan", // small L
        "Bob, B0b",
        "modern, modem",
        "\u03bf\u03bf, oo", // Greek omicron
    })
    void connect_nicknameLooksLikeAnothers_isRefused(String here, String newcomer) {
        Visitor.named(server, here);

        Answer answer = Visitor.knock(server, newcomer);

        assertThat(reason(answer)).contains("looks like “" + here + "”, who is here");
    }

    @Test
    @DisplayName("E1 two nicknames that look alike at the same time: one of them comes in")
    void connect_lookalikesAtOnce_oneIsAccepted() {
        for (int round = 0; round < 20; round++) {
            List<CompletableFuture<Answer>> answers = new ArrayList<>();
            for (String nickname : List.of("ace" + round, "\u0430\u0441\u0435" + round)) {
                answers.add(CompletableFuture.supplyAsync(() -> Visitor.knock(server, nickname)));
            }
            assertThat(answers)
                    .extracting(answer -> answer.join().status())
                    .filteredOn(status -> status == 200)
                    .hasSizeLessThanOrEqualTo(1);
        }
    }

    @Test
    @DisplayName("E1 a nickname is free for those that look like it once its owner has left")
    void connect_lookalikeHasLeft_isAccepted() {
        Visitor.named(server, "ace").disconnect();

        Visitor.named(server, "\u0430\u0441\u0435").disconnect();
        Visitor.named(server, "ace");
    }

    @ParameterizedTest
    @DisplayName("E1 a nickname of several alphabets is refused, and which they are")
    @ValueSource(strings = {"\u0410da", "\u0391da", "p\u0430ypal"})
    void connect_nicknameMixesAlphabets_isRefused(String nickname) {
        assertThat(reason(Visitor.knock(server, nickname)))
                .contains("one alphabet")
                .contains("and Latin");
    }

    @ParameterizedTest
    @DisplayName("E1 a nickname with something that nobody sees is refused, and what it is")
    @CsvSource({
        "A\u200bda, U+200B", // zero-width space
        "A\u200dda, U+200D", // zero-width joiner
        "\u202eadA, U+202E", // right-to-left override
        "A\u2066da, U+2066", // isolate
        "A\u00adda, U+00AD", // soft hyphen
        "A\u034fda, U+034F", // grapheme joiner, a mark
        "Ada\ufe0f, U+FE0F", // variation selector, a mark
        "\u3164, U+1160", // Hangul filler, a letter
        "A\u115fda, U+115F",
        "\u2800, U+2800", // an empty Braille pattern, a sign
    })
    void connect_nicknameHasInvisible_isRefused(String nickname, String codePoint) {
        assertThat(reason(Visitor.knock(server, nickname)))
                .contains("invisible character")
                .contains(codePoint);
    }

    @ParameterizedTest
    @DisplayName("E1 marks that cannot be told apart, or stand on nothing, are refused")
    @ValueSource(strings = {"A\u0323\u0323da", "\u0301da", "Z\u0316\u0317\u0318\u0319\u031c\u031d"})
    void connect_nicknameHasStackedMarks_isRefused(String nickname) {
        assertThat(reason(Visitor.knock(server, nickname))).contains("mark");
    }

    @ParameterizedTest
    @DisplayName("E1 names of one alphabet, and those that are written with several, are fine")
    @ValueSource(
            strings = {
                "\u0410\u0434\u0430",
                "Zo\u00eb 2",
                "\u674e\u96f7 Li",
                "\u3042\u30a2\u4e9c",
                "\u05d0\u05d3\u05d4",
                "\u0e40\u0e01\u0e49\u0e32",
                "\ud83d\ude80 Ada",
                "O'Neil-3 (hi)",
                "<b>&amp;</b>"
            })
    void connect_nicknameOfOneScript_isAccepted(String nickname) {
        assertThat(Visitor.knock(server, nickname).status()).isEqualTo(200);
    }

    // ---- rooms

    @ParameterizedTest
    @DisplayName("E1 nobody can make a room that looks like the lobby, even while that is empty")
    @ValueSource(strings = {"1obby", "l\u043ebby", "\uff4cobby", "lobby\u034f", "l0bby"})
    void join_roomLooksLikeTheLobby_isRefused(String room) {
        Visitor ada = Visitor.named(server, "Ada");

        assertThat(reason(ada.join(room))).isNotEmpty();
        assertThat(ada.send("room.list", Map.of()).body()).isEmpty();
    }

    @Test
    @DisplayName("E1 nor one that looks like another room; it can once that one is empty")
    void join_roomLooksLikeAnother_isRefusedUntilThatIsEmpty() {
        Visitor ada = Visitor.named(server, "Ada").in("hello");
        Visitor bob = Visitor.named(server, "Bob");

        assertThat(reason(bob.join("he1lo"))).contains("looks like “hello”");
        ada.disconnect();
        Awaitility.await().until(() -> bob.join("he1lo").status() == 200);
    }
}
