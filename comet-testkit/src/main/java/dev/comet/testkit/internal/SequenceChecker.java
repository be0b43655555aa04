package dev.comet.testkit.internal;

import dev.comet.testkit.internal.Verdict.Fault;
import dev.comet.testkit.internal.Verdict.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The light form of {@link HistoryChecker}: each sender numbers its messages 1, 2, 3, … and puts
 * its name and the number into them. Whoever receives needs to know nothing else, so that it works
 * through any transport, and across processes.
 *
 * <p>A client is expected to receive everything of a sender from the first message that it saw, or
 * from where {@link #expect} says.
 *
 * <p>What it cannot see: how far a gap reaches, and the order between different senders. Once a gap
 * was announced to a client, what that client misses later counts as announced.
 *
 * <p>Safe for use by any number of threads, as long as each client has one thread at a time that
 * receives.
 */
public final class SequenceChecker {

    private static final class Sender {
        final Set<Long> uncertain = new HashSet<>();
        long last;
    }

    private static final class Stream {
        final TreeSet<Long> missing = new TreeSet<>(); // skipped before a gap was announced
        final long after;
        long last;

        Stream(long after) {
            this.after = after;
            this.last = after;
        }
    }

    private static final class Receiver {
        final Map<String, Stream> streams = new TreeMap<>();
        boolean sawGap;
        boolean lost;
    }

    // All guarded by this.
    private final Map<String, Sender> senders = new TreeMap<>();
    private final Map<String, Receiver> receivers = new TreeMap<>();
    private final List<Fault> faults = new ArrayList<>();
    private long received;
    private long announced;

    /** An empty history. */
    public SequenceChecker() {}

    /** The client is to receive what this sender sends after this number; 0 for everything. */
    public synchronized void expect(String client, String sender, long after) {
        receiver(client).streams.put(sender, new Stream(after));
    }

    /** The sender knows that all its messages up to this number were accepted. */
    public synchronized void accepted(String sender, long number) {
        Sender accepting = sender(sender);
        accepting.last = Math.max(accepting.last, number);
    }

    /** The sender does not know whether this message was accepted: it may arrive. */
    public synchronized void uncertain(String sender, long number) {
        sender(sender).uncertain.add(number);
    }

    /** The client saw this message. */
    public synchronized void received(String client, String sender, long number) {
        received++;
        Receiver receiver = receiver(client);
        Stream stream = receiver.streams.computeIfAbsent(sender, s -> new Stream(number - 1));
        if (number <= stream.after) {
            faults.add(fault(Kind.WRONG_RECEIVER, client, sender, number, "came before its time"));
        } else if (number > stream.last) {
            for (long skipped = stream.last + 1; skipped < number; skipped++) {
                if (receiver.sawGap) {
                    announced++;
                } else {
                    stream.missing.add(skipped);
                }
            }
            stream.last = number;
        } else if (stream.missing.remove(number)) {
            faults.add(fault(Kind.REORDERED, client, sender, number, "arrived after a later one"));
        } else {
            faults.add(fault(Kind.DUPLICATED, client, sender, number, "arrived again"));
        }
    }

    /** The client was told that messages may be lost. */
    public synchronized void gap(String client) {
        receiver(client).sawGap = true;
    }

    /** The client was told that it has been ended: what has not arrived need not. */
    public synchronized void sessionLost(String client) {
        receiver(client).lost = true;
    }

    /** What is wrong by now. */
    public synchronized Verdict check() {
        Judgement judgement = new Judgement(faults, announced);
        receivers.forEach(
                (client, receiver) ->
                        receiver.streams.forEach(
                                (sender, stream) ->
                                        judgement.judge(client, receiver, sender, stream)));
        long accepted = senders.values().stream().mapToLong(s -> s.last).sum();
        return new Verdict(judgement.found, accepted, received, judgement.excused);
    }

    /** What is still missing at the time of one check; later it may have come. */
    private final class Judgement {

        final List<Fault> found;
        long excused;

        Judgement(List<Fault> certain, long announced) {
            this.found = new ArrayList<>(certain);
            this.excused = announced;
        }

        void judge(String client, Receiver receiver, String sender, Stream stream) {
            Sender sending = sender(sender);
            for (long number : stream.missing) {
                if (!sending.uncertain.contains(number)) {
                    String text = "never arrived, later ones did";
                    found.add(fault(Kind.UNANNOUNCED_GAP, client, sender, number, text));
                }
            }
            for (long number = stream.last + 1; number <= sending.last; number++) {
                if (receiver.sawGap) {
                    excused++;
                } else if (!receiver.lost && !sending.uncertain.contains(number)) {
                    String text = "never arrived, nor any after it";
                    found.add(fault(Kind.LOST, client, sender, number, text));
                }
            }
            if (stream.last > sending.last && !sending.uncertain.contains(stream.last)) {
                String text = "was never accepted";
                found.add(fault(Kind.NEVER_ACCEPTED, client, sender, stream.last, text));
            }
        }
    }

    private static Fault fault(Kind kind, String client, String sender, long number, String text) {
        return new Fault(kind, client, sender + " #" + number, text);
    }

    private Sender sender(String name) {
        return senders.computeIfAbsent(name, n -> new Sender());
    }

    private Receiver receiver(String name) {
        return receivers.computeIfAbsent(name, n -> new Receiver());
    }
}
