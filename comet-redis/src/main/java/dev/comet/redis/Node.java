package dev.comet.redis;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node as the others see it: there, for as long as it renews its lease. */
final class Node {

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    /** A connection whose other end is gone without a word looks as if Redis were slow. */
    private static final int FAILURES_OF_A_DEAD_CONNECTION = 3;

    private static final long PUT_OFF_MILLIS = 100;

    private final Connection connection;
    private final Duration lease;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "comet-redis-lease");
                        thread.setDaemon(true);
                        return thread;
                    });
    private final AtomicBoolean stopped = new AtomicBoolean();
    private volatile Runnable tellPutOff = () -> {};
    private int failures; // its thread's: since Redis has answered last
    private @Nullable Feed feed;

    Node(Connection connection, Duration lease) {
        this.connection = connection;
        this.lease = lease;
    }

    /** Whom the last ids are told. Before {@link #start}. */
    void feed(Feed feed) {
        this.feed = feed;
    }

    Reply renewLease() {
        long read = feed == null ? 0 : feed.position().own();
        return connection.runForNode(
                Script.LEASE, TimeUnit.NANOSECONDS.toMicros(lease.toNanos()), read);
    }

    /**
     * From now on the lease is renewed three times before it would end.
     *
     * @param tellPutOff what is told to the store every now and then
     */
    void start(Runnable tellPutOff) {
        this.tellPutOff = tellPutOff;
        Future<?> unusedToo =
                timer.scheduleWithFixedDelay(
                        this::tell, PUT_OFF_MILLIS, PUT_OFF_MILLIS, TimeUnit.MILLISECONDS);
        long pause = lease.toMillis() / 4;
        Future<?> unused =
                timer.scheduleWithFixedDelay(this::renewOrSay, pause, pause, TimeUnit.MILLISECONDS);
    }

    private void tell() {
        try {
            tellPutOff.run();
        } catch (Throwable e) {
            Quietly.debug(LOG, "Redis was not told what was put off; trying again", e);
        }
    }

    private void renewOrSay() {
        try {
            Feed.Position before = feed == null ? null : feed.position();
            Reply reply = renewLease();
            if (feed != null && before != null) {
                feed.lastIdsAre(reply.number(1), reply.number(2), before);
            }
            if (failures > 0) {
                failures = 0;
                LOG.info("Redis answers again");
            }
        } catch (Throwable e) {
            if (failures == 0 && !stopped.get()) {
                Quietly.warn(
                        LOG,
                        "Redis does not answer; what is held stays held, and is asked again",
                        e);
            }
            if (++failures % FAILURES_OF_A_DEAD_CONNECTION == 0 && !stopped.get()) {
                connection.renew();
            }
        }
    }

    /** Renews no more. Returns whether this call did it. */
    boolean stop() {
        boolean isFirst = stopped.compareAndSet(false, true);
        timer.shutdownNow();
        return isFirst;
    }

    /** Says to the others that it is gone. */
    void leave() {
        try {
            tellPutOff.run();
            connection.runForNode(Script.LEASE, 0, 0);
        } catch (RuntimeException e) {
            LOG.info("Redis was not told that this node goes; its lease ends by itself", e);
        }
    }
}
