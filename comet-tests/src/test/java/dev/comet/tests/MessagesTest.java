package dev.comet.tests;

import static dev.comet.testkit.internal.RecordingEventHandler.Kind.CLIENT_DISCONNECTED;
import static dev.comet.testkit.internal.RecordingEventHandler.Kind.MESSAGES_DROPPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.comet.Audience;
import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JacksonSerializable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsontype.TypeSerializer;

/**
 * What arrives, and what is announced instead: rows M1–M5, M7–M9, M11, M12 at the manager. Long
 * because it is a list, row by row.
 */
@Timeout(60)
class MessagesTest {

    private static final JsonMapper MAPPER = new JsonMapper();

    @Test
    @DisplayName("M1: a first poll with 0 or -1 gets everything since the client was initialised")
    void beginSubscribe_firstCursor_findsEverythingSinceBirth() {
        try (Server server = Server.start()) {
            server.manager.sendToAll("before", 1);
            CometClient ada = server.client("ada");
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.add(server.manager.sendMessage("ada", "n", i));
                sent.add(server.manager.sendToAll("n", i));
            }
            for (long first : new long[] {0, -1, Long.MIN_VALUE}) {
                assertThat(ids(server.fetch(ada, first))).isEqualTo(sent);
            }
            assertThat(sent).isSorted().doesNotHaveDuplicates().allMatch(id -> id > 0);
            assertThat(ids(server.fetch(ada, sent.get(3)))).isEqualTo(sent.subList(4, 10));
        }
    }

    @Test
    @DisplayName("M1: a long backlog comes in several answers, without a gap between them")
    void beginSubscribe_longBacklog_comesInSeveralAnswers() {
        CometLimits limits = CometLimits.builder().maxMessagesPerAnswer(7).build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            server.manager.joinGroup("ada", "room");
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                sent.add(
                        switch (i % 3) {
                            case 0 -> server.manager.sendMessage("ada", "n", i);
                            case 1 -> server.manager.sendToGroup("room", "n", i);
                            default -> server.manager.sendToAll("n", i);
                        });
            }
            List<Long> received = new ArrayList<>();
            CometAnswer answer = server.fetch(ada, 0);
            while (answer.outcome() == Outcome.MESSAGES) {
                assertThat(answer.batch().gaps()).isEmpty();
                assertThat(answer.batch().messages()).hasSizeBetween(1, 7);
                received.addAll(ids(answer));
                answer = server.fetch(ada, answer.batch().cursor());
            }
            assertThat(received).isEqualTo(sent);
        }
    }

    @Test
    @DisplayName("M2: what was not confirmed comes again; what was is gone, and its gap says so")
    void beginSubscribe_answerLost_comesAgain() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            long first = server.manager.sendMessage("ada", "n", 1);
            long second = server.manager.sendMessage("ada", "n", 2);
            assertThat(ids(server.fetch(ada, 0))).containsExactly(first, second);
            assertThat(ids(server.fetch(ada, 0))).containsExactly(first, second);
            assertThat(ids(server.fetch(ada, first))).containsExactly(second);
            assertThat(server.manager.confirmedMessageId(ada)).isEqualTo(first);
            CometAnswer back = server.fetch(ada, 0);
            assertThat(ids(back)).containsExactly(second);
            assertThat(back.batch().gaps())
                    .extracting(CometGap::to, CometGap::reason)
                    .containsExactly(tuple(first, CometGap.Reason.CONFIRMED));
        }
    }

    @Test
    @DisplayName("M2: an answer to a held request that was lost on its way comes again")
    void sendMessage_answerToHeldRequestLost_comesAgain() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            Request lost = server.poll(ada, 0);
            long id = server.manager.sendMessage("ada", "n", 1);
            assertThat(ids(lost.await())).containsExactly(id);
            assertThat(ids(server.poll(ada, 0).await())).containsExactly(id);
        }
    }

    record Unreadable(String name) {
        @Override
        public String name() {
            throw new IllegalStateException("this accessor fails, as the test wants");
        }
    }

    static Stream<Object> unencodable() {
        Map<String, Object> itself = new HashMap<>();
        itself.put("itself", itself);
        return Stream.of(
                new Unreadable("ada"),
                itself,
                (Iterable<Object>)
                        () ->
                                new Iterator<>() {
                                    @Override
                                    public boolean hasNext() {
                                        throw new IllegalStateException(
                                                "this iterator fails, as the test wants");
                                    }

                                    @Override
                                    public Object next() {
                                        throw new IllegalStateException();
                                    }
                                },
                new JacksonSerializable.Base() {
                    @Override
                    public void serialize(JsonGenerator g, SerializationContext c) {
                        throw new IllegalStateException("this one fails, as the test wants");
                    }

                    @Override
                    public void serializeWithType(
                            JsonGenerator g, SerializationContext c, TypeSerializer t) {
                        throw new IllegalStateException();
                    }
                },
                Optional.empty());
    }

    @ParameterizedTest
    @NullSource
    @MethodSource("unencodable")
    @DisplayName("M3: contents that are null or cannot be encoded are refused at the sender")
    void sendMessage_contentsNoJson_areRefused(Object contents) {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            refused(Reason.PARAMETERS_INVALID, () -> server.manager.sendToAll("n", contents));
            assertThat(server.manager.statistics().messages().refused()).isEqualTo(1);
            assertThat(server.manager.statistics().store().failures()).isZero();
            assertThat(server.fetch(ada, 0).outcome()).isEqualTo(Outcome.TIMEOUT);
        }
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " ", "comet.gap", "comet.", "line\nfeed", "half \ud83d pair"})
    @DisplayName("M3: a name that breaks its rule or is the protocol's is refused at the sender")
    void sendMessage_badName_isRefused(String name) {
        try (Server server = Server.start()) {
            server.client("ada");
            refused(Reason.PARAMETERS_INVALID, () -> server.manager.sendMessage("ada", name, 1));
            assertThat(server.manager.statistics().store().failures()).isZero();
        }
    }

    @Test
    @DisplayName("M3: an unknown recipient is refused, and then nobody gets the message")
    void sendMessage_unknownRecipient_isRefusedForAll() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            refused(
                    Reason.CLIENT_DOES_NOT_EXIST,
                    () -> server.manager.sendMessage(List.of("ada", "nobody"), "n", 1));
            assertThat(server.fetch(ada, 0).outcome()).isEqualTo(Outcome.TIMEOUT);
        }
    }

    @Test
    @DisplayName("M3: a message larger than maxMessageBytes is refused, one as large is not")
    void sendMessage_tooLarge_isRefused() {
        CometLimits limits = CometLimits.builder().maxMessageBytes(1_000).build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            // {"id":19 digits,"name":"n","contents":"…"}
            String fits = "x".repeat(1_000 - 6 - 19 - 9 - 1 - 13 - 2 - 1);
            server.manager.sendMessage("ada", "n", fits);
            refused(
                    Reason.PARAMETERS_INVALID,
                    () -> server.manager.sendMessage("ada", "n", fits + "x"));
            assertThat(server.fetch(ada, 0).batch().messages()).hasSize(1);
        }
    }

    @Test
    @DisplayName("M3: contents are encoded when they are sent, later changes are not seen")
    void sendMessage_contentsChangedLater_arriveAsSent() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            Map<String, Object> contents = new HashMap<>(Map.of("a", 1));
            server.manager.sendMessage("ada", "n", contents);
            contents.put("a", 2);
            assertThat(server.fetch(ada, 0).batch().messages().get(0).contents())
                    .isEqualTo(Map.of("a", 1));
        }
    }

    @Test
    @DisplayName("M4: to all, to all but one, to a group, to a group but one, to a list")
    void send_everyAudience_reachesThoseItIsFor() {
        try (Server server = Server.start()) {
            List<CometClient> clients =
                    List.of(server.client("ada"), server.client("bob"), server.client("eve"));
            server.manager.joinGroup("ada", "room");
            server.manager.joinGroup("bob", "room");
            List<Request> held = new ArrayList<>();
            server.manager.sendToAll("all", 1);
            server.manager.sendToAllExcept("bob", "all but bob", 1);
            server.manager.sendToGroup("room", "room", 1);
            server.manager.sendToGroupExcept("room", "ada", "room but ada", 1);
            server.manager.sendMessage(List.of("eve", "ada", "eve"), "eve and ada", 1);
            server.manager.sendToGroup("empty", "nobody", 1);
            clients.forEach(client -> held.add(server.poll(client, 0)));
            assertThat(names(held.get(0).await()))
                    .containsExactly("all", "all but bob", "room", "eve and ada");
            assertThat(names(held.get(1).await())).containsExactly("all", "room", "room but ada");
            assertThat(names(held.get(2).await()))
                    .containsExactly("all", "all but bob", "eve and ada");
        }
    }

    @Test
    @DisplayName("M4: a send wakes those it is for, and leaves the excluded one waiting")
    void sendToAllExcept_allWait_leavesTheExcludedOneWaiting() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            Request adas = server.poll(ada, 0);
            Request bobs = server.poll(bob, 0);
            long id = server.manager.sendToAllExcept("bob", "n", 1);
            assertThat(ids(adas.await())).containsExactly(id);
            server.settle();
            assertThat(bobs.isAnswered()).isFalse();
            server.pass(Duration.ofSeconds(26));
            // Looked after up to there: the next poll does not look at it again.
            assertThat(bobs.await().batch().cursor()).isEqualTo(id);
        }
    }

    static Stream<Object> contents() {
        char[] big = new char[1 << 20];
        Arrays.fill(big, 'ä');
        return Stream.of(
                Map.of("a", Map.of("b", List.of(1, 2.5, true, "c", Map.of()))),
                "Grüße 日本 😀 \u0000\u001f\"\\/\u2028</script>",
                "",
                Map.of(),
                List.of(),
                Collections.singletonMap("null", null),
                0,
                -1.5e300,
                Long.MAX_VALUE,
                new String(big).substring(0, (1 << 19) - 100));
    }

    @ParameterizedTest
    @MethodSource("contents")
    @DisplayName("M5: contents of every kind and size arrive as they were sent")
    void sendMessage_anyContents_arriveExactly(Object contents) {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            server.manager.sendMessage("ada", "n", contents);
            CometMessage message = server.fetch(ada, 0).batch().messages().get(0);
            JsonNode received = MAPPER.readTree(message.encoded().contentsJson());
            assertThat(received).isEqualTo(MAPPER.readTree(MAPPER.writeValueAsBytes(contents)));
            assertThat(MAPPER.treeToValue(received, Object.class)).isEqualTo(contents);
        }
    }

    @Test
    @DisplayName("M5: a mebibyte of bytes arrives as Base64, bit for bit")
    void sendMessage_bytes_arriveAsBase64() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            byte[] bytes = new byte[1 << 20];
            new Random(1).nextBytes(bytes);
            server.manager.sendMessage("ada", "n", bytes);
            CometAnswer answer = server.fetch(ada, 0);
            CometMessage message = answer.batch().messages().get(0);
            String text = MAPPER.readTree(message.encoded().contentsJson()).asString();
            assertThat(Base64.getDecoder().decode(text)).isEqualTo(bytes);
            assertThat(message.contents(byte[].class)).isEqualTo(bytes);
        }
    }

    @Test
    @DisplayName("M7: REJECT refuses the sender, and nobody of the list gets the message")
    void sendMessage_logFullAndReject_refusesTheSender() {
        try (Server server = Server.start(full(OverflowPolicy.REJECT))) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            for (int i = 0; i < 3; i++) {
                server.manager.sendMessage("ada", "n", i);
            }
            refused(Reason.QUEUE_FULL, () -> server.manager.sendMessage("ada", "n", 4));
            refused(
                    Reason.QUEUE_FULL,
                    () -> server.manager.sendMessage(List.of("bob", "ada"), "n", 4));
            assertThat(server.fetch(ada, 0).batch().messages()).hasSize(3);
            assertThat(server.fetch(bob, 0).batch().messages()).isEmpty();
            // Confirmed, there is room again.
            server.fetch(ada, server.fetch(ada, 0).batch().cursor());
            server.manager.sendMessage("ada", "n", 5);
        }
    }

    @Test
    @DisplayName("M7: DROP_OLDEST lets the oldest go and announces exactly those, before the rest")
    void sendMessage_logFullAndDropOldest_announcesWhatWent() {
        try (Server server = Server.start(full(OverflowPolicy.DROP_OLDEST))) {
            CometClient ada = server.client("ada");
            long birth = server.manager.confirmedMessageId(ada);
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.add(server.manager.sendMessage("ada", "n", i));
            }
            CometAnswer answer = server.fetch(ada, 0);
            CometGap gap = new CometGap(birth + 1, sent.get(1), CometGap.Reason.OVERFLOW);
            assertThat(answer.batch().gaps()).containsExactly(gap);
            assertThat(ids(answer)).isEqualTo(sent.subList(2, 5));
            assertThat(server.events.await(MESSAGES_DROPPED, ada).gap()).isEqualTo(gap);
            assertThat(server.manager.statistics().losses().dropped()).isEqualTo(2);
            assertThat(server.manager.statistics().losses().gaps()).isEqualTo(1);
            assertThat(server.fetch(ada, answer.batch().cursor()).batch().gaps()).isEmpty();
        }
    }

    @Test
    @DisplayName("M7: DISCONNECT: a sender that finds another at it is not refused for that")
    void sendToAll_fullClientIsBeingEndedByAnother_isAccepted() {
        class LateStore extends DelegatingProvider {
            int refusals = 3;

            @Override
            public long sendMessage(Audience audience, EncodedMessage message) {
                if (refusals-- > 0) { // its room is not free yet
                    throw CometException.totalReached(1, 1, List.of(CometClient.builder().build()));
                }
                return super.sendMessage(audience, message);
            }
        }
        try (Server server =
                Server.start(
                        new LateStore(),
                        2,
                        options ->
                                options.limits(
                                        CometLimits.builder()
                                                .overflow(OverflowPolicy.DISCONNECT)
                                                .build()))) {
            assertThat(server.manager.sendToAll("n", 1)).isPositive();
        }
    }

    @Test
    @DisplayName(
            "M7: DISCONNECT ends the client that does not fetch, and the others get the message")
    void sendMessage_logFullAndDisconnect_endsTheClient() {
        try (Server server = Server.start(full(OverflowPolicy.DISCONNECT))) {
            CometClient ada = server.client("ada");
            CometClient bob = server.client("bob");
            for (int i = 0; i < 3; i++) {
                server.manager.sendMessage("ada", "n", i);
            }
            long id = server.manager.sendMessage(List.of("ada", "bob"), "n", 4);
            assertThat(server.manager.clients()).containsExactly(bob);
            assertThat(ids(server.fetch(bob, 0))).containsExactly(id);
            assertThat(server.events.await(CLIENT_DISCONNECTED, ada).reason())
                    .isEqualTo(EndReason.OVERFLOW);
            for (int i = 0; i < 2; i++) {
                server.manager.sendMessage("bob", "n", i);
            }
            refused(Reason.QUEUE_FULL, () -> server.manager.sendMessage("bob", "n", 5));
            assertThat(server.manager.clients()).isEmpty();
            assertThat(server.manager.statistics().clients().disconnected()).isEqualTo(2);
        }
    }

    private static CometLimits full(OverflowPolicy policy) {
        return CometLimits.builder()
                .overflow(policy)
                .clientLog(new LogLimits(3, 100_000, LogLimits.ANY_AGE))
                .build();
    }

    @Test
    @DisplayName("M7: a shared log that turned over is announced to those who had not read it")
    void sendToAll_ringTurnedOver_announcesWhatWent() {
        CometLimits limits =
                CometLimits.builder()
                        .sharedLog(new LogLimits(3, 100_000, LogLimits.ANY_AGE))
                        .build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada");
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.add(server.manager.sendToAll("n", i));
            }
            CometAnswer answer = server.fetch(ada, sent.get(0));
            assertThat(answer.batch().gaps())
                    .containsExactly(
                            new CometGap(sent.get(0) + 1, sent.get(1), CometGap.Reason.OVERFLOW));
            assertThat(ids(answer)).isEqualTo(sent.subList(2, 5));
        }
    }

    @Test
    @DisplayName("M8: what waited longer than the age is announced, whether anybody looks or not")
    void time_messagesTooOld_announcesThem() {
        CometLimits limits =
                CometLimits.builder()
                        .clientLog(new LogLimits(100, 100_000, Duration.ofSeconds(30)))
                        .build();
        try (Server server = Server.start(limits)) {
            CometClient ada = server.client("ada", 25, 600);
            long old = server.manager.sendMessage("ada", "n", 1);
            server.pass(Duration.ofSeconds(20));
            long young = server.manager.sendMessage("ada", "n", 2);
            server.pass(Duration.ofSeconds(16)); // tidied at 35 s
            assertThat(server.manager.statistics().losses().dropped()).isEqualTo(1);
            CometAnswer answer = server.fetch(ada, 0);
            assertThat(answer.batch().gaps())
                    .extracting(CometGap::to, CometGap::reason)
                    .containsExactly(tuple(old, CometGap.Reason.EXPIRED));
            assertThat(ids(answer)).containsExactly(young);
        }
    }

    @Test
    @DisplayName(
            "M9: a cursor above the top, or from another life, gets a gap and then what is new")
    void beginSubscribe_unknownCursor_isTold() {
        try (Server server = Server.start()) {
            long ofAnotherLife = 1_000;
            CometClient ada = server.client("ada");
            long birth = server.manager.confirmedMessageId(ada);
            for (long cursor : new long[] {birth + 1_000, Long.MAX_VALUE, ofAnotherLife, 1}) {
                CometAnswer answer = server.fetch(ada, cursor);
                assertThat(answer.outcome()).isEqualTo(Outcome.MESSAGES);
                assertThat(answer.batch().gaps())
                        .containsExactly(new CometGap(0, birth, CometGap.Reason.UNKNOWN_CURSOR));
            }
            long id = server.manager.sendMessage("ada", "n", 1);
            CometAnswer answer = server.fetch(ada, Long.MAX_VALUE);
            assertThat(answer.batch().gaps()).hasSize(1);
            assertThat(ids(answer)).containsExactly(id);
        }
    }

    @Test
    @DisplayName("M9: a client with an unknown cursor finds its way back by the protocol's rules")
    void poll_modelClientWithAnUnknownCursor_findsItsWay() {
        try (Server server = Server.start()) {
            ModelClient ada = new ModelClient(server.manager, server.client("ada"), null);
            ada.cursor(Long.MAX_VALUE);
            server.manager.sendMessage("ada", "n", 1);
            server.manager.sendMessage("ada", "n", 2);
            ada.poll(Duration.ZERO);
            ada.handleAll();
            assertThat(ada.received()).isEqualTo(2);
            ada.poll(Duration.ZERO);
            ada.handleAll();
            assertThat(ada.received()).isEqualTo(2);
            assertThat(ada.gaps()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("M11: a million messages for others are no loss of one for whom there is nothing")
    void sendToAllExcept_aMillionTimes_isNoGapForTheExcludedOne() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada", 25, 600);
            CometClient bob = server.client("bob", 25, 600);
            server.manager.joinGroup("bob", "bobs");
            Request held = server.poll(ada, 0);
            for (int i = 0; i < 500_000; i++) {
                server.manager.sendToAllExcept("ada", "n", "");
                server.manager.sendToGroup("bobs", "n", "");
            }
            server.pass(Duration.ofSeconds(26));
            CometAnswer timeout = held.await();
            assertThat(timeout.outcome()).isEqualTo(Outcome.TIMEOUT);
            CometAnswer next = server.fetch(ada, timeout.batch().cursor());
            assertThat(next.outcome()).isEqualTo(Outcome.TIMEOUT);
            // And with the cursor it had before all that.
            assertThat(server.fetch(ada, 0).outcome()).isEqualTo(Outcome.TIMEOUT);
            assertThat(server.fetch(bob, 0).batch().gaps()).isNotEmpty();
        }
    }

    @Test
    @DisplayName("M12: exactly what was sent between joining and leaving arrives")
    void joinAndLeave_manyTimes_getsExactlyWhatWasSentMeanwhile() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            List<Long> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                server.manager.sendToGroup("room", "n", "outside");
                server.manager.joinGroup("ada", "room");
                expected.add(server.manager.sendToGroup("room", "n", "inside"));
                server.manager.sendToGroupExcept("room", "ada", "n", "inside, but not for ada");
                expected.add(server.manager.sendToGroup("room", "n", "inside"));
                assertThat(server.manager.leaveGroup("ada", "room")).isTrue();
                assertThat(server.manager.leaveGroup("ada", "room")).isFalse();
            }
            assertThat(ids(server.fetch(ada, 0))).isEqualTo(expected);
            assertThat(server.fetch(ada, 0).batch().gaps()).isEmpty();
        }
    }

    @Test
    @DisplayName("M12: who joins while its request is held is woken by the group, until it leaves")
    void joinGroup_whileHeld_wakesForItsMessages() {
        try (Server server = Server.start()) {
            CometClient ada = server.client("ada");
            Request held = server.poll(ada, 0);
            server.settle();
            server.manager.joinGroup("ada", "room");
            long id = server.manager.sendToGroup("room", "n", 1);
            assertThat(ids(held.await())).containsExactly(id);
            Request next = server.poll(ada, id);
            server.manager.leaveGroup("ada", "room");
            server.manager.sendToGroup("room", "n", 2);
            server.settle();
            assertThat(next.isAnswered()).isFalse();
        }
    }

    @Test
    @DisplayName("M12: history up to the id of joining and what arrives afterwards meet exactly")
    void joinGroup_withHistory_overlapsNothing() {
        try (Server server = Server.start()) {
            CometClient bob = server.client("bob");
            server.manager.joinGroup("bob", "room");
            List<Long> sent = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                sent.add(server.manager.sendToGroup("room", "n", i));
            }
            CometClient ada = server.client("ada");
            long after = server.manager.joinGroup("ada", "room");
            for (int i = 0; i < 5; i++) {
                sent.add(server.manager.sendToGroup("room", "n", i));
            }
            List<Long> all = new ArrayList<>();
            server.manager.groupHistory("room", after, 100).forEach(m -> all.add(m.messageId()));
            all.addAll(ids(server.fetch(ada, 0)));
            assertThat(all).isEqualTo(sent);
            assertThat(server.manager.groupMembers("room")).containsExactly(bob, ada);
        }
    }

    private static void refused(Reason reason, Runnable call) {
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(call::run)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static List<Long> ids(CometAnswer answer) {
        return answer.batch().messages().stream().map(CometMessage::messageId).toList();
    }

    private static List<String> names(CometAnswer answer) {
        return answer.batch().messages().stream().map(CometMessage::name).toList();
    }
}
