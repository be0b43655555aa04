package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometAnswer;
import dev.comet.CometClient;
import dev.comet.CometMessage;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.ManualClock;
import dev.comet.testkit.internal.RecordedAnswers.Request;
import dev.comet.testkit.internal.SharedStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;

/** Clients that change node with every request, while messages come at both. */
@Timeout(120)
class TwoNodesRaceTest {

    private static final int CLIENTS = 6;
    private static final int SENDS = 400;
    private static final String END = "end";

    private final SharedStore store = new SharedStore(new InProcCometStateProvider());
    private final ManualClock clock = new ManualClock();
    private final List<Server> servers = new ArrayList<>();
    private final List<ExecutorService> feeds = new ArrayList<>();
    private final Map<CometClient, List<Long>> sent = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

    /** A feed that is late at times, and keeps its order. */
    private Server start(long seed) {
        SharedStore.Node node = store.node();
        ExecutorService feed = Executors.newSingleThreadExecutor();
        Random random = new Random(seed);
        feeds.add(feed);
        node.hearsBy(
                news ->
                        feed.execute(
                                () -> {
                                    if (random.nextInt(8) == 0) {
                                        LockSupport.parkNanos(random.nextInt(2_000_000));
                                    }
                                    news.run();
                                }));
        return new Server(node, clock, 2, options -> options);
    }

    @RepeatedTest(3)
    @DisplayName("P2 P6 clients that change node at every request lose and repeat nothing")
    void poll_nodeChangesEachTime_losesAndRepeatsNothing(RepetitionInfo repetition)
            throws Exception {
        long seed = repetition.getCurrentRepetition();
        servers.add(start(seed));
        servers.add(start(seed + 1_000));
        try {
            List<CometClient> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                CometClient client = servers.get(i % 2).client("client-" + i);
                servers.get((i + 1) % 2).manager.joinGroup(client, "room");
                clients.add(client);
                sent.put(client, new ArrayList<>());
            }
            List<Thread> threads = new ArrayList<>();
            for (CometClient client : clients) {
                threads.add(thread(() -> receive(client, new Random(seed + client.hashCode()))));
            }
            threads.forEach(Thread::start);
            send(clients, new Random(seed));
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(30));
                assertThat(thread.isAlive()).as("somebody waits in vain").isFalse();
            }
            assertThat(failures).isEmpty();
            for (Server server : servers) {
                server.settle();
            }
        } finally {
            servers.forEach(Server::close);
            feeds.forEach(ExecutorService::shutdownNow);
        }
        for (Server server : servers) {
            server.answers.assertEachAnsweredOnce();
        }
    }

    private Thread thread(Runnable work) {
        return new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                });
    }

    private void send(List<CometClient> clients, Random random) {
        for (int i = 0; i < SENDS; i++) {
            Server here = servers.get(random.nextInt(2));
            CometClient one = clients.get(random.nextInt(CLIENTS));
            switch (random.nextInt(4)) {
                case 0 -> to(clients, here.manager.sendToAll("n", i));
                case 1 -> to(clients, here.manager.sendToGroup("room", "n", i));
                default -> to(List.of(one), here.manager.sendMessage(one, "n", i));
            }
            if (random.nextInt(3) == 0) {
                LockSupport.parkNanos(random.nextInt(500_000));
            }
        }
        to(clients, servers.get(0).manager.sendToAll(END, 1));
    }

    private void to(List<CometClient> clients, long id) {
        clients.forEach(client -> sent.get(client).add(id));
    }

    private void receive(CometClient client, Random random) {
        List<Long> received = new ArrayList<>();
        boolean ended = false;
        while (!ended) {
            long cursor = received.isEmpty() ? 0 : received.get(received.size() - 1);
            Request newest = servers.get(random.nextInt(2)).poll(client, cursor);
            if (random.nextInt(3) == 0) { // it gives that one up
                newest = servers.get(random.nextInt(2)).poll(client, cursor);
            }
            CometAnswer answer = newest.await();
            if (answer.outcome() != CometAnswer.Outcome.MESSAGES) {
                throw new AssertionError(client + " got " + answer + ", " + answer.error());
            }
            if (!answer.batch().gaps().isEmpty()) {
                throw new AssertionError(client + " got " + answer.batch().gaps());
            }
            for (CometMessage message : answer.batch().messages()) {
                received.add(message.messageId());
                ended |= message.name().equals(END);
            }
        }
        if (!received.equals(sent.get(client))) {
            throw new AssertionError(client + " got other messages than were sent to it");
        }
    }
}
