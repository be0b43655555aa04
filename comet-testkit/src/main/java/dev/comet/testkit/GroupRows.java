package dev.comet.testkit;

import static dev.comet.CometException.Reason.CLIENT_DOES_NOT_EXIST;
import static dev.comet.CometException.Reason.LIMIT_REACHED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.LogLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class GroupRows extends ProviderRows {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    GroupRows(CometStateProviderContract contract) {
        super(contract);
    }

    @Test
    @DisplayName("M12 exactly what was sent between joining and leaving arrives, each time")
    void joinGroup_leftAndJoinedAgain_getsWhatWasSentInBetween() {
        CometClient ada = client("ada");
        List<Long> expected = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            send(TO_ROOM);
            join(ada, ROOM);
            expected.add(send(TO_ROOM));
            expected.add(send(TO_ROOM));
            leave(ada, ROOM);
            send(TO_ROOM);
        }

        assertThat(received(ada)).as("unread all the time").isEqualTo(expected);
    }

    @Test
    @DisplayName("M12 what was sent before leaving arrives after leaving, in several batches")
    void leaveGroup_unread_stillArrives() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        List<Long> sent = List.of(send(TO_ROOM), send(TO_ROOM), send(TO_ROOM));
        assertThat(leave(ada, ROOM)).isTrue();
        send(TO_ROOM);

        CometBatch first = read(ada, 0, 1, Integer.MAX_VALUE);
        assertThat(ids(first)).containsExactly(sent.get(0));
        assertThat(ids(read(ada, first.cursor()))).isEqualTo(sent.subList(1, 3));
        assertThat(ids(read(ada, first.cursor()))).isEqualTo(sent.subList(1, 3));
        assertThat(read(ada, sent.get(2)).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("M9, M12 a cursor older than what was confirmed of a left group is never silent")
    void getMessages_cursorBelowConfirmedOfLeftGroup_isNeverSilent() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        long sent = send(TO_ROOM);
        leave(ada, ROOM);
        read(ada, sent);

        CometBatch batch = read(ada, 0);

        boolean announced =
                batch.gaps().stream().anyMatch(gap -> gap.from() <= sent && sent <= gap.to());
        assertThat(announced || ids(batch).contains(sent)).as("%s", batch).isTrue();
    }

    @Test
    @DisplayName("M12 joining again changes nothing for a member")
    void joinGroup_member_keepsItsPlace() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        send(TO_ROOM);
        long joined = join(ada, ROOM);
        join(bob, ROOM);
        long id = send(TO_ROOM);

        assertThat(join(ada, ROOM)).isEqualTo(joined).isLessThan(id);

        assertThat(received(ada)).containsExactly(id);
        assertThat(provider.groupMembers(ROOM)).containsExactly(ada, bob);
    }

    @Test
    @DisplayName("M12 a client may be in several groups")
    void joinGroup_several_getsAllInOrder() {
        CometClient ada = client("ada");
        join(ada, ROOM);
        join(ada, "other");
        long first = send(TO_ROOM);
        long second = send(new Audience.Group("other", null));
        leave(ada, ROOM);
        send(TO_ROOM);
        long third = send(new Audience.Group("other", null));

        assertThat(received(ada)).containsExactly(first, second, third);
        assertThat(provider.groupsOf(ada)).containsExactly("other");
    }

    @Test
    @DisplayName("C9 a joining that races a removal leaves no member behind")
    void joinGroup_racingRemoval_leavesNoMember() {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            clients.add(client("ada" + i));
        }

        AtOnce.race(
                clients,
                ada -> provider.removeClient(ada, EndReason.DISCONNECTED),
                ada -> {
                    try {
                        join(ada, ROOM);
                    } catch (CometException e) {
                        assertThat(e.reason()).isEqualTo(CLIENT_DOES_NOT_EXIST);
                    }
                });

        assertThat(provider.groupMembers(ROOM)).isEmpty();
    }

    @Test
    @DisplayName("M1, C9 a read that races a removal finds all that there is, or no client")
    void getMessages_racingRemoval_findsAllOrNoClient() {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            CometClient ada = client("ada" + i);
            join(ada, ROOM);
            clients.add(ada);
        }
        long birth = provider.confirmedMessageId(clients.get(0));
        List<Long> sent = List.of(send(TO_ROOM), send(EVERYONE), send(TO_ROOM), send(EVERYONE));

        AtOnce.race(
                clients,
                ada -> provider.removeClient(ada, EndReason.DISCONNECTED),
                ada -> {
                    try {
                        for (int i = 0; i < 5; i++) {
                            assertThat(received(ada)).isEqualTo(sent);
                            CometBatch batch = provider.peekMessages(ada, birth, 10, 10_000);
                            assertThat(batch.gaps()).isEmpty();
                            assertThat(ids(batch)).isEqualTo(sent);
                        }
                    } catch (CometException e) {
                        assertThat(e.reason()).isEqualTo(CLIENT_DOES_NOT_EXIST);
                    }
                });
    }

    @Test
    void leaveGroup_noMember_saysSo() {
        CometClient ada = client("ada");
        assertThat(leave(ada, ROOM)).isFalse();
        join(ada, ROOM);

        assertThat(leave(ada, ROOM)).isTrue();
        assertThat(leave(ada, ROOM)).isFalse();
        assertThat(provider.groupsOf(ada)).isEmpty();
    }

    @Test
    void groupMembers_joinedAndLeft_areInTheOrderOfJoining() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        CometClient eve = client("eve");
        assertThat(provider.groupMembers(ROOM)).isEmpty();
        for (CometClient client : List.of(bob, ada, eve)) {
            join(client, ROOM);
        }
        assertThat(provider.groupMembers(ROOM)).containsExactly(bob, ada, eve);

        leave(bob, ROOM);
        join(bob, ROOM);
        assertThat(provider.groupMembers(ROOM)).containsExactly(ada, eve, bob);
        assertThat(provider.groupsOf(bob)).containsExactly(ROOM);

        provider.removeClient(eve, EndReason.DISCONNECTED);
        assertThat(provider.groupMembers(ROOM)).containsExactly(ada, bob);
    }

    @Test
    void groups_joinedAndLeft_areThoseThatSomebodyIsIn() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        assertThat(provider.groups()).isEmpty();
        join(ada, ROOM);
        join(bob, ROOM);
        join(bob, "a } {b} \u2713 *");
        join(ada, "left");
        send(new Audience.Group("left", null));
        leave(ada, "left");

        assertThat(provider.groups()).containsExactlyInAnyOrder(ROOM, "a } {b} \u2713 *");

        provider.removeClient(bob, EndReason.DISCONNECTED);
        assertThat(provider.groups()).containsExactly(ROOM);
        leave(ada, ROOM);
        assertThat(provider.groups()).isEmpty();
    }

    @Test
    @DisplayName("M12 a group whose members have read everything is still their group")
    void tidy_groupWithMembersAndNothingElse_isKept() {
        restart(CometLimits.builder().sharedLog(new LogLimits(10, Long.MAX_VALUE, MINUTE)).build());
        CometClient ada = client("ada");
        join(ada, ROOM);
        provider.tidy();
        long first = send(TO_ROOM);
        assertThat(received(ada)).containsExactly(first);

        read(ada, first);
        pass(MINUTE.plusSeconds(1));
        provider.tidy();

        assertThat(provider.groupMembers(ROOM)).containsExactly(ada);
        long second = send(TO_ROOM);
        assertThat(ids(read(ada, first))).containsExactly(second);
    }

    // ---- history

    @Test
    @DisplayName(
            "M12 history up to the id of joining, and then what arrives: nothing twice or missing")
    void groupHistory_upToJoining_meetsWhatArrives() {
        join(client("host"), ROOM);
        CometClient ada = client("ada");
        long first = send(TO_ROOM);
        send(EVERYONE);
        long second = send(TO_ROOM);
        long joined = join(ada, ROOM);
        long third = send(TO_ROOM);

        assertThat(ids(provider.groupHistory(ROOM, joined, 10))).containsExactly(first, second);
        assertThat(received(ada)).contains(third).doesNotContain(first, second);
    }

    @Test
    void groupHistory_moreThanWanted_isTheLastInRisingOrder() {
        CometClient host = client("host");
        join(host, ROOM);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            sent.add(send(TO_ROOM));
            send(to(host));
        }

        assertThat(ids(provider.groupHistory(ROOM, Long.MAX_VALUE, 3)))
                .isEqualTo(sent.subList(7, 10));
        assertThat(ids(provider.groupHistory(ROOM, sent.get(5), 3))).isEqualTo(sent.subList(3, 6));
        assertThat(ids(provider.groupHistory(ROOM, sent.get(1), 3))).isEqualTo(sent.subList(0, 2));
        assertThat(provider.groupHistory(ROOM, sent.get(0) - 1, 3)).isEmpty();
        assertThat(provider.groupHistory("other", Long.MAX_VALUE, 3)).isEmpty();
    }

    @Test
    void groupHistory_logTurnedOver_isWhatItStillHolds() {
        restart(sharedLog(4, Long.MAX_VALUE));
        CometClient host = client("host");
        join(host, ROOM);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            sent.add(send(TO_ROOM));
            read(host, sent.get(i)); // confirming frees nothing of a shared log
        }

        assertThat(ids(provider.groupHistory(ROOM, Long.MAX_VALUE, 100)))
                .isEqualTo(sent.subList(6, 10));
    }

    // ---- limits

    @Test
    void joinGroup_tooManyGroups_isRefused() {
        restart(
                CometLimits.builder()
                        .maxGroups(2)
                        .sharedLog(new LogLimits(10, Long.MAX_VALUE, MINUTE))
                        .build());
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(ada, "one");
        join(ada, "two");
        long id = send(new Audience.Group("one", null));

        assertRefused(LIMIT_REACHED, () -> join(bob, "three"));
        assertThat(provider.groupsOf(bob)).isEmpty();
        join(bob, "one");

        // A group that nobody is in, that nobody has to read and that holds nothing, is none.
        leave(ada, "one");
        leave(bob, "one");
        read(ada, id);
        read(bob, id);
        pass(MINUTE.plusSeconds(1));
        provider.tidy();
        join(bob, "three");
    }

    @Test
    @DisplayName("a group that is kept for its history alone gives way, the longest unused first")
    void joinGroup_groupsKeptForHistoryAlone_giveWay() {
        restart(
                CometLimits.builder()
                        .maxGroups(3)
                        .sharedLog(new LogLimits(10, Long.MAX_VALUE, LogLimits.ANY_AGE))
                        .build());
        CometClient ada = client("ada");
        join(client("host"), "kept");
        for (String name : List.of("one", "two", "one")) {
            join(ada, name);
            read(ada, send(new Audience.Group(name, null)));
            leave(ada, name);
        }
        provider.tidy();

        join(ada, "three");
        assertThat(provider.groupHistory("two", Long.MAX_VALUE, 10)).as("the longest").isEmpty();
        assertThat(provider.groupHistory("one", Long.MAX_VALUE, 10)).hasSize(2);
        join(ada, "four");
        assertThat(provider.groupHistory("one", Long.MAX_VALUE, 10)).isEmpty();

        assertRefused(LIMIT_REACHED, () -> join(ada, "five"));
        assertThat(provider.groupsOf(ada)).containsExactlyInAnyOrder("three", "four");
        assertThat(provider.groupMembers("kept")).hasSize(1);
    }

    @Test
    @DisplayName("M12 a group that a client has left and not read everything of gives way to none")
    void joinGroup_leftGroupIsUnread_doesNotGiveWay() {
        restart(CometLimits.builder().maxGroups(1).build());
        CometClient ada = client("ada");
        join(ada, "one");
        long unread = send(new Audience.Group("one", null));
        leave(ada, "one");

        assertRefused(LIMIT_REACHED, () -> join(ada, "two"));
        assertThat(received(ada)).containsExactly(unread);
        read(ada, unread);
        join(ada, "two");
        long id = send(new Audience.Group("two", null));
        assertThat(ids(read(ada, unread))).containsExactly(id);
    }

    @Test
    void joinGroup_tooManyMemberships_isRefused() {
        restart(CometLimits.builder().maxGroupsPerClient(2).build());
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(ada, "one");
        join(ada, "two");

        assertRefused(LIMIT_REACHED, () -> join(ada, "three"));
        join(ada, "two");
        join(bob, "three");

        assertThat(provider.groupsOf(ada)).containsExactlyInAnyOrder("one", "two");
        assertThat(provider.groupMembers("three")).containsExactly(bob);
    }

    @Test
    void joinGroup_leftUnreadMembership_countsUntilItIsConfirmed() {
        restart(CometLimits.builder().maxGroupsPerClient(1).build());
        CometClient ada = client("ada");
        join(ada, ROOM);
        long unread = send(TO_ROOM);
        leave(ada, ROOM);

        assertRefused(LIMIT_REACHED, () -> join(ada, "other"));
        assertThat(received(ada)).containsExactly(unread);
        assertRefused(LIMIT_REACHED, () -> join(ada, "other"));

        read(ada, read(ada, 0).cursor());
        join(ada, "other");
    }

    @Test
    void joinGroup_leftMembershipWithNothingToRead_doesNotCount() {
        restart(CometLimits.builder().maxGroupsPerClient(1).build());
        CometClient ada = client("ada");
        join(client("host"), ROOM);
        send(TO_ROOM);
        join(ada, ROOM);
        send(to(ada));
        leave(ada, ROOM);
        send(TO_ROOM);

        join(ada, "other");
        read(ada, send(new Audience.Group("other", null)));
        leave(ada, "other");

        join(ada, ROOM);
    }
}
