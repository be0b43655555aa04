package dev.comet.testkit.internal;

import dev.comet.Audience;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Records what was accepted and what each client saw, and says afterwards whether every message
 * arrived once and in order, at those it was for, or was announced as lost.
 *
 * <p>This is the exact form, for those who know the ids; where only the receivers' side is at hand,
 * {@link SequenceChecker} does with numbers in the messages. Clients are named by their public
 * tokens. A client that was ended and comes back is another client, with another name.
 *
 * <p>What is received is what an application behind a client's library sees: whoever reads a
 * provider or the wire drops repetitions (ids up to its cursor) before they are recorded here.
 *
 * <p>Sends that ran at the same time as a join or a leave may or may not include that client.
 * {@link #joined(String, String, long, long)} and {@link #left} can say between which ids nobody
 * knows; such messages may arrive and need not.
 *
 * <p>Safe for use by any number of threads, as long as each client has one thread at a time that
 * receives. Recording costs little; a million deliveries take some hundred megabytes.
 */
public final class HistoryChecker {

    /** Group names are not blank, so this is free for the log of everyone. */
    static final String EVERYONE = "";

    /**
     * A message that was accepted.
     *
     * @param began and ended: ticks, 0 if they are not known
     * @param log the group, or {@link #EVERYONE}, or null if it is for named clients only
     * @param except who does not get it from the log
     */
    record Send(
            long id,
            long began,
            long ended,
            Collection<String> must,
            Collection<String> may,
            @Nullable String log,
            @Nullable String except) {

        static Send to(Audience audience, long id, long began, long ended) {
            if (audience instanceof Audience.Recipients recipients) {
                List<String> must = recipients.publicTokens();
                return new Send(id, began, ended, must, List.of(), null, null);
            }
            if (audience instanceof Audience.Group group) {
                String except = group.exceptPublicToken();
                return new Send(id, began, ended, List.of(), List.of(), group.group(), except);
            }
            String except = ((Audience.Everyone) audience).exceptPublicToken();
            return new Send(id, began, ended, List.of(), List.of(), EVERYONE, except);
        }
    }

    /**
     * Messages of a log with {@code certainAfter < id <= certainUntil} are for the client, those
     * with {@code possibleAfter < id <= possibleUntil} may be.
     */
    record Membership(
            long possibleAfter, long certainAfter, long certainUntil, long possibleUntil) {}

    private final AtomicLong ticks = new AtomicLong();
    private final List<Send> sends = new ArrayList<>(); // guarded by itself
    private final ConcurrentHashMap<String, ClientHistory> clients = new ConcurrentHashMap<>();

    /** An empty history. */
    public HistoryChecker() {}

    /** Begins a send; the answer goes to {@link #accepted(long, long, Audience)}. */
    public long sending() {
        return ticks.incrementAndGet();
    }

    /** A send returned; also records that its id must be above those of sends before it. */
    public void accepted(long sending, long id, Audience audience) {
        add(Send.to(audience, id, sending, ticks.incrementAndGet()));
    }

    /** This message was accepted for this audience. */
    public void accepted(long id, Audience audience) {
        add(Send.to(audience, id, 0, 0));
    }

    /** This message was accepted; it must arrive at the first clients and may arrive at others. */
    public void accepted(long id, Set<String> must, Set<String> may) {
        add(new Send(id, 0, 0, Set.copyOf(must), Set.copyOf(may), null, null));
    }

    private void add(Send send) {
        synchronized (sends) {
            sends.add(send);
        }
    }

    /** The client exists: it gets what is sent to everyone, above this id. */
    public void born(String client, long after) {
        client(client).everyone = new Membership(after, after, Long.MAX_VALUE, Long.MAX_VALUE);
    }

    /** The client gets what is sent to this group, above this id. */
    public void joined(String client, String group, long after) {
        joined(client, group, after, after);
    }

    /**
     * The client joined at some time after the first id was assigned and before the second one's
     * successor was.
     */
    public void joined(String client, String group, long possibleAfter, long certainAfter) {
        client(client)
                .join(
                        group,
                        new Membership(
                                possibleAfter, certainAfter, Long.MAX_VALUE, Long.MAX_VALUE));
    }

    /**
     * The client left the group.
     *
     * @param certainUntil messages up to this id were sent before it left
     * @param possibleUntil messages above this id were sent after it had left
     */
    public void left(String client, String group, long certainUntil, long possibleUntil) {
        client(client).leave(group, certainUntil, possibleUntil);
    }

    /** The client was told that it has been ended: whatever has not arrived need not. */
    public void sessionLost(String client) {
        client(client).lost();
    }

    /** The client saw this message. */
    public void received(String client, long id) {
        client(client).received(id);
    }

    /** The client was told that messages for it with {@code from <= id <= to} may be lost. */
    public void gap(String client, long from, long to) {
        client(client).gap(from, to);
    }

    private ClientHistory client(String name) {
        return clients.computeIfAbsent(name, ClientHistory::new);
    }

    /** What is wrong, leaving gaps alone that announce more than was lost. */
    public Verdict check() {
        return check(false);
    }

    /**
     * What is wrong. Every gap must end in a message for this client that has not arrived, as
     * {@link dev.comet.CometGap} promises.
     */
    public Verdict checkExactGaps() {
        return check(true);
    }

    private Verdict check(boolean exactGaps) {
        List<Send> all;
        synchronized (sends) {
            all = List.copyOf(sends);
        }
        HistoryFindings findings = new HistoryFindings(all);
        findings.named().forEach(this::client); // those who saw nothing at all too
        for (ClientHistory client : clients.values()) {
            findings.examine(client, exactGaps);
        }
        return findings.verdict();
    }
}
