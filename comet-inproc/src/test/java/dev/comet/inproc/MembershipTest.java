package dev.comet.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.RecordingListener;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What becomes of memberships that are over, and of groups that nobody is in. */
class MembershipTest {

    private final ManualClock clock = new ManualClock();
    private final InProcCometStateProvider provider = new InProcCometStateProvider();
    private final CometClient ada =
            CometClient.builder().publicToken("ada").privateToken("secret").build();

    @BeforeEach
    void start() {
        CometLimits limits =
                CometLimits.builder()
                        .maxGroups(1)
                        .maxGroupsPerClient(2)
                        .sharedLog(new LogLimits(100, 100_000, Duration.ofMinutes(1)))
                        .build();
        provider.start(new ICometStateProvider.Context(limits, clock, new RecordingListener()));
        provider.initializeClient(ada);
    }

    @AfterEach
    void close() {
        provider.close();
    }

    @Test
    @DisplayName("M12: a past membership counts until its messages are confirmed, and no longer")
    void leave_messagesUnread_countsUntilTheyAreConfirmed() {
        for (int i = 0; i < 2; i++) {
            provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
            send();
            provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        }
        CometBatch batch = read(0);
        assertThat(batch.messages()).hasSize(2);
        read(batch.cursor());
        provider.joinGroup(
                provider.findClientByPublicToken("ada"), "room"); // would be the third of two
        provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        assertThat(provider.groupsOf(ada)).isEmpty();
    }

    @Test
    @DisplayName(
            "M2, M12: a cursor from before a membership that is forgotten gets a gap, not silence")
    void read_backBehindAForgottenMembership_announcesWhatIsGone() {
        long birth = provider.confirmedMessageId(ada);
        provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
        long sent = send();
        provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        assertThat(Logs.ids(read(birth).messages())).containsExactly(sent);
        assertThat(read(sent).isEmpty()).isTrue();
        assertThat(read(birth).gaps())
                .containsExactly(new CometGap(birth + 1, sent, CometGap.Reason.CONFIRMED));
        assertThat(read(sent).isEmpty()).isTrue();
    }

    @Test
    @DisplayName(
            "M2, M12: leaving after everything was confirmed forgets at once, and says so later")
    void leave_everythingConfirmed_announcesItToAnOlderCursor() {
        long birth = provider.confirmedMessageId(ada);
        provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
        long sent = send();
        read(sent);
        provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        assertThat(read(birth).gaps())
                .containsExactly(new CometGap(birth + 1, sent, CometGap.Reason.CONFIRMED));
    }

    @Test
    void leave_nothingWasSent_leavesNothingToAnnounce() {
        long birth = provider.confirmedMessageId(ada);
        provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
        provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        provider.sendMessage(Audience.one("ada"), message());
        assertThat(read(birth).gaps()).isEmpty();
        assertThat(read(0).gaps()).isEmpty();
    }

    @Test
    void tidy_groupEmptyAndUnread_makesRoomForAnother() {
        provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
        send();
        provider.leaveGroup(provider.findClientByPublicToken("ada"), "room");
        provider.tidy();
        assertThat(provider.groupHistory("room", Long.MAX_VALUE, 10)).hasSize(1);
        clock.advance(Duration.ofMinutes(2));
        provider.tidy();
        CometBatch batch = read(0);
        assertThat(batch.gaps()).hasSize(1); // it had been kept for the one who had not read it
        read(batch.cursor());
        provider.tidy();
        provider.joinGroup(provider.findClientByPublicToken("ada"), "another");
        assertThat(provider.groupMembers("another")).containsExactly(ada);
    }

    private long send() {
        return provider.sendMessage(new Audience.Group("room", null), message());
    }

    private static EncodedMessage message() {
        return new EncodedMessage("m", "{}".getBytes(UTF_8));
    }

    private CometBatch read(long cursor) {
        return provider.getMessages(ada, cursor, 100, 100_000);
    }
}
