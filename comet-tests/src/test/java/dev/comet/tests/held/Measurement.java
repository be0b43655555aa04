package dev.comet.tests.held;

import dev.comet.testkit.internal.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One run: clients come, wait, time out, receive broadcasts, and time out all at once. The first
 * client comes alone, so that what the JVM and the container cost by themselves is known.
 */
final class Measurement {

    private static final int CONNECTS_AT_ONCE = 20;
    private static final Duration CONNECT_INTERVAL = Duration.ofMillis(10);
    private static final int WARM_UP = 3_000;
    private static final int PACED = 100;
    private static final int PACE_MILLIS = 100;
    private static final int CLOSED = 20;
    private static final int LONG_HOLD_SECONDS = 600;
    private static final int SHORT_HOLD_SECONDS = 10;
    private static final int SECONDS_ALONE = 10;

    private static final Duration REST = Duration.ofSeconds(5);

    /** After such a silence nothing more is expected, however busy the machine. */
    private static final Duration SILENCE = Duration.ofSeconds(30);

    private final ServerProcess server;
    private final PollingClients load;
    private final int clients;
    private final int seconds;
    private final Table table;
    private final List<String> faults = new ArrayList<>();
    private long sent;

    Measurement(ServerProcess server, PollingClients load, int clients, int seconds, Table table) {
        this.server = server;
        this.load = load;
        this.clients = clients;
        this.seconds = seconds;
        this.table = table;
    }

    /** Returns what is wrong. */
    List<String> run() throws IOException {
        load.hold(LONG_HOLD_SECONDS);
        load.connect(server.initializeClients(1).get(0), 0);
        awaitHeld(1);
        warmUp();
        watchIdle(1, SECONDS_ALONE);
        Memory alone = memory();
        table.row("memory, 1 poll held", alone);

        List<String> others = server.initializeClients(clients - 1);
        compareMemory("all clients initialised, 1 poll held", alone);
        connect(others);
        compareMemory("all held, the first poll of each connection", alone);
        watchIdle(clients, seconds);
        load.hold(LONG_HOLD_SECONDS);
        awaitTimeouts("one after the other, as they had come", others.size());

        if (broadcastAtPace() && broadcastClosed()) {
            compareMemory("all held, after several polls of each connection", alone);
            awaitTimeouts("all at once", clients);
        }
        judge();
        return faults;
    }

    /** Compilers have seen the way of a message before time is measured. */
    private void warmUp() throws IOException {
        server.beginBroadcasts(WARM_UP, 1);
        awaitDeliveries(WARM_UP);
        load.forgetSamples();
        load.runFor(REST);
    }

    private void connect(List<String> tokens) throws IOException {
        long millis = tokens.size() / CONNECTS_AT_ONCE * CONNECT_INTERVAL.toMillis();
        // Until all have come, have come to rest and have been watched; three times as slowly as
        // they should.
        load.hold((int) (3 * millis / 1_000) + seconds + 15);
        for (int i = 0; i < tokens.size(); i++) {
            if (i % CONNECTS_AT_ONCE == 0) {
                load.runFor(CONNECT_INTERVAL);
            }
            load.connect(tokens.get(i), sent);
        }
        awaitHeld(clients);
    }

    private void awaitHeld(int count) throws IOException {
        long end = System.nanoTime() + SILENCE.toNanos();
        long held = server.heldRequests();
        while (held != count && System.nanoTime() - end < 0) {
            load.runFor(CONNECT_INTERVAL);
            held = server.heldRequests();
        }
        table.row("polls held", held);
        expect(held, count, "polls are held");
    }

    private void watchIdle(int count, int forSeconds) throws IOException {
        ProcessFigures figures = server.figures();
        long answers = load.answers();
        long cpu = figures.cpu().toNanos();
        double switches = figures.contextSwitches("comet-wait");
        load.runFor(Duration.ofSeconds(forSeconds));
        cpu = figures.cpu().toNanos() - cpu;
        switches = figures.contextSwitches("comet-wait") - switches;
        String what = "idle for %d s, %d held: ".formatted(forSeconds, count);
        table.row(
                what + "processor time of the server", "%.2f %% of a core", cpu / 1e7 / forSeconds);
        table.row(what + "context switches of the wait threads", "%.1f /s", switches / forSeconds);
        table.row(what + "polls answered meanwhile", load.answers() - answers);
    }

    /** Rests: G1 gives memory back little by little after a collection, and compilers end. */
    private Memory memory() throws IOException {
        double heap = server.heapAfterGc();
        load.runFor(REST);
        return new Memory(heap, server.directBytes(), server.figures().residentBytes());
    }

    private void compareMemory(String what, Memory alone) throws IOException {
        Memory now = memory();
        table.row("memory, " + what, now);
        table.row("… for each client more", now.per(clients - 1, alone));
    }

    private void awaitTimeouts(String how, int count) throws IOException {
        load.runUntil(
                () -> load.timeouts().size() >= count,
                SILENCE.plusSeconds(SHORT_HOLD_SECONDS + seconds));
        Samples timeouts = load.timeouts();
        table.row("time-outs, " + how, timeouts.size() + " of " + count);
        table.row("… late by", timeouts);
        expect(timeouts.size(), count, "polls timed out " + how);
        load.forgetSamples();
    }

    /** The next one whether or not everybody has the one before. */
    private boolean broadcastAtPace() throws IOException {
        long answers = load.answers();
        server.beginBroadcasts(PACED, PACE_MILLIS);
        boolean complete = awaitDeliveries(PACED * clients);
        table.row(
                "%d broadcasts, one every %d ms: delivered".formatted(PACED, PACE_MILLIS),
                "%d of %d, in %d answers",
                load.deliveries().size(),
                PACED * clients,
                load.answers() - answers);
        table.row("… time to deliver", load.deliveries());
        load.forgetSamples();
        return complete;
    }

    /** The next one when everybody has the one before. */
    private boolean broadcastClosed() throws IOException {
        long start = System.nanoTime();
        boolean complete = true;
        for (int i = 1; i <= CLOSED && complete; i++) {
            if (i == CLOSED) {
                load.hold(SHORT_HOLD_SECONDS);
            }
            server.beginBroadcasts(1, 0);
            complete = awaitDeliveries(i * clients);
        }
        double elapsedSeconds = (System.nanoTime() - start) / 1e9;
        table.row(
                "%d broadcasts, the next when all have it: delivered".formatted(CLOSED),
                "%d of %d, %.0f /s",
                load.deliveries().size(),
                CLOSED * clients,
                load.deliveries().size() / elapsedSeconds);
        table.row("… time to deliver", load.deliveries());
        load.forgetSamples();
        return complete;
    }

    /** Returns whether all messages came. */
    private boolean awaitDeliveries(int count) throws IOException {
        boolean complete = load.runUntil(() -> load.deliveries().size() >= count, SILENCE);
        sent = server.lastNumber();
        if (!complete) {
            expect(load.deliveries().size(), count, "messages were delivered");
            faults.add(server.heldRequests() + " polls are held after " + SILENCE + " of silence");
        }
        return complete;
    }

    private void judge() {
        Verdict verdict = load.check(sent);
        table.row("lost", verdict.count(Verdict.Kind.LOST) + verdict.announced());
        for (Verdict.Kind kind :
                List.of(
                        Verdict.Kind.UNANNOUNCED_GAP,
                        Verdict.Kind.DUPLICATED,
                        Verdict.Kind.REORDERED)) {
            table.row(kind.name().toLowerCase(Locale.ROOT), verdict.count(kind));
        }
        if (!verdict.isClean() || verdict.announced() > 0) {
            faults.add(verdict.toString());
        }
        load.troubles().forEach((what, count) -> faults.add(count + " × " + what));
    }

    private void expect(long found, long wanted, String what) {
        if (found != wanted) {
            faults.add(found + " " + what + " instead of " + wanted);
        }
    }
}
