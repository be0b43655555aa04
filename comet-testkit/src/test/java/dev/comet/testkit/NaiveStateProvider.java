package dev.comet.testkit;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometClock;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A provider as simple as it can be, to test the contract with: one lock, and a list of what waits
 * for each client, made when a message is sent. Slow; correct. Its steps are methods, so that
 * {@link FaultyProviders} can get one wrong. Long because that is all there is of it.
 */
class NaiveStateProvider implements ICometStateProvider {

    /** A message in a log, and the clients that it is for and that may still need it. */
    record Entry(CometMessage message, Log log, long sentNanos, Set<Member> receivers) {
        int bytes() {
            return message.encoded().sizeInBytes();
        }
    }

    /** A log: everyone's, a group's, or a client's own. */
    static final class Log {
        final LogLimits limits;
        final Deque<Entry> entries = new ArrayDeque<>();
        final Map<Member, Long> members = new LinkedHashMap<>(); // a group's; since when
        long bytes;

        Log(LogLimits limits) {
            this.limits = limits;
        }

        boolean isFullFor(EncodedMessage message) {
            return isFullFor(message, List.of());
        }

        boolean isFullFor(EncodedMessage message, List<Entry> without) {
            int size = entries.size() - without.size();
            long held = bytes - without.stream().mapToLong(Entry::bytes).sum();
            return size > 0
                    && (size >= limits.maxMessages()
                            || held + message.sizeInBytes() > limits.maxBytes());
        }

        void remove(Entry entry) {
            if (entries.remove(entry)) {
                bytes -= entry.bytes();
            }
        }
    }

    /** A client, and what it has not confirmed. */
    static final class Member {
        final CometClient client;
        final long birth;
        final Log own;
        final TreeMap<Long, Entry> waiting = new TreeMap<>();
        final TreeMap<Long, CometGap.Reason> lost = new TreeMap<>();
        final Map<String, Log> groups = new LinkedHashMap<>();
        long confirmed;
        long delivered; // what a stream was given, or a poll has
        long freed; // the highest id that was confirmed and is gone
        long idleAtNanos;

        Member(CometClient client, long birth, Log own) {
            this.client = client;
            this.birth = birth;
            this.own = own;
            this.confirmed = birth;
        }
    }

    // All guarded by this; the listener is called without it.
    final Map<String, Member> byPrivateToken = new LinkedHashMap<>();
    final Map<String, Member> byPublicToken = new HashMap<>();
    final Map<String, Log> groups = new HashMap<>();
    private final Set<Log> unused = new LinkedHashSet<>(); // the longest unused first
    CometLimits limits = CometLimits.defaults();
    CometClock clock = CometClock.system();
    private Listener listener;
    Log everyone;
    long top;

    @Override
    public synchronized void start(Context context) {
        if (listener != null) {
            throw new IllegalStateException("started already");
        }
        limits = context.limits();
        clock = context.clock();
        listener = context.listener();
        everyone = new Log(limits.sharedLog());
        top = clock.now().toEpochMilli() * 1_000;
    }

    @Override
    public void close() {}

    /** Tells the listener; never while the lock is held. */
    void tell(List<Runnable> news) {
        news.forEach(Runnable::run);
    }

    private static CometException refusal(Reason reason) {
        return new CometException(reason, reason.code());
    }

    Member member(CometClient client) {
        return known(find(client));
    }

    /** This very client, and none that has its tokens by now. */
    Member find(CometClient client) {
        Member member = byPrivateToken.get(client.privateToken());
        return member != null && member.client.equals(client) ? member : null;
    }

    private Member memberAt(String publicToken) {
        return known(byPublicToken.get(publicToken));
    }

    private static Member known(Member member) {
        if (member == null) {
            throw refusal(Reason.CLIENT_DOES_NOT_EXIST);
        }
        return member;
    }

    // ---- clients

    @Override
    public synchronized void initializeClient(CometClient client) {
        if (byPrivateToken.containsKey(client.privateToken())
                || byPublicToken.containsKey(client.publicToken())) {
            throw refusal(Reason.CLIENT_ALREADY_EXISTS);
        }
        if (byPrivateToken.size() >= limits.maxClients()) {
            throw refusal(Reason.LIMIT_REACHED);
        }
        Member member = new Member(client, top, new Log(limits.clientLog()));
        member.idleAtNanos = clock.nanos() + client.connectionIdleSeconds() * 1_000_000_000L;
        byPrivateToken.put(client.privateToken(), member);
        byPublicToken.put(client.publicToken(), member);
    }

    private static CometClient clientOf(Member member) {
        return member == null ? null : member.client;
    }

    private static List<CometClient> clientsOf(Collection<Member> members) {
        return members.stream().map(m -> m.client).toList();
    }

    @Override
    public synchronized CometClient findClientByPrivateToken(String privateToken) {
        return clientOf(byPrivateToken.get(privateToken));
    }

    @Override
    public synchronized CometClient findClientByPublicToken(String publicToken) {
        return clientOf(byPublicToken.get(publicToken));
    }

    @Override
    public synchronized List<CometClient> clients() {
        return clientsOf(byPrivateToken.values());
    }

    @Override
    public synchronized Usage usage() {
        return new Usage(byPrivateToken.size(), 0, 0, 0, Duration.ZERO);
    }

    @Override
    public synchronized boolean keepAlive(CometClient client, long idleInNanos) {
        Member member = find(client);
        if (member != null) {
            member.idleAtNanos = clock.nanos() + idleInNanos;
        }
        return member != null;
    }

    @Override
    public synchronized long killIdleCometClient(CometClient client) {
        Member member = find(client);
        if (member == null) {
            return ABSENT;
        }
        long remaining = member.idleAtNanos - clock.nanos();
        if (remaining > 0) {
            return remaining;
        }
        removeClient(client, EndReason.DISCONNECTED);
        return KILLED;
    }

    @Override
    public synchronized boolean removeClient(CometClient client, EndReason reason) {
        Member member = find(client);
        if (member == null) {
            return false;
        }
        byPrivateToken.remove(client.privateToken());
        byPublicToken.remove(member.client.publicToken());
        member.groups.values().forEach(group -> group.members.remove(member));
        forgetEmptyGroups();
        return true;
    }

    // ---- reading

    @Override
    public synchronized CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        Member member = member(client);
        long cursor = Math.max(lastMessageId, 0);
        List<CometGap> gaps = new ArrayList<>();
        if (cursor > top || (cursor > 0 && cursor < member.birth)) {
            cursor = member.confirmed;
            gaps.add(new CometGap(cursor, cursor, CometGap.Reason.UNKNOWN_CURSOR));
        } else if (cursor > 0) {
            confirm(member, cursor);
        }
        return read(member, cursor, gaps, maxMessages, maxBytes);
    }

    @Override
    public synchronized CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        return read(member(client), deliveredId, new ArrayList<>(), maxMessages, maxBytes);
    }

    @Override
    public synchronized boolean confirmMessages(CometClient client, long lastMessageId) {
        Member member = member(client);
        if (lastMessageId > top || lastMessageId < member.birth) {
            return false;
        }
        confirm(member, lastMessageId);
        return true;
    }

    CometBatch read(
            Member member, long cursor, List<CometGap> gaps, int maxMessages, int maxBytes) {
        member.delivered = cursor;
        if (member.freed > cursor) {
            gaps.add(new CometGap(cursor + 1, member.freed, CometGap.Reason.CONFIRMED));
        }
        gaps.addAll(gapsAbove(cursor, member));
        List<CometMessage> found = new ArrayList<>();
        long bytes = 0;
        for (Entry entry : above(cursor, member)) {
            bytes += entry.bytes();
            if (found.size() == maxMessages || (!found.isEmpty() && bytes > maxBytes)) {
                return new CometBatch(gaps, found, found.get(found.size() - 1).messageId());
            }
            found.add(entry.message());
        }
        return new CometBatch(gaps, found, top);
    }

    Collection<Entry> above(long cursor, Member member) {
        return member.waiting.tailMap(cursor, false).values();
    }

    List<CometGap> gapsAbove(long cursor, Member member) {
        List<CometGap> gaps = new ArrayList<>();
        for (CometGap.Reason reason : CometGap.Reason.values()) {
            List<Long> ids = new ArrayList<>();
            member.lost
                    .tailMap(cursor, false)
                    .forEach(
                            (id, why) -> {
                                if (why == reason) {
                                    ids.add(id);
                                }
                            });
            if (!ids.isEmpty()) {
                gaps.add(new CometGap(ids.get(0), ids.get(ids.size() - 1), reason));
            }
        }
        return gaps;
    }

    void confirm(Member member, long cursor) {
        member.confirmed = Math.max(member.confirmed, cursor);
        Map<Long, Entry> done = member.waiting.headMap(cursor, true);
        for (Entry entry : done.values()) {
            member.freed = Math.max(member.freed, entry.message().messageId());
            member.own.remove(entry);
        }
        done.clear();
        member.lost.headMap(cursor, true).clear();
        forgetEmptyGroups();
    }

    @Override
    public synchronized long confirmedMessageId(CometClient client) {
        return member(client).confirmed;
    }

    // ---- sending

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        List<Runnable> news = new ArrayList<>();
        long id = append(audience, message, news);
        tell(news);
        return id;
    }

    synchronized long append(Audience audience, EncodedMessage message, List<Runnable> news) {
        if (audience instanceof Audience.Recipients recipients) {
            List<Member> members = recipients.publicTokens().stream().map(this::memberAt).toList();
            if (!members.stream().allMatch(m -> recipients.means(m.client))) {
                throw refusal(Reason.CLIENT_DOES_NOT_EXIST);
            }
            Map<Member, List<Entry>> going = new LinkedHashMap<>();
            members.forEach(m -> going.put(m, toMakeRoom(m, message)));
            List<Member> full =
                    members.stream().filter(m -> isFullFor(m, message, going.get(m))).toList();
            if (!full.isEmpty() && limits.overflow() != OverflowPolicy.DROP_OLDEST) {
                throw CometException.queueFull(clientsOf(full));
            }
            makeRoom(message);
            going.values().forEach(all -> all.forEach(e -> letGo(e, CometGap.Reason.OVERFLOW)));
            CometMessage numbered = new CometMessage(nextId(), message);
            for (Member member : members) {
                append(numbered, member.own, new LinkedHashSet<>(Set.of(member)));
                news.add(() -> listener.clientGrew(member.client));
            }
            return numbered.messageId();
        }
        if (!(audience instanceof Audience.Group to) || groups.containsKey(to.group())) {
            makeRoom(message);
        }
        CometMessage numbered = new CometMessage(nextId(), message);
        if (audience instanceof Audience.Group to) {
            Log group = groups.get(to.group());
            if (group != null) {
                append(numbered, group, except(group.members.keySet(), to.exceptPublicToken(), to));
                news.add(() -> listener.groupGrew(to.group()));
            }
        } else if (audience instanceof Audience.Everyone to) {
            append(numbered, everyone, except(byPrivateToken.values(), to.exceptPublicToken(), to));
            news.add(listener::everyoneGrew);
        }
        return numbered.messageId();
    }

    long nextId() {
        return ++top;
    }

    Set<Member> except(Collection<Member> members, String exceptPublicToken, Audience audience) {
        Set<Member> receivers = new LinkedHashSet<>(members);
        Member except = byPublicToken.get(exceptPublicToken);
        if (except != null && audience.means(except.client)) {
            receivers.remove(except);
        }
        return receivers;
    }

    void append(CometMessage message, Log log, Set<Member> receivers) {
        while (log.isFullFor(message.encoded())) {
            letGo(log.entries.getFirst(), CometGap.Reason.OVERFLOW);
        }
        Entry entry = new Entry(message, log, clock.nanos(), receivers);
        log.entries.add(entry);
        log.bytes += entry.bytes();
        receivers.forEach(member -> member.waiting.put(message.messageId(), entry));
    }

    // ---- all logs together

    private List<Entry> inOrder(Collection<Log> logs) {
        return logs.stream()
                .flatMap(log -> log.entries.stream())
                .sorted(Comparator.comparingLong(entry -> entry.message().messageId()))
                .toList();
    }

    List<Entry> shared() {
        List<Log> logs = new ArrayList<>(groups.values());
        logs.add(everyone);
        return inOrder(logs);
    }

    private List<Entry> own() {
        return inOrder(byPrivateToken.values().stream().map(member -> member.own).toList());
    }

    /** A message in several logs counts once. */
    private static long bytes(List<Entry> entries) {
        Map<CometMessage, Integer> distinct = new HashMap<>();
        entries.forEach(entry -> distinct.put(entry.message(), entry.bytes()));
        return distinct.values().stream().mapToLong(Integer::intValue).sum();
    }

    private boolean fits(long used, EncodedMessage message) {
        return used == 0 || used + message.sizeInBytes() <= limits.maxTotalBytes();
    }

    private boolean isFullFor(Member member, EncodedMessage message, List<Entry> without) {
        return member.own.isFullFor(message, without)
                || (hasShares()
                        && member.own.entries.size() > without.size()
                        && isBeyondShare(member, message, without));
    }

    boolean hasShares() {
        return limits.overflow() == OverflowPolicy.REJECT;
    }

    /** Whether its own log would take more than all own logs leave free. */
    boolean isBeyondShare(Member member, EncodedMessage message, List<Entry> without) {
        long logBytes = member.own.bytes - bytes(without) + message.sizeInBytes();
        long atMost = 0;
        for (Member each : byPrivateToken.values()) {
            atMost += each.own.bytes;
        }
        if (logBytes + atMost <= limits.maxTotalBytes()) {
            return false; // the common case, quickly
        }
        List<Entry> remaining = new ArrayList<>(own());
        remaining.removeAll(without);
        return logBytes + bytes(remaining) > limits.maxTotalBytes();
    }

    void makeRoom(EncodedMessage message) {
        long atMost = everyone.bytes;
        for (Log group : groups.values()) {
            atMost += group.bytes;
        }
        for (Member member : byPrivateToken.values()) {
            atMost += member.own.bytes;
        }
        if (fits(atMost, message)) {
            return; // the common case, quickly
        }
        if (!fits(bytes(own()), message)) {
            makeRoomInOwn(message);
        }
        while (!fits(bytes(own()) + bytes(shared()), message)) {
            letGo(shared().get(0), CometGap.Reason.OVERFLOW);
        }
    }

    private void makeRoomInOwn(EncodedMessage message) {
        for (Entry entry : own()) {
            Member receiver = entry.receivers().iterator().next();
            if (entry.message().messageId() <= receiver.delivered) {
                letGo(entry, CometGap.Reason.OVERFLOW);
            }
        }
        while (!fits(bytes(own()), message)) {
            Entry oldest = own().get(0);
            if (limits.overflow() != OverflowPolicy.DROP_OLDEST) {
                throw CometException.totalReached(
                        message.sizeInBytes(),
                        limits.maxTotalBytes(),
                        limits.overflow() == OverflowPolicy.DISCONNECT
                                ? clientsOf(oldest.receivers())
                                : List.of());
            }
            letGo(oldest, CometGap.Reason.OVERFLOW);
        }
    }

    /** What was delivered and has to go for this message. Nothing goes yet. */
    List<Entry> toMakeRoom(Member member, EncodedMessage message) {
        List<Entry> going = new ArrayList<>();
        for (Entry oldest : member.own.entries) {
            if (oldest.message().messageId() > member.delivered
                    || !isFullFor(member, message, going)) {
                break;
            }
            going.add(oldest);
        }
        return going;
    }

    void letGo(Entry entry, CometGap.Reason why) {
        entry.log().remove(entry);
        long id = entry.message().messageId();
        for (Member member : entry.receivers()) {
            if (member.waiting.remove(id) != null) {
                member.lost.put(id, why);
            }
        }
    }

    @Override
    public synchronized void tidy() {
        tidy(everyone);
        groups.values().forEach(this::tidy);
        byPrivateToken.values().forEach(member -> tidy(member.own));
        forgetEmptyGroups();
    }

    private void tidy(Log log) {
        long age = log.limits.maxAge().toNanos();
        while (!log.entries.isEmpty() && clock.nanos() - log.entries.getFirst().sentNanos() > age) {
            letGo(log.entries.getFirst(), CometGap.Reason.EXPIRED);
        }
    }

    // ---- groups

    @Override
    public long joinGroup(CometClient client, String group) {
        List<Runnable> news = new ArrayList<>();
        long since = join(client, group, news);
        tell(news);
        return since;
    }

    private synchronized long join(CometClient client, String name, List<Runnable> news) {
        Member member = member(client);
        Log group = groups.get(name);
        Set<Log> memberships = new LinkedHashSet<>(member.groups.values());
        member.waiting.values().forEach(entry -> memberships.add(entry.log()));
        memberships.removeAll(List.of(everyone, member.own));
        if (!member.groups.containsKey(name) && memberships.size() >= limits.maxGroupsPerClient()) {
            throw refusal(Reason.LIMIT_REACHED);
        }
        if (group == null) {
            if (groups.size() >= limits.maxGroups() && !groups.values().remove(longestUnused())) {
                throw refusal(Reason.LIMIT_REACHED);
            }
            group = new Log(limits.sharedLog());
            groups.put(name, group);
        }
        if (member.groups.put(name, group) == null) {
            group.members.put(member, top);
            news.add(() -> listener.joined(member.client, name));
        }
        return group.members.get(member);
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        List<Runnable> news = new ArrayList<>();
        boolean left = leave(client, group, news);
        tell(news);
        return left;
    }

    synchronized boolean leave(CometClient client, String name, List<Runnable> news) {
        Member member = member(client);
        Log group = member.groups.remove(name);
        if (group == null) {
            return false;
        }
        group.members.remove(member);
        forgetEmptyGroups();
        news.add(() -> listener.left(member.client, name));
        return true;
    }

    private void forgetEmptyGroups() {
        groups.values().removeIf(group -> group.members.isEmpty() && group.entries.isEmpty());
        unused.addAll(groups.values()); // at the end, but for those that are there
        unused.retainAll(groups.values().stream().filter(group -> !isInUse(group)).toList());
    }

    boolean isInUse(Log group) {
        return !group.members.isEmpty()
                || byPrivateToken.values().stream()
                        .flatMap(member -> member.waiting.values().stream())
                        .anyMatch(entry -> entry.log() == group);
    }

    /** The group that gives way to a new one, or null. */
    Log longestUnused() {
        forgetEmptyGroups();
        return unused.isEmpty() ? null : unused.iterator().next();
    }

    @Override
    public synchronized Set<String> groupsOf(CometClient client) {
        Member member = find(client);
        return member == null ? Set.of() : Set.copyOf(member.groups.keySet());
    }

    private <T> List<T> ofGroup(String group, Function<Log, List<T>> what) {
        Log log = groups.get(group);
        return log == null ? List.of() : what.apply(log);
    }

    @Override
    public synchronized List<String> groups() {
        return groups.entrySet().stream()
                .filter(group -> !group.getValue().members.isEmpty())
                .map(Map.Entry::getKey)
                .toList();
    }

    @Override
    public synchronized List<CometClient> groupMembers(String group) {
        return ofGroup(group, log -> clientsOf(log.members.keySet()));
    }

    @Override
    public synchronized List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        List<CometMessage> all =
                ofGroup(
                        group,
                        log ->
                                log.entries.stream()
                                        .map(Entry::message)
                                        .filter(message -> message.messageId() <= upTo)
                                        .toList());
        return all.subList(Math.max(0, all.size() - maxMessages), all.size());
    }
}
