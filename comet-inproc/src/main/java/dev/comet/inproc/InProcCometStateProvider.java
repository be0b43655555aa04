package dev.comet.inproc;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometClock;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.internal.ColdClasses;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps clients and messages in the memory of this process: for one server. What it holds is
 * bounded by {@link CometLimits}, and gone when it stops.
 *
 * <p>A send to a group or to everyone costs one append, one to a list of clients an append for each
 * of them; a long list holds up nobody but the sender of another one. Reading takes no lock that
 * other clients use. Ids begin at the time of day in microseconds, so that those of a later run are
 * higher than those of an earlier one and a stale cursor is recognised.
 *
 * <p>Safe for use by any number of threads; no method waits for anything but other threads' calls.
 */
public final class InProcCometStateProvider implements ICometStateProvider {

    /*
     * Locks: the sequencer, and inside it a log's monitor, each for a few instructions.
     *
     * Readers see the top after everything up to it is in its log, or, of a long list, noted in the reader's own log, where settle finds it. They read the
     * top first, then the logs, and ignore what is above: so whatever they merge is complete up to the top.
     */
    private static final long NEVER = Long.MIN_VALUE;

    private final Sequencer sequencer = new Sequencer();
    private final Clients clients = new Clients();
    private final AtomicReference<@Nullable State> state = new AtomicReference<>();
    private volatile LastRead lastRead = LastRead.NONE; // racy on purpose
    private final LongAdder dropped = new LongAdder();
    private volatile long worstLagNanos; // when tidied last
    private final AtomicLong deliveredDroppedAt = new AtomicLong(NEVER);

    /** The first of those that are not forgotten yet; written under the sequencer. */
    private volatile @Nullable ClientRecord unforgotten;

    /** What start provides. */
    private record State(
            CometLimits limits,
            Listener listener,
            Memory memory,
            MessageLog everyone,
            Groups groups,
            OwnSends ownSends,
            LongSupplier time) {

        /** Time since the start: small, positive and free of overflow, whatever the clock reads. */
        long now() {
            return time.getAsLong();
        }
    }

    /** An empty store, for one {@link dev.comet.CometStateManager}. */
    public InProcCometStateProvider() {}

    @Override
    public void start(Context context) {
        CometLimits limits = context.limits();
        CometClock clock = context.clock();
        long startNanos = clock.nanos();
        LongSupplier time = () -> clock.nanos() - startNanos;
        Memory memory = new Memory(limits, () -> dropDelivered(time.getAsLong()));
        State started =
                new State(
                        limits,
                        context.listener(),
                        memory,
                        new MessageLog(limits.sharedLog(), memory.shared()),
                        new Groups(sequencer, limits, memory),
                        new OwnSends(sequencer, limits, memory, time, dropped),
                        time);
        ColdClasses.initialise(
                InProcCometStateProvider.class,
                "BatchReader",
                "ClientRecord",
                "LogEntry",
                "Members");
        if (!state.compareAndSet(null, started)) {
            throw new IllegalStateException(
                    "this provider serves a manager already; make one provider for each manager");
        }
        sequencer.beginAt(Math.max(0, microseconds(clock.now())));
    }

    private static long microseconds(Instant time) {
        return TimeUnit.SECONDS.toMicros(time.getEpochSecond())
                + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    private State state() {
        State started = state.get();
        if (started == null) {
            throw new IllegalStateException(
                    "this provider was not started; give it to a CometStateManager");
        }
        return started;
    }

    @Override
    public boolean readsFromMemory() {
        return true;
    }

    // ---- clients

    @Override
    public void initializeClient(CometClient client) {
        State s = state();
        sequencer.lock();
        try {
            clients.requireUnused(client);
            if (clients.count() >= s.limits().maxClients()) {
                throw new CometException(
                        CometException.Reason.LIMIT_REACHED,
                        "there are "
                                + clients.count()
                                + " clients; CometLimits.maxClients allows no more");
            }
            long idleAt = s.now() + TimeUnit.SECONDS.toNanos(client.connectionIdleSeconds());
            clients.add(new ClientRecord(client, sequencer.top(), idleAt));
        } finally {
            sequencer.unlock();
        }
    }

    @Override
    public @Nullable CometClient findClientByPrivateToken(String privateToken) {
        ClientRecord record = clients.findPrivate(privateToken);
        return record == null ? null : record.client();
    }

    @Override
    public @Nullable CometClient findClientByPublicToken(String publicToken) {
        ClientRecord record = clients.findPublic(publicToken);
        return record == null ? null : record.client();
    }

    @Override
    public List<CometClient> clients() {
        return clients.snapshot();
    }

    @Override
    public boolean keepAlive(CometClient client, long idleInNanos) {
        ClientRecord record = clients.find(client);
        return record != null && record.keepAlive(state().now() + idleInNanos);
    }

    @Override
    public long killIdleCometClient(CometClient client) {
        ClientRecord record = clients.find(client);
        if (record == null) {
            return ABSENT;
        }
        long now = state().now();
        long remaining = record.idleIn(now);
        return remaining > 0 ? remaining : end(record, () -> record.endIfIdle(now));
    }

    @Override
    public boolean removeClient(CometClient client, CometClientEventHandler.EndReason reason) {
        ClientRecord record = clients.find(client);
        return record != null && end(record, record::end) == KILLED;
    }

    /**
     * Whoever sees that the client has ended can take its tokens at once: to do so it has to wait
     * for the sequencer, and so for the end to be complete.
     */
    private long end(ClientRecord record, LongSupplier attempt) {
        sequencer.lock();
        try {
            long answer = attempt.getAsLong();
            if (answer == KILLED) {
                clients.remove(record);
                record.refuseListSend();
                forget(record);
            }
            return answer;
        } finally {
            sequencer.unlock();
        }
    }

    /**
     * Whatever happens, the client has ended, and its end is told. Without memory to give up its
     * log and its place in groups, that is done when the store tidies up.
     */
    private void forget(ClientRecord record) {
        try {
            record.discardOwnLog();
            state().groups().forgetAll(record);
        } catch (OutOfMemoryError e) {
            record.forgetLater(unforgotten);
            unforgotten = record;
        }
    }

    /** Those of which {@link #forget} could not. */
    private void forgetTheRest() {
        if (unforgotten == null) {
            return; // the common case, without the lock
        }
        sequencer.lock();
        try {
            for (ClientRecord record = unforgotten; record != null; record = unforgotten) {
                record.discardOwnLog();
                state().groups().forgetAll(record);
                unforgotten = record.forgottenNext(); // last: what fails is tried again
            }
        } finally {
            sequencer.unlock();
        }
    }

    // ---- sending

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        if (audience instanceof Audience.Recipients recipients) {
            return sendToEach(recipients, message);
        }
        if (audience instanceof Audience.Group group) {
            long id = sendToGroup(group, message);
            state().listener().groupGrew(group.group());
            return id;
        }
        Audience.Everyone everyone = (Audience.Everyone) audience;
        long id = sendToEveryone(everyone, message);
        state().listener().everyoneGrew();
        return id;
    }

    private long sendToEach(Audience.Recipients recipients, EncodedMessage message) {
        State s = state();
        List<ClientRecord> receivers = new ArrayList<>(recipients.publicTokens().size());
        for (String token : recipients.publicTokens()) {
            receivers.add(clients.receiver(token, recipients));
        }
        try {
            long id = s.ownSends().send(receivers, message);
            wake(receivers);
            return id;
        } catch (Error e) {
            wake(receivers); // some may have the message
            throw e;
        }
    }

    private void wake(List<ClientRecord> receivers) {
        for (ClientRecord receiver : receivers) {
            state().listener().clientGrew(receiver.client());
        }
    }

    private long sendToGroup(Audience.Group audience, EncodedMessage message) {
        long cost = Memory.cost(message, 1);
        while (true) {
            sequencer.lock();
            try {
                GroupLog group = state().groups().find(audience.group());
                if (group == null || state().memory().hasRoomFor(cost)) {
                    LogEntry entry =
                            nextEntry(message, except(audience.exceptPublicToken(), audience));
                    if (group != null) {
                        append(group.log(), entry);
                    }
                    return sequencer.publish(entry);
                }
            } finally {
                sequencer.unlock();
            }
            state().memory().makeRoom(cost);
        }
    }

    private long sendToEveryone(Audience.Everyone audience, EncodedMessage message) {
        long cost = Memory.cost(message, 1);
        while (true) {
            sequencer.lock();
            try {
                if (state().memory().hasRoomFor(cost)) {
                    LogEntry entry =
                            nextEntry(message, except(audience.exceptPublicToken(), audience));
                    append(state().everyone(), entry);
                    return sequencer.publish(entry);
                }
            } finally {
                sequencer.unlock();
            }
            state().memory().makeRoom(cost);
        }
    }

    private @Nullable ClientRecord except(@Nullable String publicToken, Audience audience) {
        ClientRecord except = publicToken == null ? null : clients.findPublic(publicToken);
        return except != null && audience.means(except.client()) ? except : null;
    }

    private LogEntry nextEntry(EncodedMessage message, @Nullable ClientRecord except) {
        return new LogEntry(new CometMessage(sequencer.top() + 1, message), state().now(), except);
    }

    private static void append(MessageLog log, LogEntry entry) {
        log.expire(entry.appendedNanos());
        log.append(entry, entry.id());
    }

    // ---- reading

    @Override
    public CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        State s = state();
        ClientRecord record = clients.existing(client);
        long upTo = sequencer.top();
        long cursor = lastMessageId;
        List<CometGap> gaps = List.of();
        if (lastMessageId <= 0) {
            cursor = record.birthId();
        } else if (lastMessageId > upTo || lastMessageId < record.birthId()) {
            cursor = record.confirmedId();
            gaps = List.of(new CometGap(0, cursor, CometGap.Reason.UNKNOWN_CURSOR));
        } else {
            confirm(s, record, cursor);
        }
        return read(s, record, cursor, upTo, gaps, maxMessages, maxBytes);
    }

    @Override
    public CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        ClientRecord record = clients.existing(client);
        long top = sequencer.top();
        return read(state(), record, deliveredId, top, List.of(), maxMessages, maxBytes);
    }

    @Override
    public boolean confirmMessages(CometClient client, long lastMessageId) {
        ClientRecord record = clients.existing(client);
        if (lastMessageId > sequencer.top() || lastMessageId < record.birthId()) {
            return false;
        }
        confirm(state(), record, lastMessageId);
        return true;
    }

    private static void confirm(State s, ClientRecord record, long cursor) {
        record.confirm(cursor);
        s.groups().forgetPast(record, cursor);
    }

    private CometBatch read(
            State s,
            ClientRecord record,
            long cursor,
            long top,
            List<CometGap> gaps,
            int maxMessages,
            int maxBytes) {
        long upTo = top;
        long now = s.now();
        OwnLog own = record.ownLog();
        if (own != null) {
            own.delivered(cursor);
            own.settle();
        }
        dropped.add(record.expire(now));
        s.everyone().expire(now);
        boolean shared =
                gaps.isEmpty()
                        && cursor >= record.birthId()
                        && record.readsOnlyWhatEveryoneDoes(cursor);
        long head = s.everyone().start().head();
        LastRead last = lastRead;
        if (shared && last.isOf(cursor, top, maxMessages, maxBytes, head)) {
            return unlessEnded(record, last.batch());
        }
        while (true) {
            BatchReader reader = new BatchReader(record, cursor, upTo, maxMessages, gaps);
            own = record.ownLog();
            if (own != null) {
                reader.read(own, cursor, Membership.OPEN);
            }
            reader.read(s.everyone(), Math.max(cursor, record.birthId()), Membership.OPEN);
            for (Membership membership : record.memberships()) {
                MessageLog log = membership.group().log();
                log.expire(now);
                reader.read(log, Math.max(cursor, membership.after()), membership.until());
            }
            reader.forgotten(record.forgottenId());
            if (!reader.wasOvertaken()) {
                CometBatch batch = reader.batch(maxBytes);
                if (shared
                        && upTo == top
                        && record.readsOnlyWhatEveryoneDoes(cursor) // still: no gap is its own
                        && s.everyone().isSameForAll(cursor)) {
                    lastRead = new LastRead(cursor, top, maxMessages, maxBytes, head, batch);
                }
                return unlessEnded(record, batch);
            }
            upTo = sequencer.top();
            own = record.ownLog();
            if (own != null) {
                own.settle();
            }
        }
    }

    /** What is read while a client is ended may lack what its groups had for it. */
    private static CometBatch unlessEnded(ClientRecord record, CometBatch batch) {
        record.requireNotEnded();
        return batch;
    }

    @Override
    public long confirmedMessageId(CometClient client) {
        return clients.existing(client).confirmedId();
    }

    // ---- groups

    @Override
    public long joinGroup(CometClient client, String group) {
        State s = state();
        ClientRecord record = clients.existing(client);
        // Joins and leaves of one client are told in the order in which they took effect; the
        // listener returns at once.
        synchronized (record) {
            long after;
            sequencer.lock();
            try {
                record.requireNotEnded();
                after = s.groups().join(record, group);
            } finally {
                sequencer.unlock();
            }
            s.listener().joined(record.client(), group);
            return after;
        }
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        State s = state();
        ClientRecord record = clients.existing(client);
        synchronized (record) {
            boolean left;
            sequencer.lock();
            try {
                left = s.groups().leave(record, group);
            } finally {
                sequencer.unlock();
            }
            if (left) {
                s.listener().left(record.client(), group);
            }
            return left;
        }
    }

    @Override
    public Set<String> groupsOf(CometClient client) {
        ClientRecord record = clients.find(client);
        Set<String> names = new LinkedHashSet<>();
        if (record != null) {
            record.memberships().stream()
                    .filter(Membership::isOpen)
                    .forEach(m -> names.add(m.group().name()));
        }
        return names;
    }

    @Override
    public List<String> groups() {
        return state().groups().withMembers();
    }

    @Override
    public List<CometClient> groupMembers(String group) {
        GroupLog log = state().groups().find(group);
        return log == null ? List.of() : log.members();
    }

    @Override
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        State s = state();
        GroupLog log = s.groups().find(group);
        if (log == null) {
            return List.of();
        }
        log.log().expire(s.now());
        return log.log().lastUpTo(Math.min(upTo, sequencer.top()), maxMessages);
    }

    // ---- life

    @Override
    public void tidy() {
        State s = state();
        long now = s.now();
        s.everyone().expire(now);
        lastRead = LastRead.NONE; // messages are not kept for longer than their log does
        forgetTheRest();
        s.groups().tidy(now);
        long oldest = now;
        for (ClientRecord record : clients.all()) {
            dropped.add(record.expire(now));
            OwnLog own = record.ownLog();
            if (own != null) {
                own.unlistIfEmpty();
            }
            oldest = Math.min(oldest, record.waitsSince(s.everyone(), now));
        }
        worstLagNanos = now - oldest;
    }

    /** At most once a second: it looks at every client. */
    private void dropDelivered(long now) {
        long before = deliveredDroppedAt.get();
        if ((before != NEVER && now - before < TimeUnit.SECONDS.toNanos(1))
                || !deliveredDroppedAt.compareAndSet(before, now)) {
            return;
        }
        for (ClientRecord record : clients.all()) {
            OwnLog own = record.ownLog();
            if (own != null) {
                own.dropDelivered();
            }
        }
    }

    @Override
    public Usage usage() {
        Memory memory = state().memory();
        return new Usage(
                clients.count(),
                memory.messages(),
                memory.bytes(),
                dropped.sum() + memory.own().lostMessages(),
                Duration.ofNanos(worstLagNanos));
    }

    @Override
    public ClientUsage usage(CometClient client) {
        State s = state();
        ClientRecord record = clients.find(client);
        if (record == null) {
            return ClientUsage.NONE;
        }
        long now = s.now();
        return new ClientUsage(
                Duration.ofNanos(now - record.waitsSince(s.everyone(), now)),
                Duration.ofNanos(Math.max(0, record.idleIn(now))));
    }

    @Override
    public void close() {
        clients.clear();
        lastRead = LastRead.NONE;
        State started = state.get();
        if (started != null) {
            started.groups().clear();
        }
    }
}
