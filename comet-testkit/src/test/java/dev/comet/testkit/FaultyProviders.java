package dev.comet.testkit;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Providers that are right but for one thing, each with the contract that is to find it. Long
 * because it is a list; each is a few lines.
 */
final class FaultyProviders {

    private FaultyProviders() {}

    /** A contract that does not wait long for what will never come. */
    abstract static class Contract extends CometStateProviderContract {
        @Override
        protected Duration patience() {
            return Duration.ofMillis(500);
        }
    }

    /** What most systems do: an answer that was written is forgotten. */
    static final class LosesOnRead extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    CometBatch batch = super.getMessages(client, cursor, maxMessages, maxBytes);
                    confirm(member(client), batch.cursor());
                    return batch;
                }
            };
        }
    }

    /** A stream whose answer is taken for the client's confirmation. */
    static final class ConfirmsWhatIsStreamed extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch peekMessages(
                        CometClient client, long deliveredId, int maxMessages, int maxBytes) {
                    confirm(member(client), deliveredId);
                    return super.peekMessages(client, deliveredId, maxMessages, maxBytes);
                }
            };
        }
    }

    /** A stream that is not confirmed in time makes senders fail. */
    static final class KeepsWhatWasDelivered extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                List<Entry> toMakeRoom(Member member, EncodedMessage message) {
                    return List.of();
                }
            };
        }
    }

    /** What was delivered once may go for ever, whatever the client says later. */
    static final class NeverTakesDeliveryBack extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                private long highest;

                @Override
                List<Entry> toMakeRoom(Member member, EncodedMessage message) {
                    highest = Math.max(highest, member.delivered);
                    member.delivered = highest;
                    return super.toMakeRoom(member, message);
                }

                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    highest = Math.max(highest, member(client).delivered);
                    return super.getMessages(client, cursor, maxMessages, maxBytes);
                }
            };
        }
    }

    /** Makes room for one recipient, and then is refused for another one. */
    static final class MakesRoomForNothing extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                List<Entry> toMakeRoom(Member member, EncodedMessage message) {
                    for (Entry entry : super.toMakeRoom(member, message)) {
                        letGo(entry, CometGap.Reason.OVERFLOW);
                    }
                    return List.of();
                }
            };
        }
    }

    /** Bounds each log, and not all together. */
    static final class ForgetsTheTotal extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void makeRoom(EncodedMessage message) {}
            };
        }
    }

    /** Lets the logs of some take what others need. */
    static final class ForgetsTheShares extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                boolean isBeyondShare(Member member, EncodedMessage message, List<Entry> without) {
                    return false;
                }
            };
        }
    }

    /** Who has little is full, where others could make room. */
    static final class HasSharesAlways extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                boolean hasShares() {
                    return true;
                }
            };
        }
    }

    /** What makes room for other logs is lost in silence. */
    static final class MakesRoomSilently extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                private boolean makingRoom;

                @Override
                void makeRoom(EncodedMessage message) {
                    makingRoom = true;
                    super.makeRoom(message);
                    makingRoom = false;
                }

                @Override
                void letGo(Entry entry, CometGap.Reason why) {
                    super.letGo(entry, why);
                    if (makingRoom) {
                        long id = entry.message().messageId();
                        entry.receivers().forEach(member -> member.lost.remove(id));
                    }
                }
            };
        }
    }

    /** Drops for others what is newest. */
    static final class DropsTheNewest extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                List<Entry> shared() {
                    List<Entry> newestFirst = new ArrayList<>(super.shared());
                    java.util.Collections.reverse(newestFirst);
                    return newestFirst;
                }
            };
        }
    }

    static final class ConfirmsAnything extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized boolean confirmMessages(CometClient client, long id) {
                    confirm(member(client), id);
                    return true;
                }
            };
        }
    }

    static final class RepeatsIds extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                private int sends;

                @Override
                long nextId() {
                    return sends++ % 3 == 2 ? top : ++top;
                }
            };
        }
    }

    /** One log after the other, instead of merging them. */
    static final class Reorders extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                Collection<Entry> above(long cursor, Member member) {
                    List<Entry> own = new ArrayList<>();
                    List<Entry> shared = new ArrayList<>();
                    for (Entry entry : super.above(cursor, member)) {
                        (entry.log() == member.own ? own : shared).add(entry);
                    }
                    own.addAll(shared);
                    return own;
                }
            };
        }
    }

    /** Idle time begins with the first poll: who never polls lives for ever. */
    static final class ForgetsWhoNeverPolled extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized void initializeClient(CometClient client) {
                    super.initializeClient(client);
                    keepAlive(client, TimeUnit.DAYS.toNanos(365));
                }
            };
        }
    }

    /** Looks first and kills later: others look in between. */
    static final class KillsTwice extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @SuppressWarnings("UnsynchronizedOverridesSynchronized") // that is the fault
                @Override
                public long killIdleCometClient(CometClient client) {
                    synchronized (this) {
                        Member member = find(client);
                        if (member == null) {
                            return ABSENT;
                        }
                        long remaining = member.idleAtNanos - clock.nanos();
                        if (remaining > 0) {
                            return remaining;
                        }
                    }
                    LockSupport.parkNanos(200_000);
                    removeClient(client, EndReason.DISCONNECTED);
                    return KILLED;
                }
            };
        }
    }

    /** Compares clock readings, instead of subtracting them. */
    static final class TrustsTheClocksSign extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized long killIdleCometClient(CometClient client) {
                    Member member = find(client);
                    if (member == null) {
                        return ABSENT;
                    }
                    if (clock.nanos() < member.idleAtNanos) {
                        return member.idleAtNanos - clock.nanos();
                    }
                    removeClient(client, EndReason.DISCONNECTED);
                    return KILLED;
                }
            };
        }
    }

    static final class EvictsSilently extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                List<CometGap> gapsAbove(long cursor, Member member) {
                    return List.of();
                }
            };
        }
    }

    /** Says what was lost when all the rest has been read. */
    static final class AnnouncesLate extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    CometBatch batch = super.getMessages(client, cursor, maxMessages, maxBytes);
                    return batch.cursor() == top
                            ? batch
                            : new CometBatch(List.of(), batch.messages(), batch.cursor());
                }
            };
        }
    }

    static final class DeliversToTheExcluded extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                Set<Member> except(
                        Collection<Member> members, String exceptPublicToken, Audience audience) {
                    return new LinkedHashSet<>(members);
                }
            };
        }
    }

    /** Knows of a shared log only how far it has turned over, not for whom. */
    static final class TakesOthersLossForMine extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void letGo(Entry entry, CometGap.Reason why) {
                    super.letGo(entry, why);
                    long id = entry.message().messageId();
                    for (Member member : byPrivateToken.values()) {
                        boolean reads =
                                entry.log() == everyone || member.groups.containsValue(entry.log());
                        if (reads && id > member.confirmed) {
                            member.lost.putIfAbsent(id, why);
                        }
                    }
                }
            };
        }
    }

    static final class LosesWhatWasSentBeforeLeaving extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                synchronized boolean leave(CometClient client, String name, List<Runnable> news) {
                    Member member = byPublicToken.get(client.publicToken());
                    if (member != null) {
                        Log group = member.groups.get(name);
                        member.waiting.values().removeIf(entry -> entry.log() == group);
                    }
                    return super.leave(client, name, news);
                }
            };
        }
    }

    static final class ConfirmsNothing extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void confirm(Member member, long cursor) {}
            };
        }
    }

    /** Confirmed is gone: who asks again with an older cursor does not hear of it. */
    static final class ForgetsThatItWasConfirmed extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void confirm(Member member, long cursor) {
                    super.confirm(member, cursor);
                    member.freed = 0;
                }
            };
        }
    }

    /** What its groups had for a client goes while somebody reads for it. */
    static final class EndsClientsUnderTheirReaders extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @SuppressWarnings("UnsynchronizedOverridesSynchronized") // that is the fault
                @Override
                public CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    Member member;
                    synchronized (this) {
                        member = member(client);
                    }
                    LockSupport.parkNanos(50_000);
                    synchronized (this) {
                        return read(member, cursor, new ArrayList<>(), maxMessages, maxBytes);
                    }
                }

                @Override
                public synchronized boolean removeClient(CometClient client, EndReason reason) {
                    Member member = find(client);
                    if (member != null) {
                        member.waiting.values().removeIf(entry -> entry.log() != everyone);
                    }
                    return super.removeClient(client, reason);
                }
            };
        }
    }

    /** A group that ever had a message counts for as long as the message is there. */
    static final class KeepsHistoryAtAnyPrice extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                Log longestUnused() {
                    return null;
                }
            };
        }
    }

    /** A group that nobody is in gives way, although somebody has left it who has not read it. */
    static final class GivesUnreadGroupsAway extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                boolean isInUse(Log group) {
                    return !group.members.isEmpty();
                }
            };
        }
    }

    /** Takes a group for unused because its log is empty. */
    static final class TidiesGroupsInUse extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized void tidy() {
                    super.tidy();
                    groups.values().removeIf(group -> group.entries.isEmpty());
                }
            };
        }
    }

    /** A cursor from nowhere is taken for the top: what waited is never seen. */
    static final class TrustsAnyCursor extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    return super.getMessages(client, Math.min(cursor, top), maxMessages, maxBytes);
                }
            };
        }
    }

    /**
     * The cursor is that of the last message: others' traffic leaves a client ever further behind.
     */
    static final class LeavesTheCursorBehind extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    CometBatch batch = super.getMessages(client, cursor, maxMessages, maxBytes);
                    return batch.isEmpty() ? CometBatch.nothing(Math.max(cursor, 0)) : batch;
                }
            };
        }
    }

    /** A batch that is full says that all was read. */
    static final class SkipsTheRest extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometBatch getMessages(
                        CometClient client, long cursor, int maxMessages, int maxBytes) {
                    CometBatch batch = super.getMessages(client, cursor, maxMessages, maxBytes);
                    return new CometBatch(batch.gaps(), batch.messages(), top);
                }
            };
        }
    }

    /** Sends to a list one by one: the first have it when a later one is full or unknown. */
    static final class SendsToSomeOfAList extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                synchronized long append(
                        Audience audience, EncodedMessage message, List<Runnable> news) {
                    long id = 0;
                    if (audience instanceof Audience.Recipients recipients) {
                        for (String recipient : recipients.publicTokens()) {
                            id = super.append(Audience.one(recipient), message, news);
                        }
                        return id;
                    }
                    return super.append(audience, message, news);
                }
            };
        }
    }

    /** Publishes the id before the message can be read: a reader in between is moved past it. */
    static final class PublishesTheIdFirst extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                long nextId() {
                    long id = super.nextId();
                    if (id % 16 == 0) {
                        try {
                            // lets go of the lock, for long enough that somebody reads
                            TimeUnit.MILLISECONDS.timedWait(this, 4);
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                    return id;
                }
            };
        }
    }

    /** The same, for long lists alone. */
    static final class PublishesLongListsFirst extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                private boolean isLong;

                @Override
                synchronized long append(
                        Audience audience, EncodedMessage message, List<Runnable> news) {
                    isLong =
                            audience instanceof Audience.Recipients recipients
                                    && recipients.publicTokens().size() > 64;
                    return super.append(audience, message, news);
                }

                @Override
                long nextId() {
                    long id = super.nextId();
                    if (isLong) {
                        try {
                            // lets go of the lock, for long enough that somebody reads
                            TimeUnit.MILLISECONDS.timedWait(this, 4);
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                    return id;
                }
            };
        }
    }

    static final class TellsUnderTheLock extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized long sendMessage(Audience audience, EncodedMessage message) {
                    return super.sendMessage(audience, message);
                }
            };
        }
    }

    static final class ForgetsToTellAboutGroups extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                synchronized long append(
                        Audience audience, EncodedMessage message, List<Runnable> news) {
                    long id = super.append(audience, message, news);
                    if (audience instanceof Audience.Group) {
                        news.clear();
                    }
                    return id;
                }
            };
        }
    }

    /** Whoever takes the tokens of a client that ended gets its messages. */
    static final class RemembersTheDead extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                private final Map<String, Member> dead = new HashMap<>();

                @Override
                public synchronized boolean removeClient(CometClient client, EndReason reason) {
                    dead.put(client.privateToken(), find(client));
                    return super.removeClient(client, reason);
                }

                @Override
                public synchronized void initializeClient(CometClient client) {
                    super.initializeClient(client);
                    Member before = dead.remove(client.privateToken());
                    if (before != null) {
                        member(client).waiting.putAll(before.waiting);
                    }
                }
            };
        }
    }

    /** Whoever has the tokens by now is taken for the client that is meant. */
    static final class TakesTokensForIdentity extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                Member find(CometClient client) {
                    return byPrivateToken.get(client.privateToken());
                }
            };
        }
    }

    /** Gives back clients that are equal to none. */
    static final class ForgetsIncarnations extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized CometClient findClientByPrivateToken(String privateToken) {
                    CometClient client = super.findClientByPrivateToken(privateToken);
                    return client == null
                            ? null
                            : CometClient.builder()
                                    .publicToken(client.publicToken())
                                    .privateToken(privateToken)
                                    .displayName(client.displayName())
                                    .build();
                }
            };
        }
    }

    static final class ShowsPrivateTokens extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                Member member(CometClient client) {
                    if (find(client) == null) {
                        throw new CometException(
                                CometException.Reason.CLIENT_DOES_NOT_EXIST,
                                "no client has the private token " + client.privateToken());
                    }
                    return super.member(client);
                }
            };
        }
    }

    static final class BeginsAgainAtOne extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                public synchronized void start(Context context) {
                    super.start(context);
                    top = 0;
                }
            };
        }
    }

    /** Stores the name and the contents, and nothing else. */
    static final class ForgetsCorrelationIds extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void append(CometMessage message, Log log, Set<Member> receivers) {
                    EncodedMessage poorer =
                            new EncodedMessage(message.name(), message.encoded().contentsJson());
                    super.append(new CometMessage(message.messageId(), poorer), log, receivers);
                }
            };
        }
    }

    /** What a message says arrives changed: here, without what is not ASCII. */
    static final class ManglesContents extends Contract {
        @Override
        protected ICometStateProvider newProvider() {
            return new NaiveStateProvider() {
                @Override
                void append(CometMessage message, Log log, Set<Member> receivers) {
                    byte[] json = message.encoded().contentsJson();
                    for (int i = 0; i < json.length; i++) {
                        json[i] = json[i] < 0 ? (byte) '?' : json[i];
                    }
                    EncodedMessage ascii = new EncodedMessage(message.name(), json);
                    super.append(new CometMessage(message.messageId(), ascii), log, receivers);
                }
            };
        }
    }
}
