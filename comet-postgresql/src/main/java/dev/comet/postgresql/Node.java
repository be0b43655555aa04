package dev.comet.postgresql;

import dev.comet.CometLimits;
import dev.comet.LogLimits;
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

    private final Database database;
    private final Duration lease;
    private final CometLimits limits;
    private final Runnable alsoDo;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        Thread thread = new Thread(task, "comet-postgresql-lease");
                        thread.setDaemon(true);
                        return thread;
                    });
    private final AtomicBoolean stopped = new AtomicBoolean();
    private boolean fails; // its thread's

    /**
     * @param alsoDo whenever the lease is renewed
     */
    Node(Database database, Duration lease, CometLimits limits, Runnable alsoDo) {
        this.database = database;
        this.lease = lease;
        this.limits = limits;
        this.alsoDo = alsoDo;
    }

    /** From now on the lease is renewed three times before it would end. */
    void start() {
        renewLease();
        long pause = lease.toMillis() / 4;
        Future<?> unused =
                timer.scheduleWithFixedDelay(this::renewOrSay, pause, pause, TimeUnit.MILLISECONDS);
    }

    private void renewLease() {
        LogLimits own = limits.clientLog();
        LogLimits shared = limits.sharedLog();
        database.call(
                "lease",
                TimeUnit.NANOSECONDS.toMicros(lease.toNanos()),
                limits.maxClients(),
                limits.maxGroups(),
                limits.maxGroupsPerClient(),
                limits.maxTotalBytes(),
                limits.overflow().name(),
                own.maxMessages(),
                own.maxBytes(),
                ageInMicros(own),
                shared.maxMessages(),
                shared.maxBytes(),
                ageInMicros(shared));
    }

    private static @Nullable Long ageInMicros(LogLimits log) {
        return log.maxAge().equals(LogLimits.ANY_AGE)
                ? null
                : Math.max(1, TimeUnit.NANOSECONDS.toMicros(log.maxAge().toNanos()));
    }

    private void renewOrSay() {
        try {
            renewLease();
            alsoDo.run();
            if (fails) {
                LOG.info("PostgreSQL answers again");
            }
            fails = false;
        } catch (Throwable e) {
            if (!fails && !stopped.get()) {
                LOG.warn("PostgreSQL fails; what is held stays held, and is asked again", e);
            }
            fails = true;
        }
    }

    /** Renews no more. Returns whether this call did it. */
    boolean stop() {
        timer.shutdownNow();
        return stopped.compareAndSet(false, true);
    }

    /** Says to the others that it is gone. */
    void leave() {
        try {
            database.call("go");
        } catch (RuntimeException e) {
            LOG.info("PostgreSQL was not told that this node goes; its lease ends by itself", e);
        }
    }
}
