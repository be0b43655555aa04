package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class SendingRows extends ProviderRows {

    SendingRows(CometStateProviderContract contract) {
        super(contract);
    }

    @Test
    @DisplayName("M1 ids are positive, below 2^53, and rise, whatever the audience")
    void sendMessage_anyAudience_idsRise() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            ids.add(send(to(ada)));
            ids.add(send(EVERYONE));
            ids.add(send(TO_ROOM));
        }

        assertThat(ids).allMatch(id -> id > 0 && id < 1L << 53);
        assertThat(ids).isSorted().doesNotHaveDuplicates();
        assertThat(received(ada)).isEqualTo(ids);
    }

    @Test
    @DisplayName("M4 one recipient, several recipients under one id")
    void sendMessage_recipients_arrivesAtThemAlone() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");

        long one = send(to(ada));
        long both = send(to(ada, bob));

        assertThat(received(ada)).containsExactly(one, both);
        assertThat(received(bob)).containsExactly(both);
        assertThat(received(eve)).isEmpty();
    }

    @Test
    @DisplayName("M4 everyone who exists when it is sent, everyone but one")
    void sendMessage_everyone_arrivesAtThoseWhoExist() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");

        long all = send(EVERYONE);
        long notAda = send(everyoneExcept(ada));
        CometClient eve = client("eve");
        long later = send(new Audience.Everyone("nobody"));

        assertThat(received(ada)).containsExactly(all, later);
        assertThat(received(bob)).containsExactly(all, notAda, later);
        assertThat(received(eve)).containsExactly(later);
    }

    @Test
    @DisplayName("M4 a group's members, a group's members but one")
    void sendMessage_group_arrivesAtItsMembers() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        join(ada, ROOM);
        join(bob, ROOM);
        join(eve, "other");

        long all = send(TO_ROOM);
        long notAda = send(new Audience.Group(ROOM, ada.publicToken()));
        long notEve = send(new Audience.Group(ROOM, eve.publicToken()));

        assertThat(received(ada)).containsExactly(all, notEve);
        assertThat(received(bob)).containsExactly(all, notAda, notEve);
        assertThat(received(eve)).isEmpty();
    }

    @Test
    @DisplayName("M4 a group that nobody is in accepts and delivers to nobody")
    void sendMessage_groupWithoutMembers_isAccepted() {
        CometClient ada = client("ada");

        long lonely = send(TO_ROOM);
        join(ada, ROOM);
        long id = send(TO_ROOM);

        assertThat(lonely).isPositive().isLessThan(id);
        assertThat(received(ada)).containsExactly(id);
    }

    @Test
    @DisplayName("M3 an unknown recipient is refused")
    void sendMessage_unknownRecipient_isRefused() {
        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(Audience.one("nobody")));
    }

    @Test
    @DisplayName("M3 one unknown recipient of several: nobody gets it")
    void sendMessage_oneRecipientUnknown_nobodyGetsIt() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");

        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(to(ada, describe("nobody"), bob)));
        long id = send(to(ada, bob));

        assertThat(received(ada)).containsExactly(id);
        assertThat(received(bob)).containsExactly(id);
    }

    @Test
    @DisplayName("M4, M6 a long list: all get it under one id, in order with everything else")
    void sendMessage_manyRecipients_arrivesAtAllInOrder() {
        List<CometClient> many = manyClients();
        CometClient ada = many.get(7);
        CometClient eve = client("eve");
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            sent.add(send(to(ada)));
            sent.add(send(to(many)));
            sent.add(send(EVERYONE));
        }

        assertThat(received(ada)).isEqualTo(sent);
        List<Long> ofOthers = List.of(1, 2, 4, 5, 7, 8).stream().map(sent::get).toList();
        for (CometClient other : List.of(many.get(0), many.get(199))) {
            assertThat(received(other)).isEqualTo(ofOthers);
        }
        assertThat(received(eve)).doesNotContain(sent.get(1));
    }

    @Test
    @DisplayName("M3, M15 one unknown recipient of a long list: nobody gets it")
    void sendMessage_oneOfManyUnknown_nobodyGetsIt() {
        List<CometClient> many = manyClients();
        provider.removeClient(many.get(199), EndReason.DISCONNECTED);

        assertRefused(CLIENT_DOES_NOT_EXIST, () -> send(to(many)));
        long id = send(to(many.subList(0, 199)));

        for (CometClient client : many.subList(0, 199)) {
            assertThat(received(client)).containsExactly(id);
        }
    }

    @Test
    @DisplayName("M5 names and contents arrive as they were sent, byte for byte")
    void sendMessage_anyContents_arrivesUnchanged() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        List<EncodedMessage> sent =
                List.of(
                        encoded("plain", "true"),
                        encoded(
                                "ünï \"quoted\" \\ 名 😀",
                                "{\"a\":[1,{\"b\":\"\\u0000 ✓ 😀\"}],\"c\":\"\"}"),
                        encoded("empty", "{}"),
                        encoded("number", "-12345678901234567890.5e-3"),
                        encoded("spaces", " [ 1 , 2 ] "),
                        encoded("mebibyte", '"' + "é".repeat(1 << 19) + '"'));
        for (EncodedMessage message : sent) {
            provider.sendMessage(to(ada), message);
            provider.sendMessage(EVERYONE, message);
            provider.sendMessage(TO_ROOM, message);
        }

        List<CometMessage> arrived = read(ada, 0).messages();

        assertThat(arrived).hasSize(3 * sent.size());
        for (int i = 0; i < arrived.size(); i++) {
            EncodedMessage message = sent.get(i / 3);
            assertThat(arrived.get(i).name()).isEqualTo(message.name());
            assertThat(arrived.get(i).encoded().contentsJson()).isEqualTo(message.contentsJson());
        }
    }

    @Test
    @DisplayName("M10 what a request and its reply have in common arrives with them")
    void sendMessage_correlationId_arrivesUnchanged() {
        CometClient ada = client("ada");
        byte[] json = "1".getBytes(UTF_8);
        provider.sendMessage(to(ada), new EncodedMessage("ask", "a-Z_0", json));
        provider.sendMessage(EVERYONE, new EncodedMessage("ask", "b", json));
        provider.sendMessage(to(ada), new EncodedMessage("tell", json));

        assertThat(read(ada, 0).messages())
                .extracting(CometMessage::correlationId)
                .containsExactly("a-Z_0", "b", null);
    }

    private static EncodedMessage encoded(String name, String json) {
        return new EncodedMessage(name, json.getBytes(UTF_8));
    }
}
