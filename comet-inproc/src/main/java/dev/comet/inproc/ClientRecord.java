package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * What the store knows of one client. Compared by identity: a token used again is another record.
 */
final class ClientRecord {

    /** In the place of a time: the client was ended. */
    private static final long ENDED = Long.MIN_VALUE;

    // Fields, and no objects of their own: there are as many as clients.
    private static final AtomicLongFieldUpdater<ClientRecord> CONFIRMED_ID =
            AtomicLongFieldUpdater.newUpdater(ClientRecord.class, "confirmedId");
    private static final AtomicLongFieldUpdater<ClientRecord> IDLE_AT =
            AtomicLongFieldUpdater.newUpdater(ClientRecord.class, "idleAt");
    private static final AtomicReferenceFieldUpdater<ClientRecord, @Nullable OwnLog> OWN_LOG =
            AtomicReferenceFieldUpdater.newUpdater(ClientRecord.class, OwnLog.class, "ownLog");

    private final CometClient client;
    private final long birthId;

    /** Null until something is sent to this client by name: most get what everyone gets. */
    private volatile @Nullable OwnLog ownLog;

    private volatile long confirmedId;

    /**
     * When the client will be idle, by the provider's clock counted from its start, or ENDED.
     * Whoever changes it first, keeper or killer, decides.
     */
    private volatile long idleAt;

    /** Replaced as a whole; written under the sequencer, read by anybody. */
    private volatile List<Membership> memberships = List.of();

    private volatile long forgottenId; // written under the sequencer
    private @Nullable ClientRecord forgottenNext; // guarded by the sequencer

    ClientRecord(CometClient client, long birthId, long idleAt) {
        this.client = client;
        this.birthId = birthId;
        this.confirmedId = birthId;
        this.idleAt = idleAt;
    }

    CometClient client() {
        return client;
    }

    /** Messages above this id may be for the client. */
    long birthId() {
        return birthId;
    }

    /** For what reads: as long as there is none, it would be empty and have had nothing. */
    @Nullable OwnLog ownLog() {
        return ownLog;
    }

    /** For what writes: makes it, unless it is there. */
    OwnLog ownLog(LogLimits limits, Memory memory) {
        OwnLog log = ownLog;
        if (log == null) {
            OWN_LOG.compareAndSet(this, null, new OwnLog(client, limits, memory));
            log = Objects.requireNonNull(ownLog);
        }
        return log;
    }

    long confirmedId() {
        return confirmedId;
    }

    void confirm(long id) {
        if (id > confirmedId) {
            CONFIRMED_ID.accumulateAndGet(this, id, Math::max);
        }
        OwnLog log = ownLog;
        if (log != null) {
            log.confirm(id);
        }
    }

    /** Drops from its own log what is too old. Returns how many. */
    int expire(long nowNanos) {
        OwnLog log = ownLog;
        return log == null ? 0 : log.expire(nowNanos);
    }

    /** Since when the oldest message that it has not confirmed waits; {@code now} if none does. */
    long waitsSince(MessageLog everyone, long now) {
        long cursor = Math.max(confirmedId, birthId);
        long since = everyone.waitsSince(this, cursor, Membership.OPEN, now);
        OwnLog own = ownLog;
        if (own != null) {
            since = Math.min(since, own.waitsSince(this, cursor, Membership.OPEN, now));
        }
        List<Membership> current = memberships;
        for (int i = 0; i < current.size(); i++) {
            Membership membership = current.get(i);
            MessageLog log = membership.group().log();
            long above = Math.max(cursor, membership.after());
            since = Math.min(since, log.waitsSince(this, above, membership.until(), now));
        }
        return since;
    }

    List<Membership> memberships() {
        return memberships;
    }

    void memberships(List<Membership> replacement) {
        memberships = List.copyOf(replacement);
    }

    /**
     * The highest id of a message that only a log had which is no longer read for this client.
     * Written before the membership goes, so that who reads it after the memberships misses none.
     */
    long forgottenId() {
        return forgottenId;
    }

    /** Under the sequencer: this membership, which is over, is about to go. */
    void forgets(Membership past) {
        if (past.until() > Math.max(past.after(), forgottenId)) {
            forgottenId = past.until();
        }
    }

    /** Whether above this cursor nothing is to be found for it but in everyone's log. */
    boolean readsOnlyWhatEveryoneDoes(long cursor) {
        OwnLog log = ownLog;
        return memberships.isEmpty()
                && forgottenId <= cursor
                && (log == null || (log.isEmpty() && log.start().id() <= cursor));
    }

    boolean isEnded() {
        return idleAt == ENDED;
    }

    /**
     * @throws CometException CLIENT_DOES_NOT_EXIST if the client was ended
     */
    void requireNotEnded() {
        if (isEnded()) {
            throw wasEnded();
        }
    }

    CometException wasEnded() {
        return CometException.forDevelopers(
                CometException.Reason.CLIENT_DOES_NOT_EXIST,
                "the client " + client.publicToken() + " was ended");
    }

    /** Under the sequencer, after the end: a message to a list that includes it is refused. */
    void refuseListSend() {
        OwnLog log = ownLog;
        ListSend send = log == null ? null : log.undecided();
        if (send != null) {
            send.ended(this);
        }
    }

    /** Under the sequencer, after the end. */
    void discardOwnLog() {
        OwnLog log = ownLog;
        if (log != null) {
            log.discard();
        }
    }

    /** Returns false if the client was ended. */
    boolean keepAlive(long newIdleAt) {
        while (true) {
            long before = idleAt;
            if (before == ENDED) {
                return false;
            }
            if (IDLE_AT.compareAndSet(this, before, newIdleAt)) {
                return true;
            }
        }
    }

    /**
     * Ends the client if it is idle; returns as {@link ICometStateProvider#killIdleCometClient}.
     */
    long endIfIdle(long now) {
        while (true) {
            long at = idleAt;
            if (at == ENDED) {
                return ICometStateProvider.ABSENT;
            }
            if (at > now) {
                return at - now;
            }
            if (IDLE_AT.compareAndSet(this, at, ENDED)) {
                return ICometStateProvider.KILLED;
            }
        }
    }

    /** Ends the client; returns KILLED if this call did it, ABSENT if another had. */
    long end() {
        return IDLE_AT.getAndSet(this, ENDED) == ENDED
                ? ICometStateProvider.ABSENT
                : ICometStateProvider.KILLED;
    }

    /** In how many nanoseconds the client could be idle; zero or less if it is, or was ended. */
    long idleIn(long now) {
        long at = idleAt;
        return at == ENDED ? 0 : at - now;
    }

    // ---- after its end, under the sequencer

    /** It is not forgotten yet; the next one that is not. */
    void forgetLater(@Nullable ClientRecord next) {
        forgottenNext = next;
    }

    @Nullable ClientRecord forgottenNext() {
        return forgottenNext;
    }
}
