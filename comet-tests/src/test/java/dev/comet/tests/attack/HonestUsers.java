package dev.comet.tests.attack;

import dev.comet.client.Comet;
import dev.comet.client.CometMessage;
import dev.comet.client.CometOptions;
import dev.comet.tests.held.Samples;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Two users that were there before the attack, and newcomers. One has its messages echoed ten times
 * a second, and asks the other something twice a second; each second somebody new connects.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what comes of them is counted
final class HonestUsers implements AutoCloseable {

    private static final long ECHO_MILLIS = 100;
    private static final long ASK_MILLIS = 500;
    private static final long CONNECT_MILLIS = 1_000;
    private static final long PATIENCE_SECONDS = 10;

    private final Target target;
    private final Comet asking;
    private final Comet replying;
    private final ScheduledExecutorService pace = Executors.newScheduledThreadPool(2);

    private final AtomicLong sent = new AtomicLong();
    private final Set<Long> accepted = ConcurrentHashMap.newKeySet();
    private final Set<Long> arrived = ConcurrentHashMap.newKeySet();
    private final AtomicLong twice = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong newcomers = new AtomicLong();
    private final AtomicLong admitted = new AtomicLong();

    /** When each echo was sent that has not arrived yet. */
    private final Map<Long, Long> underWay = new ConcurrentHashMap<>();

    /** Those that have arrived since {@link #seen} was last asked. */
    private final Queue<Echo> echoes = new ConcurrentLinkedQueue<>();

    private record Echo(long sentAt, long nanos) {}

    HonestUsers(Target target) {
        this.target = target;
        asking = connect().join();
        replying = connect().join();
        asking.on("echo", this::echoed);
        replying.on("asked", message -> message.reply("yes"));
    }

    private CompletableFuture<Comet> connect() {
        return Comet.connect(
                        target.uri(""),
                        Map.of(),
                        CometOptions.builder().connectAgain(false).build())
                .toCompletableFuture();
    }

    /** Begins; {@link #close} ends it. */
    void begin() {
        pace.scheduleAtFixedRate(this::echo, 0, ECHO_MILLIS, TimeUnit.MILLISECONDS);
        pace.scheduleAtFixedRate(this::ask, 0, ASK_MILLIS, TimeUnit.MILLISECONDS);
        pace.scheduleAtFixedRate(this::newcomer, 0, CONNECT_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void echo() {
        long number = sent.incrementAndGet();
        underWay.put(number, System.nanoTime());
        asking.send("echo", number)
                .whenComplete(
                        (reply, failure) -> {
                            if (failure == null) {
                                accepted.add(number);
                            } else {
                                underWay.remove(number);
                            }
                            count(failure);
                        });
    }

    private void echoed(CometMessage message) {
        long number = message.contents().longValue();
        if (!arrived.add(number)) {
            twice.incrementAndGet();
        }
        Long sentAt = underWay.remove(number);
        if (sentAt != null) {
            echoes.add(new Echo(sentAt, System.nanoTime() - sentAt));
        }
    }

    private void ask() {
        asking.request("ask", replying.publicToken())
                .whenComplete((reply, failure) -> count(failure));
    }

    private void newcomer() {
        newcomers.incrementAndGet();
        connect()
                .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .whenComplete(
                        (comet, failure) -> {
                            if (failure == null) {
                                admitted.incrementAndGet();
                                comet.disconnect();
                            }
                        });
    }

    private void count(Throwable failure) {
        if (failure != null && refused.incrementAndGet() == 1) {
            System.err.println(
                    "refused: "
                            + (failure instanceof CompletionException
                                    ? failure.getCause()
                                    : failure));
        }
    }

    /**
     * What they have seen since this was last asked. An echo belongs to the time when it was sent:
     * those that are still under way are waited for, and those of the time before are left out.
     *
     * @param ready when the attacker began to get ready, in nanoseconds
     * @param begun when it began to attack
     */
    Seen seen(long ready, long begun) throws InterruptedException {
        long end = System.nanoTime();
        Seen seen =
                new Seen(
                        new Samples(),
                        new Samples(),
                        refused.getAndSet(0),
                        twice.getAndSet(0),
                        newcomers.getAndSet(0),
                        admitted.getAndSet(0));
        while (underWay.values().stream().anyMatch(at -> at - end < 0)
                && System.nanoTime() - end < TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
        for (Echo echo = echoes.poll(); echo != null; echo = echoes.poll()) {
            if (echo.sentAt() - ready >= 0 && echo.sentAt() - end < 0) {
                (echo.sentAt() - begun < 0 ? seen.early() : seen.echoes()).add(echo.nanos());
            }
        }
        return seen;
    }

    /**
     * @param early from send to arrival, of the echoes that were sent while the attacker got ready
     * @param echoes of those that were sent afterwards
     * @param refused sends and requests that failed
     * @param twice echoes that had arrived before
     * @param newcomers who tried to connect
     * @param admitted who did
     */
    record Seen(
            Samples early,
            Samples echoes,
            long refused,
            long twice,
            long newcomers,
            long admitted) {}

    /** Sends no more, and waits for what was accepted. Returns how many never arrived. */
    int lost() throws InterruptedException {
        pace.shutdownNow();
        pace.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!arrived.containsAll(accepted) && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
        accepted.removeAll(arrived);
        return accepted.size();
    }

    @Override
    public void close() {
        pace.shutdownNow();
        asking.close();
        replying.close();
    }
}
