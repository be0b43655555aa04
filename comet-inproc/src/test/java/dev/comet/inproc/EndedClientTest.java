package dev.comet.inproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometClock;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.testkit.internal.RecordingListener;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A client that is ended while somebody reads for it: after the look-up, before the logs. */
class EndedClientTest {

    private final InProcCometStateProvider provider = new InProcCometStateProvider();
    private Runnable meanwhile = EndedClientTest::nothing;

    /** A reader looks at the clock once it knows whom it reads for. */
    private final CometClock clock =
            new CometClock() {
                @Override
                public long nanos() {
                    Runnable task = meanwhile;
                    meanwhile = EndedClientTest::nothing;
                    task.run();
                    return 0;
                }

                @Override
                public Instant now() {
                    return Instant.EPOCH;
                }

                @Override
                public void parkUntil(long untilNanos) {
                    throw new UnsupportedOperationException();
                }
            };

    private CometClient ada;
    private CometClient bob;
    private long birth;

    @BeforeEach
    void start() {
        CometLimits limits = CometLimits.defaults();
        provider.start(new ICometStateProvider.Context(limits, clock, new RecordingListener()));
        ada = initialize("ada");
        bob = initialize("bob");
        provider.joinGroup(provider.findClientByPublicToken("ada"), "room");
        birth = provider.confirmedMessageId(ada);
    }

    private CometClient initialize(String name) {
        CometClient client = CometClient.builder().publicToken(name).build();
        provider.initializeClient(client);
        return client;
    }

    @AfterEach
    void close() {
        provider.close();
    }

    @Test
    @DisplayName("M1 what is read while the client is ended is not delivered: it would be in part")
    void getMessages_endedMeanwhile_isRefused() {
        sendToRoomAndToEveryone();
        endAdaMeanwhile();

        assertGone(() -> provider.getMessages(ada, 0, 10, 1_000));
    }

    @Test
    @DisplayName("M1 nor what a stream reads")
    void peekMessages_endedMeanwhile_isRefused() {
        sendToRoomAndToEveryone();
        endAdaMeanwhile();

        assertGone(() -> provider.peekMessages(ada, birth, 10, 1_000));
    }

    @Test
    @DisplayName("M1 nor what another client has just read at the same cursor")
    void peekMessages_endedMeanwhileAndReadByOthers_isRefused() {
        long id = sendToRoomAndToEveryone();
        assertThat(Logs.ids(peek(bob))).containsExactly(id);
        endAdaMeanwhile();

        assertGone(() -> provider.peekMessages(ada, birth, 10, 1_000));
        assertThat(Logs.ids(peek(bob))).containsExactly(id);
    }

    private List<CometMessage> peek(CometClient client) {
        return provider.peekMessages(client, birth, 10, 1_000).messages();
    }

    private static void nothing() {}

    private void endAdaMeanwhile() {
        meanwhile = () -> provider.removeClient(ada, EndReason.DISCONNECTED);
    }

    private static void assertGone(ThrowingCallable read) {
        assertThatThrownBy(read)
                .isInstanceOfSatisfying(
                        CometException.class,
                        e ->
                                assertThat(e.reason())
                                        .isEqualTo(CometException.Reason.CLIENT_DOES_NOT_EXIST));
    }

    private long sendToRoomAndToEveryone() {
        send(new Audience.Group("room", null));
        return send(new Audience.Everyone(null));
    }

    private long send(Audience audience) {
        return provider.sendMessage(audience, new EncodedMessage("m", "{}".getBytes(UTF_8)));
    }
}
