package dev.comet.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.testkit.internal.RecordingListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** One provider with a manual clock, and the words in which its rows are written. */
abstract class ProviderRows {

    static final Audience EVERYONE = new Audience.Everyone(null);
    static final String ROOM = "room";
    static final Audience TO_ROOM = new Audience.Group(ROOM, null);

    private static final String SECRET = "secret-of-";
    private static final int MANY = 10_000;
    private static final AtomicLong INCARNATIONS = new AtomicLong();

    final RecordingListener listener;
    final ManualClock clock;
    ICometStateProvider provider;

    private final CometStateProviderContract contract;

    ProviderRows(CometStateProviderContract contract) {
        this(contract, new ManualClock());
    }

    ProviderRows(CometStateProviderContract contract, ManualClock clock) {
        this.contract = contract;
        this.listener = new RecordingListener(contract.patience());
        this.clock = clock;
        this.provider = contract.newProvider();
    }

    /**
     * With limits that most rows never reach; a row that wants others begins with {@link #restart}.
     */
    @BeforeEach
    final void startProvider() {
        start(CometLimits.defaults());
    }

    @AfterEach
    final void closeProvider() {
        provider.close();
    }

    private void start(CometLimits limits) {
        provider.start(new ICometStateProvider.Context(limits, clock, listener));
    }

    /** A new provider with an empty store and these limits. */
    final void restart(CometLimits limits) {
        provider.close();
        provider = contract.newProvider();
        listener.clear();
        start(limits);
    }

    /** Closes the provider and opens what comes up afterwards. */
    final void reopen() {
        provider.close();
        provider = contract.reopenProvider();
        start(CometLimits.defaults());
    }

    final Duration patience() {
        return contract.patience();
    }

    final void pass(Duration duration) {
        contract.pass(clock, duration);
    }

    // ---- limits

    static CometLimits clientLog(int messages, long bytes, OverflowPolicy overflow) {
        return CometLimits.builder()
                .clientLog(new LogLimits(messages, bytes, LogLimits.ANY_AGE))
                .overflow(overflow)
                .build();
    }

    static CometLimits sharedLog(int messages, long bytes) {
        return CometLimits.builder()
                .sharedLog(new LogLimits(messages, bytes, LogLimits.ANY_AGE))
                .build();
    }

    // ---- clients

    static CometClient describe(String name) {
        return describe(name, SECRET + name);
    }

    static CometClient describe(String publicToken, String privateToken) {
        return CometClient.builder()
                .publicToken(publicToken)
                .privateToken(privateToken)
                .connectionIdleSeconds(60)
                .incarnation(INCARNATIONS.incrementAndGet())
                .build();
    }

    /** A new client of that name. */
    final CometClient client(String name) {
        return client(name, SECRET + name);
    }

    final CometClient client(String publicToken, String privateToken) {
        CometClient client = describe(publicToken, privateToken);
        provider.initializeClient(client);
        return client;
    }

    /** More than a provider may care to append to in one go. */
    final List<CometClient> manyClients() {
        List<CometClient> clients = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            clients.add(client("member" + i));
        }
        return clients;
    }

    final long join(CometClient client, String group) {
        return provider.joinGroup(client, group);
    }

    final boolean leave(CometClient client, String group) {
        return provider.leaveGroup(client, group);
    }

    // ---- messages

    static EncodedMessage message(String text) {
        return new EncodedMessage("said", ('"' + text + '"').getBytes(UTF_8));
    }

    /** A message that counts for so many bytes. */
    static EncodedMessage sized(int bytes) {
        return message("x".repeat(bytes - message("").sizeInBytes()));
    }

    static Audience to(CometClient... clients) {
        return to(List.of(clients));
    }

    static Audience to(List<CometClient> clients) {
        return Audience.each(clients.stream().map(CometClient::publicToken).toList());
    }

    static Audience everyoneExcept(CometClient client) {
        return new Audience.Everyone(client.publicToken());
    }

    final long send(Audience audience) {
        return provider.sendMessage(audience, message("hello"));
    }

    final void send(int times, Audience audience) {
        for (int i = 0; i < times; i++) {
            send(audience);
        }
    }

    final CometBatch read(CometClient client, long cursor) {
        return read(client, cursor, MANY, Integer.MAX_VALUE);
    }

    /** Reads, and checks what is true of every batch. */
    final CometBatch read(CometClient client, long cursor, int maxMessages, int maxBytes) {
        return ReadingClient.read(provider, client, cursor, maxMessages, maxBytes);
    }

    /** What comes to a client that has confirmed nothing. */
    final List<Long> received(CometClient client) {
        CometBatch batch = read(client, 0);
        assertThat(batch.gaps()).as("gaps").isEmpty();
        return ids(batch);
    }

    static List<Long> ids(CometBatch batch) {
        return ids(batch.messages());
    }

    static List<Long> ids(List<CometMessage> messages) {
        return messages.stream().map(CometMessage::messageId).toList();
    }

    /** There is one gap, it ends exactly there, for this reason, and it does not begin too late. */
    static void assertGap(CometBatch batch, long firstLost, long lastLost, CometGap.Reason why) {
        assertThat(batch.gaps()).as("one gap to %d", lastLost).hasSize(1);
        CometGap gap = batch.gaps().get(0);
        assertThat(gap.to()).as("end of %s", gap).isEqualTo(lastLost);
        assertThat(gap.from()).as("beginning of %s", gap).isLessThanOrEqualTo(firstLost);
        assertThat(gap.reason()).as("reason of %s", gap).isEqualTo(why);
    }

    /** Refused for this reason, in a text without anybody's private token (C4). */
    static CometException assertRefused(CometException.Reason reason, ThrowingCallable call) {
        CometException refusal = catchThrowableOfType(CometException.class, call);
        assertThat(refusal).as("a CometException").isNotNull();
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.getMessage()).as("[C4] text").isNotBlank().doesNotContain(SECRET);
        return refusal;
    }
}
