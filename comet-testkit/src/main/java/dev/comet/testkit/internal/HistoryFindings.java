package dev.comet.testkit.internal;

import dev.comet.testkit.internal.HistoryChecker.Membership;
import dev.comet.testkit.internal.HistoryChecker.Send;
import dev.comet.testkit.internal.Verdict.Fault;
import dev.comet.testkit.internal.Verdict.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * One examination of a history: first what was accepted, then client by client. Costs about as much
 * as there are deliveries: each client looks at its own log and its memberships' logs, not at
 * everything.
 *
 * <p>For one thread.
 */
final class HistoryFindings {

    private final List<Fault> faults = new ArrayList<>();
    private final Set<Long> accepted = new HashSet<>();
    private final Map<String, TreeMap<Long, Send>> logs = new HashMap<>();
    private final Map<String, TreeMap<Long, Boolean>> own = new HashMap<>();
    private long received;
    private long announced;

    HistoryFindings(List<Send> sends) {
        for (Send send : sends) {
            if (!accepted.add(send.id())) {
                senders(send.id(), "was given to two messages");
            }
            send.must().forEach(client -> expect(client, send.id(), true));
            send.may().forEach(client -> expect(client, send.id(), false));
            if (send.log() != null) {
                logs.computeIfAbsent(send.log(), log -> new TreeMap<>()).put(send.id(), send);
            }
        }
        compareWithTime(sends);
    }

    private void expect(String client, long id, boolean must) {
        own.computeIfAbsent(client, c -> new TreeMap<>()).merge(id, must, Boolean::logicalOr);
    }

    /** If one send returned before another began, the other has the higher id. */
    private void compareWithTime(List<Send> sends) {
        List<Send> timed = sends.stream().filter(send -> send.ended() > 0).toList();
        List<Send> byBegin = timed.stream().sorted(Comparator.comparingLong(Send::began)).toList();
        List<Send> byEnd = timed.stream().sorted(Comparator.comparingLong(Send::ended)).toList();
        long highest = 0;
        int ended = 0;
        for (Send send : byBegin) {
            while (byEnd.get(ended).ended() < send.began()) {
                highest = Math.max(highest, byEnd.get(ended++).id());
            }
            if (send.id() <= highest) {
                senders(send.id(), "was assigned after " + highest + " had been returned");
            }
        }
    }

    private void senders(long id, String text) {
        fault(Kind.IDS_AGAINST_TIME, "(senders)", id, text);
    }

    private void fault(Kind kind, String client, long id, String text) {
        faults.add(new Fault(kind, client, Long.toString(id), text));
    }

    /** Whom messages were addressed to by name. */
    Set<String> named() {
        return own.keySet();
    }

    void examine(ClientHistory client, boolean exactGaps) {
        NavigableMap<Long, Boolean> expected = expectedBy(client);
        Walk walk = new Walk(client.name, expected);
        client.replay(walk);
        walk.judgeMissing(client.isLost());
        if (exactGaps) {
            walk.judgeGaps();
        }
    }

    /** The ids for this client: true if they must arrive, false if they may. */
    private NavigableMap<Long, Boolean> expectedBy(ClientHistory client) {
        NavigableMap<Long, Boolean> expected = own.getOrDefault(client.name, new TreeMap<>());
        Membership everyone = client.everyone;
        if (everyone != null) {
            addFrom(HistoryChecker.EVERYONE, everyone, client.name, expected);
        }
        client.groups()
                .forEach(
                        (group, memberships) ->
                                memberships.forEach(m -> addFrom(group, m, client.name, expected)));
        return expected;
    }

    private void addFrom(String log, Membership member, String client, Map<Long, Boolean> to) {
        NavigableMap<Long, Send> sends = logs.getOrDefault(log, new TreeMap<>());
        if (member.possibleAfter() >= member.possibleUntil()) {
            return;
        }
        sends.subMap(member.possibleAfter(), false, member.possibleUntil(), true)
                .forEach(
                        (id, send) -> {
                            if (!client.equals(send.except())) {
                                boolean certain =
                                        id > member.certainAfter() && id <= member.certainUntil();
                                to.merge(id, certain, Boolean::logicalOr);
                            }
                        });
    }

    Verdict verdict() {
        return new Verdict(faults, accepted.size(), received, announced);
    }

    private record Gap(long from, long to) {
        boolean covers(long id) {
            return from <= id && id <= to;
        }
    }

    /** One client's events, in order. */
    private final class Walk implements ClientHistory.Events {

        private final String client;
        private final NavigableMap<Long, Boolean> expected;
        private final Set<Long> seen = new HashSet<>();
        private final List<Gap> gaps = new ArrayList<>();
        private final Map<Long, Long> skipped = new TreeMap<>(); // id, and what came instead
        private long highest;

        Walk(String client, NavigableMap<Long, Boolean> expected) {
            this.client = client;
            this.expected = expected;
        }

        @Override
        public void received(long id) {
            received++;
            if (!expected.containsKey(id)) {
                if (accepted.contains(id)) {
                    fault(Kind.WRONG_RECEIVER, client, id, "was not for this client");
                } else {
                    fault(Kind.NEVER_ACCEPTED, client, id, "was never accepted");
                }
            } else if (!seen.add(id)) {
                fault(Kind.DUPLICATED, client, id, "arrived again");
            } else if (id < highest) {
                fault(Kind.REORDERED, client, id, "arrived after " + highest);
            } else {
                expected.subMap(highest, false, id, false)
                        .forEach(
                                (missing, must) -> {
                                    if (must && !isAnnounced(missing)) {
                                        skipped.put(missing, id);
                                    }
                                });
                highest = id;
            }
        }

        @Override
        public void gap(long from, long to) {
            gaps.add(new Gap(from, to));
        }

        private boolean isAnnounced(long id) {
            // The latest first: it is the likeliest.
            for (int i = gaps.size() - 1; i >= 0; i--) {
                if (gaps.get(i).covers(id)) {
                    return true;
                }
            }
            return false;
        }

        void judgeMissing(boolean sessionLost) {
            expected.forEach(
                    (id, must) -> {
                        if (!must || seen.contains(id)) {
                            return;
                        }
                        Long instead = skipped.get(id);
                        if (instead != null) {
                            // Was skipped in silence; the end of the session excuses only the rest.
                            String late =
                                    isAnnounced(id)
                                            ? "; a gap said so too late"
                                            : ", without a gap";
                            fault(
                                    Kind.UNANNOUNCED_GAP,
                                    client,
                                    id,
                                    "never arrived, " + instead + " did" + late);
                        } else if (isAnnounced(id)) {
                            announced++;
                        } else if (!sessionLost) {
                            fault(Kind.LOST, client, id, "never arrived, nor anything after it");
                        }
                    });
        }

        void judgeGaps() {
            for (Gap gap : gaps) {
                boolean meansSomething = expected.containsKey(gap.to());
                if (!meansSomething || seen.contains(gap.to())) {
                    fault(
                            Kind.FALSE_GAP,
                            client,
                            gap.to(),
                            "ends the gap from %d, but %s"
                                    .formatted(
                                            gap.from(),
                                            meansSomething
                                                    ? "it arrived"
                                                    : "was not for this client"));
                }
            }
        }
    }
}
