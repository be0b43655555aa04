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
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What is shared by those who read the same, and that nobody is given what is another's. */
class LastReadTest {

    private final ManualClock clock = new ManualClock();
    private final InProcCometStateProvider provider = new InProcCometStateProvider();
    private long birth;

    @BeforeEach
    void start() {
        CometLimits limits =
                CometLimits.builder()
                        .sharedLog(new LogLimits(3, 100_000, Duration.ofMinutes(1)))
                        .build();
        provider.start(new ICometStateProvider.Context(limits, clock, new RecordingListener()));
        for (String name : List.of("ada", "bob", "eve")) {
            provider.initializeClient(
                    CometClient.builder().publicToken(name).privateToken(name + "-secret").build());
        }
        birth = provider.confirmedMessageId(client("eve"));
    }

    @AfterEach
    void close() {
        provider.close();
    }

    @Test
    @DisplayName("a broadcast is looked for once, for all that wait at the same cursor")
    void read_sameCursor_sharesTheBatch() {
        send(new Audience.Everyone(null));
        CometBatch first = peek("ada");
        assertThat(first.messages()).hasSize(1);
        assertThat(peek("bob")).isSameAs(first);
    }

    @Test
    @DisplayName(
            "M4: what others read does not reach the one it is not for, nor the other way round")
    void read_everyoneButOne_isNotShared() {
        send(new Audience.Everyone("bob"));
        assertThat(peek("ada").messages()).hasSize(1);
        assertThat(peek("bob").messages()).isEmpty();
        assertThat(peek("eve").messages()).hasSize(1);
    }

    @Test
    @DisplayName("M1: messages of one's own, or of a group, come with what everyone gets")
    void read_moreThanOthers_findsAll() {
        provider.joinGroup(provider.findClientByPublicToken("bob"), "room");
        long broadcast = send(new Audience.Everyone(null));
        long own = send(Audience.one("eve"));
        long group = send(new Audience.Group("room", null));
        assertThat(Logs.ids(peek("ada").messages())).containsExactly(broadcast);
        assertThat(Logs.ids(peek("bob").messages())).containsExactly(broadcast, group);
        assertThat(Logs.ids(peek("eve").messages())).containsExactly(broadcast, own);
        assertThat(Logs.ids(peek("ada").messages())).containsExactly(broadcast);
    }

    @Test
    @DisplayName("M7: once a message was let go, nobody gets it for having been read before")
    void read_messageLetGo_announcesIt() {
        long first = send(new Audience.Everyone(null));
        long last = 0;
        for (int i = 0; i < 2; i++) {
            last = send(new Audience.Everyone(null));
        }
        assertThat(peek("ada").messages()).hasSize(3);
        clock.advance(Duration.ofMinutes(2));
        CometBatch late = peek("bob");
        assertThat(late.messages()).isEmpty();
        assertThat(late.gaps())
                .containsExactly(new CometGap(birth + 1, last, CometGap.Reason.EXPIRED));
        assertThat(first).isLessThan(last);
    }

    @Test
    @DisplayName("M1: less is asked for, less is given")
    void read_otherBounds_isNotShared() {
        send(new Audience.Everyone(null));
        send(new Audience.Everyone(null));
        assertThat(peek("ada").messages()).hasSize(2);
        assertThat(provider.peekMessages(client("bob"), birth, 1, 1_000).messages()).hasSize(1);
    }

    private CometClient client(String name) {
        return provider.findClientByPublicToken(name);
    }

    private CometBatch peek(String client) {
        return provider.peekMessages(client(client), birth, 10, 1_000);
    }

    private long send(Audience audience) {
        return provider.sendMessage(audience, new EncodedMessage("m", "{}".getBytes(UTF_8)));
    }
}
