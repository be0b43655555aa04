package dev.comet.tests;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What happened in one round of the stress: who lived when, what was accepted for whom, what was
 * received, what handlers were told. Judged at the end of the round.
 */
final class StressRecord implements CometClientEventHandler {

    /** A group of the history that stands for everyone: so that a membership can end. */
    static final String EVERYONE = "(everyone)";

    private static final int SHOWN = 20;

    private record Accepted(long id, Audience audience) {}

    private record Failed(String correlationId, long tick) {}

    final HistoryChecker history = new HistoryChecker();
    private final AtomicLong ticks = new AtomicLong();
    private final Map<String, Incarnation> incarnations = new ConcurrentHashMap<>();
    private final Map<String, NavigableMap<Long, Incarnation>> births = new ConcurrentHashMap<>();
    private final Queue<Accepted> accepted = new ConcurrentLinkedQueue<>();
    private final Map<Long, Audience> audiences = new ConcurrentHashMap<>();
    private final Map<String, Accepted> requests = new ConcurrentHashMap<>();
    private final Queue<Failed> failedRequests = new ConcurrentLinkedQueue<>();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();

    long tick() {
        return ticks.incrementAndGet();
    }

    /** Something is wrong. */
    void fault(String text) {
        faults.add(text);
    }

    // ---- who lives

    void begins(Incarnation newcomer) {
        incarnations.put(newcomer.name, newcomer);
    }

    Incarnation of(CometClient client) {
        return incarnations.get(client.displayName());
    }

    /** Of one token, one after the other. */
    void born(Incarnation newcomer, long birth) {
        newcomer.born(birth);
        history.joined(newcomer.name, EVERYONE, birth);
        births.computeIfAbsent(newcomer.client.publicToken(), t -> new ConcurrentSkipListMap<>())
                .put(birth, newcomer);
    }

    /** The one that the token belonged to last. */
    @Nullable Incarnation latest(String publicToken) {
        NavigableMap<Long, Incarnation> all = births.get(publicToken);
        return all == null ? null : all.lastEntry().getValue();
    }

    private @Nullable Incarnation receiver(String publicToken, long id) {
        NavigableMap<Long, Incarnation> all = births.get(publicToken);
        Map.Entry<Long, Incarnation> found = all == null ? null : all.lowerEntry(id);
        return found == null ? null : found.getValue();
    }

    void died(Incarnation one, long certainUntil, long possibleUntil) {
        history.left(one.name, EVERYONE, certainUntil, possibleUntil);
        one.groups().forEach(g -> history.left(one.name, g, certainUntil, possibleUntil));
        history.sessionLost(one.name);
        one.removed();
    }

    // ---- what is accepted

    /** Whom a token means is known later: births are recorded after they happen. */
    void accepted(long sending, long id, Audience audience, @Nullable String correlationId) {
        audiences.put(id, audience);
        if (audience instanceof Audience.Everyone all && all.exceptPublicToken() == null) {
            history.accepted(sending, id, new Audience.Group(EVERYONE, null));
        } else if (audience instanceof Audience.Group group && group.exceptPublicToken() == null) {
            history.accepted(sending, id, group);
        } else {
            Accepted one = new Accepted(id, audience);
            accepted.add(one);
            if (correlationId != null) {
                requests.put(correlationId, one);
            }
        }
    }

    private void addTo(HistoryChecker history, Accepted one) {
        if (one.audience instanceof Audience.Recipients recipients) {
            Set<String> names = new LinkedHashSet<>();
            for (String token : recipients.publicTokens()) {
                Incarnation receiver = receiver(token, one.id);
                if (receiver == null) {
                    fault("message " + one.id + " was accepted for " + token + ", who is nobody");
                } else {
                    names.add(receiver.name);
                }
            }
            history.accepted(one.id, names, Set.of());
        } else if (one.audience instanceof Audience.Group group) {
            history.accepted(
                    one.id,
                    new Audience.Group(group.group(), except(group.exceptPublicToken(), one)));
        } else {
            String except = ((Audience.Everyone) one.audience).exceptPublicToken();
            history.accepted(one.id, new Audience.Group(EVERYONE, except(except, one)));
        }
    }

    private @Nullable String except(@Nullable String publicToken, Accepted one) {
        Incarnation except = publicToken == null ? null : receiver(publicToken, one.id);
        return except == null ? null : except.name;
    }

    /** A request to a client ended without a reply. */
    void requestFailed(String correlationId, @Nullable Throwable why) {
        if (why instanceof CometException known && known.reason() == Reason.CLIENT_DOES_NOT_EXIST) {
            failedRequests.add(new Failed(correlationId, tick()));
        }
    }

    // ---- events

    @Override
    public void clientInitialized(CometClient client) {
        of(client).event("initialized");
    }

    @Override
    public void clientSubscribed(CometClient client) {
        of(client).event("subscribed");
    }

    @Override
    public void idleClientKilled(CometClient client) {
        of(client).event("killed");
    }

    @Override
    public void clientDisconnected(CometClient client, EndReason reason) {
        of(client).disconnected(reason);
    }

    @Override
    public void messagesDropped(CometClient client, CometGap gap) {
        of(client).event("dropped");
    }

    // ---- the end

    /** Those who were ever in the store. */
    List<Incarnation> lived() {
        return incarnations.values().stream().filter(one -> one.birth() >= 0).toList();
    }

    /** When nothing goes on any more. Adds what it finds to the faults. */
    Verdict judge() {
        accepted.forEach(one -> addTo(history, one));
        Verdict verdict = history.checkExactGaps();
        if (!verdict.isClean()) {
            fault(verdict + "\n" + about(verdict));
        }
        for (Incarnation one : lived()) {
            if (one.isRemoved()) {
                one.faults().forEach(this::fault);
            }
        }
        for (Failed failed : failedRequests) {
            Accepted request = requests.get(failed.correlationId);
            if (request != null && request.audience instanceof Audience.Recipients to) {
                Incarnation asked = receiver(to.publicTokens().get(0), request.id);
                if (asked != null && asked.livedOnAfter(failed.tick)) {
                    fault(
                            "a request to "
                                    + asked.name
                                    + ", message "
                                    + request.id
                                    + ", failed as if the client had ended");
                }
            }
        }
        for (NavigableMap<Long, Incarnation> successors : births.values()) {
            Incarnation before = null;
            for (Map.Entry<Long, Incarnation> next : successors.entrySet()) {
                if (before != null && before.last() > next.getKey()) {
                    fault(before.name + " got a message of " + next.getValue().name);
                }
                before = next.getValue();
            }
        }
        return verdict;
    }

    /** To whom the first messages went, and whether the clients had ended. */
    private String about(Verdict verdict) {
        return verdict.faults().stream()
                .filter(fault -> fault.message().matches("\\d+"))
                .limit(SHOWN)
                .map(
                        fault ->
                                "    "
                                        + fault.message()
                                        + " was for "
                                        + audiences.get(Long.valueOf(fault.message()))
                                        + ", "
                                        + incarnations.get(fault.client()))
                .collect(Collectors.joining("\n"));
    }

    /** What was found, the first of it in full. */
    List<String> faults() {
        List<String> all = new ArrayList<>(faults);
        if (all.size() > SHOWN) {
            String rest = "… and " + (all.size() - SHOWN) + " more";
            all = new ArrayList<>(all.subList(0, SHOWN));
            all.add(rest);
        }
        return all;
    }
}
