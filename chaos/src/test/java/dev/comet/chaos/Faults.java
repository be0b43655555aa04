package dev.comet.chaos;

import dev.comet.redis.TestRedis;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Kills a node every few seconds and starts another in its place; at times two at once, never all.
 * Kills Redis twice, after a third and after two thirds of the time, whatever becomes of nodes
 * meanwhile. All of it is SIGKILL.
 */
final class Faults {

    private static final int REDIS_KILLS = 2;

    /** When a node was killed, and when Redis came back, for the last time. */
    record Last(long killNanos, long restartNanos) {}

    private interface Task {
        void run() throws InterruptedException;
    }

    private final Nodes nodes;
    private final TestRedis redis;
    private final Random forNodes;
    private final Random forRedis;
    private final Runnable redisDied;
    private final Findings findings;
    private final long lengthNanos;
    private final CountDownLatch end = new CountDownLatch(1);
    private final List<Thread> threads =
            List.of(thread("nodes", this::killNodes), thread("redis", this::killRedis));
    private final AtomicInteger nodeKills = new AtomicInteger();
    private final AtomicInteger redisKills = new AtomicInteger();
    private volatile long lastKillNanos = System.nanoTime();
    private volatile long lastRestartNanos = System.nanoTime();

    /**
     * @param redisDied is run before it comes back
     */
    Faults(
            Nodes nodes,
            TestRedis redis,
            Random random,
            Runnable redisDied,
            Findings findings,
            long lengthNanos) {
        this.nodes = nodes;
        this.redis = redis;
        this.forNodes = new Random(random.nextLong());
        this.forRedis = new Random(random.nextLong());
        this.redisDied = redisDied;
        this.findings = findings;
        this.lengthNanos = lengthNanos;
    }

    private Thread thread(String name, Task task) {
        return new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (InterruptedException | RuntimeException | AssertionError e) {
                        findings.add("the faults ended", e.toString());
                    }
                },
                "chaos-faults-" + name);
    }

    void start() {
        threads.forEach(Thread::start);
    }

    /** When this returns, Redis and all nodes are there, for good. */
    void stop() throws InterruptedException {
        end.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static int between(Random random, int least, int most) {
        return least + random.nextInt(most - least);
    }

    /** Returns whether this is the end. */
    private boolean waited(long millis) throws InterruptedException {
        return end.await(millis, TimeUnit.MILLISECONDS);
    }

    private void killNodes() throws InterruptedException {
        while (!waited(between(forNodes, 2_000, 5_000))) {
            int place = forNodes.nextInt(Nodes.COUNT);
            int second = (place + 1) % Nodes.COUNT;
            boolean two = forNodes.nextInt(5) == 0;
            kill(place);
            if (two) {
                kill(second);
            }
            waited(between(forNodes, 0, 1_500));
            nodes.restart(place);
            if (two) {
                nodes.restart(second);
            }
        }
    }

    private void kill(int place) {
        nodes.kill(place);
        nodeKills.incrementAndGet();
        lastKillNanos = System.nanoTime();
    }

    private void killRedis() throws InterruptedException {
        long begin = System.nanoTime();
        for (int i = 1; i <= REDIS_KILLS; i++) {
            long due = begin + lengthNanos / (REDIS_KILLS + 1) * i;
            if (waited(TimeUnit.NANOSECONDS.toMillis(due - System.nanoTime()))) {
                return;
            }
            redis.kill();
            redisDied.run();
            waited(between(forRedis, 200, 3_000));
            redis.startAgain();
            redisKills.incrementAndGet();
            lastRestartNanos = System.nanoTime();
        }
    }

    int nodeKills() {
        return nodeKills.get();
    }

    int redisKills() {
        return redisKills.get();
    }

    /** What excuses that an end is not told. */
    Last last() {
        return new Last(lastKillNanos, lastRestartNanos);
    }

    @Override
    public String toString() {
        return nodeKills + " nodes killed, Redis restarted " + redisKills + " times";
    }
}
