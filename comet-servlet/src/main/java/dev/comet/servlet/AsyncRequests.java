package dev.comet.servlet;

import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one servlet that have gone asynchronous and that somebody may still write: the
 * container has not said yet that they have ended, and they have not been given up.
 *
 * <p>Safe for use by any number of threads; only {@link #await} blocks.
 */
final class AsyncRequests {

    private static final Logger LOG = LoggerFactory.getLogger(AsyncRequests.class);

    /** For a peer that does not read its answer. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Longer than the timeouts for writes that containers usually have. */
    private static final Duration STALL_TIMEOUT = Duration.ofMinutes(1);

    private final long stallNanos;
    private final AtomicInteger open = new AtomicInteger();

    /** Who stops the container: writes this, then reads open; whoever ends a request, reversely. */
    private volatile @Nullable Thread waiting;

    private final AtomicBoolean namedAsWrapping = new AtomicBoolean();
    private final AtomicBoolean namedAsAnswering = new AtomicBoolean();
    private volatile boolean destroyed;

    /** The classes of the first response that was wrapped, outermost first. */
    private volatile List<String> wrappers = List.of();

    AsyncRequests() {
        this(STALL_TIMEOUT);
    }

    /**
     * @param stallTimeout after how long without progress a long answer is dropped
     */
    AsyncRequests(Duration stallTimeout) {
        this.stallNanos = stallTimeout.toNanos();
    }

    /**
     * Runs the task after the stall timeout.
     *
     * @return completed by somebody before that, with false, it keeps the task from running
     */
    CompletableFuture<Boolean> stallTimer(Runnable task) {
        CompletableFuture<Boolean> timer = new CompletableFuture<>();
        CompletableFuture<Void> unused =
                timer.completeOnTimeout(true, stallNanos, TimeUnit.NANOSECONDS)
                        .thenAccept(
                                timeIsUp -> {
                                    if (timeIsUp) {
                                        task.run();
                                    }
                                });
        return timer;
    }

    int open() {
        return open.get();
    }

    void begun() {
        open.incrementAndGet();
    }

    void ended() {
        if (open.decrementAndGet() == 0) {
            LockSupport.unpark(waiting);
        }
    }

    /** Says once which filters do not see all answers. */
    void goRound(ServletResponse wrapper) {
        if (namedAsWrapping.getAndSet(true)) {
            return;
        }
        List<String> names = new ArrayList<>();
        ServletResponse next = wrapper;
        while (next instanceof ServletResponseWrapper wrapped) {
            names.add(next.getClass().getName());
            next = wrapped.getResponse();
        }
        wrappers = List.copyOf(names);
        LOG.info(
                "Filters wrap the response: {}. What is written after they have returned (held"
                        + " polls, streams, long answers) does not pass through them; the headers"
                        + " that they have set by then count. Exclude the path of the servlet from"
                        + " filters that must see every answer",
                names);
    }

    /** The context ends: from now on it is the container that ends requests, and no filter. */
    void servletDestroyed(boolean isDestroyed) {
        destroyed = isDestroyed;
    }

    /** Says once that a filter has ended held requests itself: their peers get nothing. */
    void answeredByFilter() {
        if (!destroyed && !namedAsAnswering.getAndSet(true)) {
            LOG.warn(
                    "A held request was answered by a filter when the servlet had returned, so that"
                            + " its peer gets nothing of what it waits for. Filters that wrap the"
                            + " response: {}. Have the filter write nothing if"
                            + " request.isAsyncStarted(), or exclude the path of the servlet",
                    wrappers);
        }
    }

    /** Waits for the drain, and until the container has ended the requests that it answered. */
    void await(CompletableFuture<Void> drained, Duration spread) {
        long start = System.nanoTime();
        long most = saturated(spread) + GRACE_NANOS;
        try {
            drained.get(most, TimeUnit.NANOSECONDS);
            awaitEnds(Math.min(GRACE_NANOS, most - (System.nanoTime() - start)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn(
                    "The drain did not end within {} and half a second; stopping all the same",
                    spread,
                    e);
        }
    }

    private void awaitEnds(long nanos) {
        long start = System.nanoTime();
        waiting = Thread.currentThread();
        for (long left = nanos;
                left > 0 && open.get() > 0 && !Thread.currentThread().isInterrupted();
                left = nanos - (System.nanoTime() - start)) {
            LockSupport.parkNanos(this, left);
        }
        waiting = null;
    }

    private static long saturated(Duration spread) {
        return spread.compareTo(Duration.ofDays(365)) < 0
                ? spread.toNanos()
                : TimeUnit.DAYS.toNanos(365);
    }
}
