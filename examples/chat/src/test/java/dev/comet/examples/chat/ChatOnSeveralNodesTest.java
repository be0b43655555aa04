package dev.comet.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClock;
import dev.comet.redis.RedisCometStateProvider;
import dev.comet.redis.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Two chats over one Redis are one chat. */
@Timeout(60)
class ChatOnSeveralNodesTest {

    private final String namespace = UUID.randomUUID().toString();
    private ChatServer one;
    private ChatServer other;

    @BeforeEach
    void start() throws Exception {
        one = node();
        other = node();
    }

    @AfterEach
    void stop() {
        one.close();
        other.close();
    }

    private ChatServer node() throws Exception {
        return ChatServer.start(
                "127.0.0.1",
                0,
                RedisCometStateProvider.builder()
                        .uri(TestRedis.shared().uri())
                        .namespace(namespace)
                        .build(),
                CometClock.system(),
                Duration.ZERO);
    }

    @Test
    @DisplayName("P2: people at two nodes talk in a room and in private, and see each other come")
    void say_peopleAtTwoNodes_hearEachOther() {
        Visitor ada = Visitor.named(one, "Ada").in("lobby");
        Visitor bob = Visitor.named(other, "Bob").in("lobby");
        assertThat(ada.next("room.joined").at("/person/name").stringValue()).isEqualTo("Ada");
        assertThat(ada.next("room.joined").at("/person/name").stringValue()).isEqualTo("Bob");

        bob.say("lobby", "hello");
        assertThat(ada.next("chat.said").get("text").stringValue()).isEqualTo("hello");
        ada.whisper("Bob", "psst");
        assertThat(bob.next("chat.whispered").get("text").stringValue()).isEqualTo("psst");

        bob.disconnect();
        assertThat(ada.next("person.gone").at("/person/name").stringValue()).isEqualTo("Bob");
    }

    @Test
    @DisplayName("C2: a nickname, and what looks like it, is taken at every node, a room's too")
    void connect_nicknameOfSomebodyAtAnotherNode_isRefused() {
        Visitor.named(one, "Paul").in("lobby").in("corn");

        assertThat(Visitor.knock(other, "paul").status()).isEqualTo(409);
        assertThat(Visitor.knock(other, "PauI").status()).as("with a capital i").isEqualTo(403);
        Visitor eve = Visitor.named(other, "Eve").in("lobby");
        assertThat(eve.join("com").status()).as("as corn looks").isEqualTo(403);
    }

    @Test
    void list_roomsOfPeopleAtAnotherNode_areThere() {
        Visitor.named(one, "Ada").in("lobby").in("tea");
        Visitor bob = Visitor.named(other, "Bob").in("lobby");

        JsonNode rooms = bob.send("room.list", Map.of()).body();
        assertThat(rooms.findValuesAsString("room")).isEqualTo(List.of("lobby", "tea"));
    }

    @Test
    @DisplayName("P6: somebody whose requests go to any node misses nothing")
    void poll_eachAtAnotherNode_missesNothing() {
        Visitor ada = Visitor.named(one, "Ada").in("lobby");
        Visitor bob = Visitor.named(one, "Bob").in("lobby");
        Visitor there = ada;
        for (int i = 0; i < 10; i++) {
            there = Visitor.withToken(i % 2 == 0 ? other : one, ada.privateToken(), there.cursor());
            bob.say("lobby", "number " + i);
            assertThat(there.next("chat.said").get("text").stringValue()).isEqualTo("number " + i);
        }
    }
}
