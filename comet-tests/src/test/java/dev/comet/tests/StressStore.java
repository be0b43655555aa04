package dev.comet.tests;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EncodedMessage;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The in-process provider, which at random is slow and fails, before it does what it is asked or,
 * as far as that leaves no doubt who exists, after it. It tells the record what it did.
 */
final class StressStore extends DelegatingProvider {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /** To a group without members: costs nothing but the next id. */
    private static final Audience NOBODY = new Audience.Group("(nobody)", null);

    private static final EncodedMessage PROBE =
            new EncodedMessage("probe", null, "1".getBytes(StandardCharsets.UTF_8));

    private final StressRecord record;
    private final boolean fromMemory;
    private final long seed;
    private final AtomicLong calls = new AtomicLong();
    final AtomicLong injected = new AtomicLong();
    private volatile boolean troubled;

    /** For each private token: what its clients are is changed and recorded in one step. */
    private final ConcurrentHashMap<String, Object> lives = new ConcurrentHashMap<>();

    StressStore(StressRecord record, boolean fromMemory, long seed) {
        this.record = record;
        this.fromMemory = fromMemory;
        this.seed = seed;
        this.troubled = !fromMemory;
    }

    /** From now on it is fast and well. */
    void recovers() {
        troubled = false;
    }

    private void trouble() {
        if (!troubled) {
            return;
        }
        long mixed = (seed + calls.incrementAndGet() * GOLDEN) ^ GOLDEN;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        long dice = (mixed >>> 33) % 10_000;
        if (dice < 200) {
            LockSupport.parkNanos(dice * 10_000);
        } else if (dice < 240) {
            injected.incrementAndGet();
            throw new IllegalStateException("the store fails, as the stress wants");
        } else if (dice < 250) {
            injected.incrementAndGet();
            throw new OutOfMemoryError("not a real one: the stress wants it");
        }
    }

    private long top() {
        return super.sendMessage(NOBODY, PROBE);
    }

    private Object lifeOf(String privateToken) {
        return lives.computeIfAbsent(privateToken, token -> new Object());
    }

    @Override
    public boolean readsFromMemory() {
        return fromMemory;
    }

    // ---- who exists: fails before it acts, or not at all

    @Override
    public void initializeClient(CometClient client) {
        trouble();
        synchronized (lifeOf(client.privateToken())) {
            super.initializeClient(client);
            record.born(record.of(client), super.confirmedMessageId(client));
        }
    }

    @Override
    public boolean removeClient(CometClient client, EndReason reason) {
        trouble();
        synchronized (lifeOf(client.privateToken())) {
            if (!client.equals(super.findClientByPrivateToken(client.privateToken()))) {
                return super.removeClient(client, reason);
            }
            Incarnation one = record.of(client);
            one.removalBegins(record.tick());
            long certain = top();
            boolean removed = super.removeClient(client, reason);
            record.died(one, certain, top());
            return removed;
        }
    }

    @Override
    public long killIdleCometClient(CometClient client) {
        trouble();
        synchronized (lifeOf(client.privateToken())) {
            if (!client.equals(super.findClientByPrivateToken(client.privateToken()))) {
                return super.killIdleCometClient(client);
            }
            long tick = record.tick();
            long certain = top();
            long answer = super.killIdleCometClient(client);
            if (answer == KILLED) {
                Incarnation one = record.of(client);
                one.removalBegins(tick);
                record.died(one, certain, top());
            }
            return answer;
        }
    }

    @Override
    public long joinGroup(CometClient client, String group) {
        trouble();
        synchronized (lifeOf(client.privateToken())) {
            long after = super.joinGroup(client, group);
            Incarnation one = record.of(client);
            record.history.joined(one.name, group, after);
            one.joined(group);
            return after;
        }
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        trouble();
        synchronized (lifeOf(client.privateToken())) {
            long certain = top();
            boolean left = super.leaveGroup(client, group);
            if (left) {
                Incarnation one = record.of(client);
                record.history.left(one.name, group, certain, top());
                one.left(group);
            }
            return left;
        }
    }

    @Override
    public Set<String> groupsOf(CometClient client) {
        trouble();
        return super.groupsOf(client);
    }

    @Override
    public @Nullable CometClient findClientByPrivateToken(String privateToken) {
        trouble();
        return super.findClientByPrivateToken(privateToken);
    }

    @Override
    public boolean keepAlive(CometClient client, long idleInNanos) {
        trouble();
        boolean alive = super.keepAlive(client, idleInNanos);
        trouble();
        return alive;
    }

    // ---- messages

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        trouble();
        long sending = record.history.sending();
        long id = super.sendMessage(audience, message);
        record.accepted(sending, id, audience, message.correlationId());
        trouble(); // the sender knows nothing then, and it arrives all the same
        return id;
    }

    @Override
    public CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        trouble();
        CometBatch batch = super.getMessages(client, lastMessageId, maxMessages, maxBytes);
        trouble();
        return batch;
    }

    @Override
    public CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        trouble();
        CometBatch batch = super.peekMessages(client, deliveredId, maxMessages, maxBytes);
        trouble();
        return batch;
    }

    @Override
    public boolean confirmMessages(CometClient client, long lastMessageId) {
        trouble();
        boolean confirmed = super.confirmMessages(client, lastMessageId);
        trouble();
        return confirmed;
    }
}
