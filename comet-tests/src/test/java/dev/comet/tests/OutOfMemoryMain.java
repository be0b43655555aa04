package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometAnswer.Outcome;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.CometStateManager;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import dev.comet.inproc.InProcCometStateProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Clients that poll and a sender, while somebody else takes all memory for some seconds. Prints
 * what became of the polls.
 */
final class OutOfMemoryMain {

    private static final int CLIENTS = 200;
    private static final int THREADS = 4;
    private static final Duration HOLD = Duration.ofSeconds(2);
    private static final long SHORTAGE_NANOS = 4_000_000_000L;

    private static final AtomicInteger OUT_OF_MEMORY = new AtomicInteger();
    private static volatile boolean taking;
    private static volatile boolean shortage = true;
    private static volatile boolean polling = true;

    private OutOfMemoryMain() {}

    /** Its answers take no memory. */
    private static final class Poller implements Consumer<CometAnswer> {
        final CometClient client;
        volatile boolean waiting;
        volatile boolean heard;
        volatile long cursor;

        Poller(CometClient client) {
            this.client = client;
        }

        @Override
        public void accept(CometAnswer answer) {
            if (answer.outcome() == Outcome.MESSAGES || answer.outcome() == Outcome.TIMEOUT) {
                cursor = answer.batch().cursor();
                heard = answer.outcome() == Outcome.MESSAGES;
            }
            waiting = false;
        }

        void poll(CometStateManager manager) {
            CometAsyncResult result;
            try {
                result = manager.endpoint().beginSubscribe(client.privateToken(), cursor, HOLD, 0);
                waiting = true; // from here on it is to be answered
            } catch (Throwable e) {
                OUT_OF_MEMORY.incrementAndGet();
                return;
            }
            while (true) {
                try {
                    result.whenCompleted(this);
                    return;
                } catch (IllegalStateException e) {
                    return; // it has its callback
                } catch (Throwable e) {
                    OUT_OF_MEMORY.incrementAndGet();
                }
            }
        }
    }

    public static void main(String[] args) throws Exception {
        CometStateManager manager =
                CometStateManager.builder(new InProcCometStateProvider())
                        .waitThreads(2)
                        .limits(
                                CometLimits.builder()
                                        .clientLog(
                                                new LogLimits(20, 10_000, Duration.ofSeconds(30)))
                                        .sharedLog(
                                                new LogLimits(50, 50_000, Duration.ofSeconds(30)))
                                        .overflow(OverflowPolicy.DROP_OLDEST)
                                        .build())
                        .build();
        List<Poller> pollers = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            CometClient client =
                    manager.initializeClient(
                            CometClient.builder().publicToken("client-" + i).build());
            manager.joinGroup(client, "room-" + i % 10);
            pollers.add(new Poller(client));
        }
        List<Thread> hogs = new ArrayList<>();
        List<Thread> drivers = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            List<Poller> share =
                    pollers.subList(i * CLIENTS / THREADS, (i + 1) * CLIENTS / THREADS);
            drivers.add(start(() -> pollAll(manager, share)));
            start(() -> send(manager));
        }
        LockSupport.parkNanos(500_000_000); // as a server that has served for a while
        for (int i = 0; i < 2; i++) {
            hogs.add(new Thread(OutOfMemoryMain::takeAllMemory));
        }
        hogs.forEach(Thread::start);
        taking = true; // from here on there is no memory for this thread
        LockSupport.parkNanos(SHORTAGE_NANOS);
        shortage = false;
        LockSupport.parkNanos(500_000_000);
        polling = false;
        for (Thread driver : drivers) {
            driver.join();
        }
        long unanswered = countOnceItIs(pollers, poller -> poller.waiting);

        for (Poller poller : pollers) {
            poller.heard = false;
            poller.poll(manager);
        }
        manager.sendToAll("n", "after it");
        // Each hears of it through its own log, its group's or everyone's.
        for (int i = 0; i < 10; i++) {
            manager.sendToGroup("room-" + i, "n", "after it");
        }
        long deaf = countOnceItIs(pollers, poller -> !poller.heard);
        System.out.printf(
                "shortage: %d times out of memory, %d of %d polls unanswered, %d of %d clients deaf%n%s%n",
                OUT_OF_MEMORY.get() + manager.statistics().faults().internal(),
                unanswered,
                CLIENTS,
                deaf,
                CLIENTS,
                manager.statistics());
        System.exit(0);
    }

    private static Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** How many are left when all have had their time. */
    private static long countOnceItIs(
            List<Poller> pollers, java.util.function.Predicate<Poller> left) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (pollers.stream().anyMatch(left) && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(10_000_000);
        }
        return pollers.stream().filter(left).count();
    }

    /** All but crumbs, again and again: for a moment at a time, so that others come in between. */
    private static void takeAllMemory() {
        while (!taking) {
            LockSupport.parkNanos(1_000_000); // until all of them have been started
        }
        while (shortage) {
            Object[] taken = null;
            for (int size = 65_536; size >= 16 && shortage; size /= 4) {
                try {
                    while (shortage) {
                        Object[] more = new Object[size / 4];
                        more[0] = taken;
                        taken = more;
                    }
                } catch (OutOfMemoryError e) {
                    // The crumbs, then.
                }
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    private static void send(CometStateManager manager) {
        for (int i = 0; polling; i++) {
            try {
                switch (i % 3) {
                    case 0 -> manager.sendToAll("n", i);
                    case 1 -> manager.sendToGroup("room-" + i % 10, "n", i);
                    default -> manager.sendMessage("client-" + i % CLIENTS, "n", i);
                }
            } catch (Throwable e) {
                OUT_OF_MEMORY.incrementAndGet();
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private static void pollAll(CometStateManager manager, List<Poller> pollers) {
        while (polling) {
            for (int i = 0; i < pollers.size(); i++) {
                if (!pollers.get(i).waiting) {
                    pollers.get(i).poll(manager);
                }
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
